/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/view.c - the registry of views.
 *
 * The tables are made from kdd.def, netflow.def and flow.def at compile time; kdd31 is
 * the subset of kdd's rows that are marked with their place in the classify request, so
 * that a definition is written once.
 */
#include "base/assert.h"
#include "base/digest.h"
#include "feature/flow_names.h"
#include "feature/kdd_names.h"
#include "feature/netflow_names.h"

#include <lapwing/view.h>

#include <stdbool.h>
#include <string.h>

/* Raised when a definition changes its meaning without changing its row's name. */
enum {
    KDD_VERSION = 2,
    NETFLOW_VERSION = 2,
    FLOW_VERSION = 1,
    NETFLOW_HOST_VERSION = 0
};

#define NAME_TEXT(name, text)  text,
#define NAME_NAME(name, error) #name,

static const char *const protocol_names[] = {KDD_PROTOCOL_LIST(NAME_TEXT)};
static const char *const flag_names[] = {KDD_FLAG_LIST(NAME_NAME)};
static const char *const service_names[] = {
#define KDD_TCP(name, port) #name,
#define KDD_UDP(name, port) #name,
#define KDD_NO_PORT(name)   #name,
#include "feature/kdd_service.def"
#undef KDD_TCP
#undef KDD_UDP
#undef KDD_NO_PORT
};

static const char *const netflow_protocol_names[] = {NETFLOW_PROTOCOL_LIST(NAME_TEXT)};
static const char *const netflow_state_names[] = {NETFLOW_STATE_LIST(NAME_TEXT)};
static const char *const netflow_conn_names[] = {NETFLOW_CONN_LIST(NAME_TEXT)};
static const char *const netflow_service_names[] = {NETFLOW_SERVICE_LIST(NAME_TEXT)};
static const char *const netflow_direction_names[] = {LW_DIR_LIST(NAME_TEXT)};

static const char *const flow_conn_names[] = {LW_CONN_LIST(NAME_TEXT)};
static const char *const flow_app_names[] = {LW_APP_LIST(NAME_TEXT)};

/* What the columns of the .def files stand for. */
#define TASK "KDD Cup 1999, task description; Stolfo et al. (2000), table 2"
#define LEE  "Lee and Stolfo (2000), ACM TISSEC 3(4), host-based traffic features"
#define CTU  "CTU-13 (Garcia et al. 2014), Argus ra(1)"
#define CIC  "CICFlowMeter (Lashkari et al. 2017), corrected: docs/cic-features.md"

/* The flow view's. */
#define LAPWING   "Lapwing"
#define ZEEK_CONN "Zeek, conn.log: conn_state"
#define RFC_TCP   "RFC 9293, 3.8"
#define RFC_LOSS  "RFC 5681, 2"
#define RFC_TLS   "RFC 8446, 4.1"
#define RFC_SSH   "RFC 4253, 4.2 and 7.1"
#define RFC_QUIC  "RFC 9000, 17.2"
#define PTACEK    "Ptacek and Newsham (1998), insertion and evasion"
#define ENTROPY   "Shannon (1948)"
#define BERNAILLE "Bernaille et al. (2006), ACM CCR 36(2), the first packets of a flow"
#define OWN       "docs/netflow-view.md"
#define KITSUNE   "Mirsky et al. (2018), Kitsune, damped incremental statistics"

#define UNAVAILABLE LW_EVIDENCE_UNAVAILABLE
#define MEASURED    LW_EVIDENCE_MEASURED
#define DERIVED     LW_EVIDENCE_DERIVED

#define KIND_NUMBER            NULL, LW_FEATURE_NUMBER, 0
#define KIND_LIST(names)       names, LW_FEATURE_CATEGORY, sizeof(names) / sizeof(names)[0]
#define KIND_PROTOCOL          KIND_LIST(protocol_names)
#define KIND_SERVICE           KIND_LIST(service_names)
#define KIND_FLAG              KIND_LIST(flag_names)
#define KIND_NETFLOW_PROTOCOL  KIND_LIST(netflow_protocol_names)
#define KIND_NETFLOW_STATE     KIND_LIST(netflow_state_names)
#define KIND_NETFLOW_CONN      KIND_LIST(netflow_conn_names)
#define KIND_NETFLOW_SERVICE   KIND_LIST(netflow_service_names)
#define KIND_NETFLOW_DIRECTION KIND_LIST(netflow_direction_names)

#define KIND_FLOW_CONN KIND_LIST(flow_conn_names)
#define KIND_FLOW_APP  KIND_LIST(flow_app_names)

#define ROW(name, alias, kind, unit, doc, source, words, packets, binetflow, zeek)     \
    {                                                                                  \
#name, alias, unit, doc, source, words, KIND_##kind,                           \
        {                                                                              \
            [LW_SOURCE_PACKETS] = (packets), [LW_SOURCE_BINETFLOW] = (binetflow),      \
            [LW_SOURCE_ZEEK] = (zeek)                                                  \
        }                                                                              \
    }

static const struct lw_feature kdd_features[] = {
#define KDD31(pos, ...) ROW(__VA_ARGS__),
#define KDD(...)        ROW(__VA_ARGS__),
#include "feature/kdd.def"
#undef KDD31
#undef KDD
};

static const struct lw_feature kdd31_features[] = {
#define KDD31(pos, ...) [pos] = ROW(__VA_ARGS__),
#define KDD(...)
#include "feature/kdd.def"
#undef KDD31
#undef KDD
};

static const struct lw_feature netflow_features[] = {
#define NETFLOW(name, alias, kind, unit, doc, words, ...)                              \
    ROW(name, alias, kind, unit, doc, CTU, words, __VA_ARGS__),
#include "feature/netflow.def"
#undef NETFLOW
};

#define STAT_ROW(name, alias, unit, doc, source, words)                                \
    ROW(name, alias, NUMBER, unit, doc, source, words, MEASURED, UNAVAILABLE,          \
        UNAVAILABLE),
#define PAST_ROW(name, unit, doc, words, half_life)                                    \
    ROW(name, "", NUMBER, unit, doc "; half-life " half_life, KITSUNE,                 \
        words " (half-life " half_life ")", DERIVED, DERIVED, DERIVED),

static const struct lw_feature flow_features[] = {
#define FLOW(...) ROW(__VA_ARGS__),
#define STAT(...) STAT_ROW(__VA_ARGS__)
#define FIRST(i)                                                                       \
    STAT_ROW(packet_##i, "", "bytes",                                                  \
             "IP length of packet " #i " of the flow, below 0 when it came back; of "  \
             "what is not IP the frame",                                               \
             BERNAILLE, "packet " #i " has %s")
#define PAST(name, unit, doc, words)                                                   \
    PAST_ROW(name##_1s, unit, doc, words, "1 s")                                       \
    PAST_ROW(name##_10s, unit, doc, words, "10 s")                                     \
    PAST_ROW(name##_60s, unit, doc, words, "60 s")                                     \
    PAST_ROW(name##_600s, unit, doc, words, "600 s")
#include "feature/flow.def"
#undef FLOW
#undef STAT
#undef FIRST
#undef PAST
};

/* A change of netflow is one of netflow_host. */
static const struct lw_feature netflow_host_features[] = {
#define NETFLOW(name, alias, kind, unit, doc, words, ...)                              \
    ROW(name, alias, kind, unit, doc, CTU, words, __VA_ARGS__),
#include "feature/netflow.def"
#undef NETFLOW
#define PAST(name, unit, doc, words)                                                   \
    PAST_ROW(name##_10s, unit, doc, words, "10 s")                                     \
    PAST_ROW(name##_60s, unit, doc, words, "60 s")                                     \
    PAST_ROW(name##_600s, unit, doc, words, "600 s")
#define HOST(name, unit, doc, words)                                                   \
    ROW(name, "", NUMBER, unit, doc, OWN, words, DERIVED, DERIVED, DERIVED),
#include "feature/netflow_host.def"
#undef PAST
#undef HOST
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct lw_view views[] = {
    {"kdd", "the 41 features of KDD Cup 1999", KDD_VERSION, COUNT(kdd_features),
     kdd_features},
    {"kdd31", "the 31 of them that the classify request carries, in its order",
     KDD_VERSION, COUNT(kdd31_features), kdd31_features},
    {"netflow", "what a flow record alone gives, CTU-13 style", NETFLOW_VERSION,
     COUNT(netflow_features), netflow_features},
    {"flow", "statistics of a flow's packets, and what its hosts did lately",
     FLOW_VERSION, COUNT(flow_features), flow_features},
    {"netflow_host", "view netflow, and the flow against the recent past of its hosts",
     NETFLOW_VERSION + NETFLOW_HOST_VERSION, COUNT(netflow_host_features),
     netflow_host_features},
};

const struct lw_view *lw_view_get(const char *name)
{
    for (size_t i = 0; i < COUNT(views); i++) {
        if (strcmp(views[i].name, name) == 0)
            return &views[i];
    }
    return NULL;
}

const struct lw_view *lw_view_at(size_t i)
{
    return i < COUNT(views) ? &views[i] : NULL;
}

/* The first letter that counts in a spelling, in lower case; 0 at the end of a word. */
static int letter_at(const char **p)
{
    int c;

    *p += strspn(*p, "_");
    c = (unsigned char)**p;
    if (c == ' ')
        return '\0';
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Equal but for case and underscores: src_bytes, srcbytes, SrcBytes.  `a` ends at a
 * blank too, so that one of several words can be compared in place. */
static bool same_spelling(const char *a, const char *b)
{
    for (;; a++, b++) {
        int x = letter_at(&a);
        int y = letter_at(&b);

        if (x != y || x == '\0')
            return x == y;
    }
}

static bool word_in_list(const char *list, const char *name)
{
    for (const char *word = list; *word != '\0';) {
        if (same_spelling(word, name))
            return true;
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    return false;
}

int lw_view_find(const struct lw_view *view, const char *name)
{
    for (int i = 0; i < view->n_features; i++) {
        const struct lw_feature *f = &view->features[i];

        if (same_spelling(f->name, name) || word_in_list(f->alias, name))
            return i;
    }
    return -1;
}

float lw_feature_category(const struct lw_feature *f, const char *name)
{
    for (unsigned i = 0; i < f->n_categories; i++) {
        if (strcmp(f->categories[i], name) == 0)
            return (float)i;
    }
    return LW_CAT_UNSEEN;
}

/*
 * What is hashed, integers little-endian, a text as u16 length and bytes:
 *
 *     text  view name
 *     u32   version
 *     u16   number of features, then for each:
 *     text  name
 *     u8    type (enum lw_feature_type)
 *     u16   number of categories, then their names as texts
 *
 * Built in one buffer of fixed size, so that hashing cannot fail.
 */
struct serial {
    uint8_t bytes[16384];
    size_t n;
};

static void serial_int(struct serial *s, uint32_t v, unsigned n_bytes)
{
    LW_ASSERT(s->n + n_bytes <= sizeof s->bytes);
    for (unsigned i = 0; i < n_bytes; i++)
        s->bytes[s->n++] = (uint8_t)(v >> (8 * i));
}

static void serial_text(struct serial *s, const char *text)
{
    size_t n = strlen(text);

    serial_int(s, (uint32_t)n, 2);
    LW_ASSERT(n <= sizeof s->bytes - s->n);
    memcpy(s->bytes + s->n, text, n);
    s->n += n;
}

void lw_view_hash(const struct lw_view *view, uint8_t out[LW_VIEW_HASH_BYTES])
{
    struct serial s;

    s.n = 0;
    serial_text(&s, view->name);
    serial_int(&s, view->version, 4);
    serial_int(&s, view->n_features, 2);
    for (unsigned i = 0; i < view->n_features; i++) {
        const struct lw_feature *f = &view->features[i];

        serial_text(&s, f->name);
        serial_int(&s, (uint32_t)f->type, 1);
        serial_int(&s, f->n_categories, 2);
        for (unsigned c = 0; c < f->n_categories; c++)
            serial_text(&s, f->categories[c]);
    }
    digest_sha256(s.bytes, s.n, out);
}

/* A category's code in one list, as a code of the other. */
static float translate(const struct lw_feature *from, const struct lw_feature *to,
                       float code)
{
    if (to->type != LW_FEATURE_CATEGORY || to->categories == from->categories ||
        !(code >= 0.0f && code < (float)from->n_categories))
        return code;
    return lw_feature_category(to, from->categories[(size_t)code]);
}

enum lw_status lw_view_project(const struct lw_view *from, const float *row,
                               const struct lw_view *to, float *out,
                               struct lw_error *err)
{
    for (unsigned i = 0; i < to->n_features; i++) {
        const struct lw_feature *f = &to->features[i];
        int at = lw_view_find(from, f->name);

        if (at < 0 || from->features[at].type != f->type)
            return lw_fail(err, LW_EMISMATCH,
                           "view %s cannot be taken from view %s: %s is missing",
                           to->name, from->name, f->name);
        out[i] = translate(&from->features[at], f, row[at]);
    }
    return LW_OK;
}
