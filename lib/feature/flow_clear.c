/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/flow_clear.h"

#include "feature/flow_names.h"

#include <lapwing/handshake.h>

#include <math.h>

static float seen(int64_t fact)
{
    return fact == LW_NOT_SEEN ? NAN : (float)fact;
}

static void fill_tls(const struct lw_tls_facts *t, float *v)
{
    v[FLOW_tls_hello_bytes] = seen(t->client_hello_bytes);
    v[FLOW_tls_offered_version] = seen(t->max_version);
    v[FLOW_tls_ciphers] = seen(t->n_ciphers);
    v[FLOW_tls_extensions] = seen(t->n_extensions);
    v[FLOW_tls_groups] = seen(t->n_groups);
    v[FLOW_tls_signatures] = seen(t->n_signatures);
    v[FLOW_tls_alpn] = seen(t->n_alpn);
    v[FLOW_tls_server_name_bytes] = seen(t->server_name_bytes);
    v[FLOW_tls_grease] = seen(t->has_grease);
    v[FLOW_tls_offers_resumption] = seen(t->offers_resumption);
    v[FLOW_tls_version] = seen(t->version);
    v[FLOW_tls_server_extensions] = seen(t->n_server_extensions);
    v[FLOW_tls_resumed] = seen(t->is_resumed);
    v[FLOW_tls_certificate_bytes] = seen(t->certificate_bytes);
}

static void fill_ssh(const struct lw_ssh_facts *s, float *v)
{
    v[FLOW_ssh_client_software_bytes] = seen(s->software_bytes[0]);
    v[FLOW_ssh_client_kexinit_bytes] = seen(s->kexinit_bytes[0]);
    v[FLOW_ssh_client_ciphers] = seen(s->n_ciphers[0]);
    v[FLOW_ssh_server_software_bytes] = seen(s->software_bytes[1]);
    v[FLOW_ssh_server_kexinit_bytes] = seen(s->kexinit_bytes[1]);
    v[FLOW_ssh_server_ciphers] = seen(s->n_ciphers[1]);
}

static void fill_quic(const struct lw_quic_facts *q, float *v)
{
    v[FLOW_quic_version] = seen(q->version[0]);
    v[FLOW_quic_id_bytes] = seen(q->to_id_bytes[0]);
    v[FLOW_quic_token_bytes] = seen(q->token_bytes);
    v[FLOW_quic_datagram_bytes] = seen(q->datagram_bytes[0]);
}

void flow_clear_fill(const struct lw_record *rec, float *own)
{
    const struct lw_handshake *h = rec->handshake;

    own[FLOW_app] = (float)rec->app;
    if (h == NULL)
        return;
    if (h->app == LW_APP_TLS)
        fill_tls(&h->tls, own);
    else if (h->app == LW_APP_SSH)
        fill_ssh(&h->ssh, own);
    else if (h->app == LW_APP_QUIC)
        fill_quic(&h->quic, own);
}
