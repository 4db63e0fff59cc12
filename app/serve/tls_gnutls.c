/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one user of GnuTLS beside libmicrohttpd, which is linked with the same one.
 *
 * A handshake borrows certificate and key from the moment that retrieve() has named
 * them, and does not say when it is done with them.  So a pair that was replaced is
 * kept for as long as a handshake can take (RETIRED_S), and goes at the next
 * replacement.
 */
#include "serve/tls.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"

#include <lapwing/log.h>

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX = 1024 * 1024, CHAIN_MAX = 16, ID_MAX = 64, WARN_DAYS = 14 };

/* --idle-timeout is an hour at most. */
enum { RETIRED_S = 2 * 3600 };

struct tls_files {
    struct buf cert; /* PEM, the server's certificate first; as text */
    struct buf key;  /* PEM */
};

struct pair {
    struct pair *older; /* owned */
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned n_chain;
    gnutls_privkey_t key;
    time_t retired; /* on the monotonic clock */
};

struct tls {
    char *cert_path; /* owned, as the next */
    char *key_path;
    pthread_mutex_t lock;
    struct pair *pairs; /* owned; under `lock`; the first is in use */
};

/* libmicrohttpd hands retrieve() nothing of ours. */
static struct tls *in_use;

static enum lw_status read_file(struct buf *out, const char *path, bool secret,
                                struct lw_error *err)
{
    FILE *f = fopen(path, "re");
    struct stat info;
    char piece[4096];
    size_t n;
    enum lw_status st = LW_OK;

    if (f == NULL)
        return lw_fail(err, LW_EIO, "%s: %s", path, strerror(errno));
    if (fstat(fileno(f), &info) == 0 && secret && (info.st_mode & S_IROTH) != 0)
        lw_log(LW_LOG_WARNING, "%s: others can read this key; chmod o= %s", path, path);
    while (out->len <= FILE_MAX && (n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(out, piece, n);
    if (ferror(f) != 0)
        st = lw_fail(err, LW_EIO, "%s: %s", path, strerror(errno));
    else if (!buf_ok(out))
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    else if (out->len == 0 || out->len > FILE_MAX ||
             memchr(out->data, '\0', out->len) != NULL)
        st = lw_fail(err, LW_EFORMAT, "%s: expected a PEM file", path);
    explicit_bzero(piece, sizeof piece);
    (void)fclose(f);
    return st;
}

static gnutls_datum_t datum_of(const struct buf *b)
{
    return (gnutls_datum_t){(unsigned char *)b->data, (unsigned)b->len};
}

/* ---- the pair -------------------------------------------------------------------- */

static enum lw_status read_key(gnutls_x509_privkey_t *key, const struct buf *text,
                               const char *path, struct lw_error *err)
{
    const gnutls_datum_t pem = datum_of(text);
    int failure;

    if (strstr(buf_text(text), "ENCRYPTED") != NULL)
        return lw_fail(err, LW_EFORMAT,
                       "%s: the key is locked by a password; 'openssl pkey -in %s -out "
                       "NEW' unlocks it",
                       path, path);
    if (gnutls_x509_privkey_init(key) < 0)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    failure = gnutls_x509_privkey_import2(*key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (failure < 0)
        return lw_fail(err, LW_EFORMAT, "%s: no private key in PEM: %s", path,
                       gnutls_strerror(failure));
    return LW_OK;
}

static void day_text(time_t t, char out[16])
{
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&t, &tm) != NULL)
        (void)strftime(out, 16, "%Y-%m-%d", &tm);
}

static void warn_of_time(gnutls_x509_crt_t cert, const char *path)
{
    time_t now = time(NULL);
    time_t from = gnutls_x509_crt_get_activation_time(cert);
    time_t to = gnutls_x509_crt_get_expiration_time(cert);
    char day[16];

    day_text(now < from ? from : to, day);
    if (now < from)
        lw_log(LW_LOG_WARNING, "%s: the certificate is good from %s on only", path,
               day);
    else if (now >= to)
        lw_log(LW_LOG_WARNING,
               "%s: the certificate has expired on %s; clients will refuse it", path,
               day);
    else if (to - now < WARN_DAYS * 86400)
        lw_log(LW_LOG_WARNING, "%s: the certificate expires on %s", path, day);
}

/* The first certificate is the server's. */
static enum lw_status check_pair(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key,
                                 const char *cert_path, const char *key_path,
                                 struct lw_error *err)
{
    unsigned char of_cert[ID_MAX];
    unsigned char of_key[ID_MAX];
    size_t n_cert = sizeof of_cert;
    size_t n_key = sizeof of_key;

    if (gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, of_cert, &n_cert) <
            0 ||
        gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, of_key, &n_key) <
            0)
        return lw_fail(err, LW_EFORMAT, "%s, %s: keys of a kind that is not known here",
                       cert_path, key_path);
    if (n_cert != n_key || memcmp(of_cert, of_key, n_cert) != 0)
        return lw_fail(err, LW_EMISMATCH,
                       "%s: the key is not that of the first certificate in %s",
                       key_path, cert_path);
    warn_of_time(cert, cert_path);
    return LW_OK;
}

static enum lw_status check(const struct tls_files *files, const char *cert_path,
                            const char *key_path, struct lw_error *err)
{
    const gnutls_datum_t pem = datum_of(&files->cert);
    gnutls_x509_crt_t chain[CHAIN_MAX] = {NULL};
    gnutls_x509_privkey_t key = NULL;
    unsigned n = CHAIN_MAX;
    int failure = gnutls_x509_crt_list_import(chain, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
    enum lw_status st;

    if (failure <= 0)
        return lw_fail(err, LW_EFORMAT, "%s: no certificate in PEM: %s", cert_path,
                       gnutls_strerror(failure));
    st = read_key(&key, &files->key, key_path, err);
    if (st == LW_OK)
        st = check_pair(chain[0], key, cert_path, key_path, err);
    if (key != NULL)
        gnutls_x509_privkey_deinit(key);
    for (int i = 0; i < failure; i++)
        gnutls_x509_crt_deinit(chain[i]);
    return st;
}

static void files_release(struct tls_files *files)
{
    if (files->key.data != NULL)
        explicit_bzero(files->key.data, files->key.len);
    buf_release(&files->key);
    buf_release(&files->cert);
}

/* On failure there is nothing to release. */
static enum lw_status files_load(struct tls_files *out, const char *cert_path,
                                 const char *key_path, struct lw_error *err)
{
    enum lw_status st;

    buf_init(&out->cert);
    buf_init(&out->key);
    st = read_file(&out->cert, cert_path, false, err);
    if (st == LW_OK)
        st = read_file(&out->key, key_path, true, err);
    if (st == LW_OK)
        st = check(out, cert_path, key_path, err);
    if (st != LW_OK)
        files_release(out);
    return st;
}

/* ---- for handshakes -------------------------------------------------------------- */

static void pair_free(struct pair *p)
{
    if (p == NULL)
        return;
    for (unsigned i = 0; i < p->n_chain; i++)
        gnutls_pcert_deinit(&p->chain[i]);
    if (p->key != NULL)
        gnutls_privkey_deinit(p->key);
    mem_free(p);
}

/* Of files that were checked. */
static enum lw_status pair_new(struct pair **out, const struct tls_files *files,
                               struct lw_error *err)
{
    const gnutls_datum_t cert = datum_of(&files->cert);
    const gnutls_datum_t key = datum_of(&files->key);
    struct pair *p = mem_zalloc(1, sizeof *p);
    unsigned n = CHAIN_MAX;
    int failure;

    if (p == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    failure =
        gnutls_pcert_list_import_x509_raw(p->chain, &n, &cert, GNUTLS_X509_FMT_PEM, 0);
    if (failure >= 0) {
        p->n_chain = n;
        failure = gnutls_privkey_init(&p->key);
    }
    if (failure >= 0)
        failure =
            gnutls_privkey_import_x509_raw(p->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (failure < 0) {
        pair_free(p);
        return lw_fail(err, LW_EFORMAT, "certificate and key are of no use: %s",
                       gnutls_strerror(failure));
    }
    *out = p;
    return LW_OK;
}

static time_t mono_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* From now on `p` is in use; those that nobody can be using any more are freed. */
static void put_in_use(struct tls *t, struct pair *p)
{
    time_t now = mono_s();
    struct pair **at = &t->pairs;

    (void)pthread_mutex_lock(&t->lock);
    if (t->pairs != NULL)
        t->pairs->retired = now;
    while (*at != NULL && now - (*at)->retired < RETIRED_S)
        at = &(*at)->older;
    for (struct pair *old = *at; old != NULL;) {
        struct pair *older = old->older;

        pair_free(old);
        old = older;
    }
    *at = NULL;
    p->older = t->pairs;
    t->pairs = p;
    (void)pthread_mutex_unlock(&t->lock);
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *issuers,
                    int n_issuers, const gnutls_pk_algorithm_t *algos, int n_algos,
                    gnutls_pcert_st **chain, unsigned *n_chain, gnutls_privkey_t *key)
{
    struct tls *t = in_use;

    (void)session;
    (void)issuers;
    (void)n_issuers;
    (void)algos;
    (void)n_algos;
    (void)pthread_mutex_lock(&t->lock);
    *chain = t->pairs->chain;
    *n_chain = t->pairs->n_chain;
    *key = t->pairs->key;
    (void)pthread_mutex_unlock(&t->lock);
    return 0;
}

tls_retrieve_fn tls_retrieve(const struct tls *t)
{
    LW_ASSERT(t == in_use);
    return (tls_retrieve_fn)retrieve;
}

enum lw_status tls_reload(struct tls *t, struct lw_error *err)
{
    struct tls_files files;
    struct pair *p = NULL;
    enum lw_status st = files_load(&files, t->cert_path, t->key_path, err);

    if (st != LW_OK)
        return st;
    st = pair_new(&p, &files, err);
    files_release(&files);
    if (st == LW_OK)
        put_in_use(t, p);
    return st;
}

enum lw_status tls_new(struct tls **out, const char *cert_path, const char *key_path,
                       struct lw_error *err)
{
    struct tls *t = mem_zalloc(1, sizeof *t);
    enum lw_status st = LW_OK;

    LW_ASSERT(in_use == NULL);
    if (t == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    (void)pthread_mutex_init(&t->lock, NULL);
    in_use = t;
    t->cert_path = mem_strdup(cert_path);
    t->key_path = mem_strdup(key_path);
    if (t->cert_path == NULL || t->key_path == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st == LW_OK)
        st = tls_reload(t, err);
    if (st != LW_OK) {
        tls_free(t);
        return st;
    }
    *out = t;
    return LW_OK;
}

void tls_free(struct tls *t)
{
    if (t == NULL)
        return;
    for (struct pair *p = t->pairs; p != NULL;) {
        struct pair *older = p->older;

        pair_free(p);
        p = older;
    }
    (void)pthread_mutex_destroy(&t->lock);
    mem_free(t->cert_path);
    mem_free(t->key_path);
    mem_free(t);
    in_use = NULL;
}
