/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one user of libpcap: interfaces, and filter expressions.
 *
 * An interface is read without blocking and waited for with poll(): libpcap's own
 * timeout does not end a wait in which no packet arrives at all (TPACKET_V3), and a
 * sensor must notice the passing of time and a request to stop.
 *
 * A filter for files is compiled once per link type, because the same words become
 * different programs; a capture may mix link types.
 */
#include "base/mem.h"
#include "base/timefmt.h"
#include "capture_priv.h"

#include <pcap.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

enum {
    SNAPLEN_DEFAULT = 262144,
    KERNEL_BUFFER_BYTES = 16 << 20,
    DELIVERY_MS = 100, /* the kernel hands over a partly filled block after this */
    PAUSE_MS = 500,    /* a pause is reported after this */
    PROGRAMS_MAX = 16
};

/* ---- filters ---- */

struct program {
    uint32_t link_type;
    bool usable; /* the expression can be said of this link type */
    struct bpf_program code;
};

struct capture_filter {
    char *expression; /* owned */
    struct program programs[PROGRAMS_MAX];
    unsigned n_programs;
    unsigned last; /* the one used last, tried first */
    unsigned next_victim;
    char warning[256];
};

/* Files number a few link types differently than libpcap on this system. */
static int dlt_of(uint32_t link_type)
{
    enum { LINKTYPE_ATM_RFC1483 = 100, LINKTYPE_RAW = 101, LINKTYPE_RAW_OPENBSD = 14 };

    if (link_type == LINKTYPE_RAW || link_type == LINKTYPE_RAW_OPENBSD)
        return DLT_RAW;
    if (link_type == LINKTYPE_ATM_RFC1483)
        return DLT_ATM_RFC1483;
    return (int)link_type;
}

const char *lw_link_type_text(uint32_t link_type)
{
    const char *text = pcap_datalink_val_to_description(dlt_of(link_type));

    return text == NULL ? "unknown" : text;
}

/* Compile for a link type; on failure `why` has libpcap's words. */
static bool compile(const char *expression, int dlt, struct bpf_program *code,
                    char why[PCAP_ERRBUF_SIZE])
{
    pcap_t *p = pcap_open_dead(dlt, SNAPLEN_DEFAULT);
    bool ok;

    if (p == NULL) {
        (void)snprintf(why, PCAP_ERRBUF_SIZE, "out of memory");
        return false;
    }
    ok = pcap_compile(p, code, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!ok)
        (void)snprintf(why, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(p));
    pcap_close(p);
    return ok;
}

/* Some words make sense on some links only ("wlan type mgt"): the expression must
 * compile for one of these.  The message is Ethernet's. */
static enum lw_status check(const char *expression, struct lw_error *err)
{
    static const int dlts[] = {DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL, DLT_PPP,
                               DLT_IEEE802_11_RADIO};
    char why[PCAP_ERRBUF_SIZE] = "";
    char other[PCAP_ERRBUF_SIZE] = "";
    struct bpf_program code;

    for (size_t i = 0; i < sizeof dlts / sizeof dlts[0]; i++) {
        if (compile(expression, dlts[i], &code, i == 0 ? why : other)) {
            pcap_freecode(&code);
            return LW_OK;
        }
    }
    return lw_fail(err, LW_EINVAL, "filter \"%s\": %s (see pcap-filter(7))", expression,
                   why);
}

enum lw_status capture_filter_new(struct capture_filter **out, const char *expression,
                                  struct lw_error *err)
{
    struct capture_filter *f;
    enum lw_status st = check(expression, err);

    if (st != LW_OK)
        return st;
    f = mem_zalloc(1, sizeof *f);
    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    f->expression = mem_strdup(expression);
    if (f->expression == NULL) {
        mem_free(f);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    *out = f;
    return LW_OK;
}

static void program_release(struct program *p)
{
    if (p->usable)
        pcap_freecode(&p->code);
    p->usable = false;
}

/* Compile for a link type that was not met before, in the place of another when there
 * are more link types than in any real capture. */
static struct program *add_program(struct capture_filter *f, uint32_t link_type)
{
    char why[PCAP_ERRBUF_SIZE];
    unsigned i = f->n_programs;
    struct program *p;

    if (i < PROGRAMS_MAX)
        f->n_programs++;
    else
        i = f->next_victim++ % PROGRAMS_MAX;
    p = &f->programs[i];
    program_release(p);
    p->link_type = link_type;
    p->usable = compile(f->expression, dlt_of(link_type), &p->code, why);
    if (!p->usable && f->warning[0] == '\0')
        (void)snprintf(f->warning, sizeof f->warning,
                       "filter \"%.100s\" lets nothing of link type %u pass: %.80s",
                       f->expression, link_type, why);
    f->last = i;
    return p;
}

static struct program *find_program(struct capture_filter *f, uint32_t link_type)
{
    if (f->last < f->n_programs && f->programs[f->last].link_type == link_type)
        return &f->programs[f->last];
    for (unsigned i = 0; i < f->n_programs; i++) {
        if (f->programs[i].link_type == link_type) {
            f->last = i;
            return &f->programs[i];
        }
    }
    return add_program(f, link_type);
}

bool capture_filter_match(struct capture_filter *f, const struct lw_packet *pkt)
{
    const struct program *p = find_program(f, pkt->link_type);
    struct pcap_pkthdr head = {.caplen = pkt->captured_bytes, .len = pkt->wire_bytes};

    return p->usable && pcap_offline_filter(&p->code, &head, pkt->data) != 0;
}

const char *capture_filter_warning(const struct capture_filter *f)
{
    return f->warning;
}

void capture_filter_free(struct capture_filter *f)
{
    if (f == NULL)
        return;
    for (unsigned i = 0; i < f->n_programs; i++)
        program_release(&f->programs[i]);
    mem_free(f->expression);
    mem_free(f);
}

/* ---- interfaces ---- */

struct live {
    struct capture_source source; /* first */
    pcap_t *pcap;                 /* owned */
    char *interface;              /* owned */
    int64_t fraction_ns;          /* what the second time field counts */
    uint32_t link_type;
};

static struct live *live_of(struct capture_source *src)
{
    return (struct live *)src;
}

static enum lw_status live_failed(const struct live *l, int status,
                                  struct lw_error *err)
{
    const char *why = pcap_geterr(l->pcap);

    switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return lw_fail(err, LW_ENOTFOUND,
                       "%s: no such interface (`ip link` lists them)", l->interface);
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        return lw_fail(err, LW_EPERM,
                       "%s: not permitted to capture: run as root, or give the program "
                       "the right with `setcap cap_net_raw+ep`",
                       l->interface);
    case PCAP_ERROR_IFACE_NOT_UP:
        return lw_fail(err, LW_EIO, "%s: the interface is down (`ip link set %s up`)",
                       l->interface, l->interface);
    default:
        return lw_fail(err, LW_EIO, "%s: %s", l->interface,
                       why[0] != '\0' ? why : pcap_statustostr(status));
    }
}

static enum lw_status configure(struct live *l, const struct lw_capture_config *cfg,
                                struct lw_error *err)
{
    uint32_t snaplen = cfg->snaplen == 0 ? SNAPLEN_DEFAULT : cfg->snaplen;
    int status;

    if (snaplen > SNAPLEN_DEFAULT)
        return lw_fail(err, LW_EINVAL, "snaplen %u is over %d", snaplen,
                       SNAPLEN_DEFAULT);
    (void)pcap_set_snaplen(l->pcap, (int)snaplen);
    (void)pcap_set_promisc(l->pcap, cfg->no_promiscuous ? 0 : 1);
    (void)pcap_set_timeout(l->pcap, DELIVERY_MS);
    (void)pcap_set_buffer_size(l->pcap, KERNEL_BUFFER_BYTES);
    (void)pcap_set_tstamp_precision(l->pcap, PCAP_TSTAMP_PRECISION_NANO);
    status = pcap_activate(l->pcap);
    if (status < 0)
        return live_failed(l, status, err);
    if (status > 0) /* it works, but not as asked */
        (void)snprintf(l->source.warning, sizeof l->source.warning, "%s: %s",
                       l->interface, pcap_geterr(l->pcap));
    l->fraction_ns = pcap_get_tstamp_precision(l->pcap) == PCAP_TSTAMP_PRECISION_NANO
                         ? 1
                         : NS_PER_US;
    l->link_type = (uint32_t)pcap_datalink(l->pcap);
    return LW_OK;
}

static enum lw_status set_filter(struct live *l, const char *expression,
                                 struct lw_error *err)
{
    struct bpf_program code;
    enum lw_status st = LW_OK;

    if (expression == NULL || expression[0] == '\0')
        return LW_OK;
    if (pcap_compile(l->pcap, &code, expression, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return lw_fail(err, LW_EINVAL, "filter \"%s\": %s (see pcap-filter(7))",
                       expression, pcap_geterr(l->pcap));
    if (pcap_setfilter(l->pcap, &code) != 0)
        st = live_failed(l, PCAP_ERROR, err);
    pcap_freecode(&code);
    return st;
}

static const struct capture_ops capture_live;

enum lw_status capture_live_open(struct capture_source **out, const char *interface,
                                 const struct lw_capture_config *cfg,
                                 struct lw_error *err)
{
    static const struct lw_capture_config defaults;
    struct live *l = mem_zalloc(1, sizeof *l);
    char why[PCAP_ERRBUF_SIZE];
    enum lw_status st;

    if (l == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", interface);
    l->source.ops = &capture_live;
    l->interface = mem_strdup(interface);
    l->pcap = pcap_create(interface, why);
    if (cfg == NULL)
        cfg = &defaults;
    if (l->interface == NULL)
        st = lw_fail(err, LW_ENOMEM, "%s: out of memory", interface);
    else if (l->pcap == NULL)
        st = lw_fail(err, LW_EIO, "%s: %s", interface, why);
    else
        st = configure(l, cfg, err);
    if (st == LW_OK)
        st = set_filter(l, cfg->filter, err);
    if (st == LW_OK && pcap_setnonblock(l->pcap, 1, why) != 0)
        st = lw_fail(err, LW_EIO, "%s: %s", interface, why);
    if (st != LW_OK) {
        capture_source_close(&l->source);
        return st;
    }
    *out = &l->source;
    return LW_OK;
}

/* Until something arrived, PAUSE_MS passed, or a signal came. */
static void wait_for_packets(const struct live *l)
{
    struct pollfd p = {.fd = pcap_get_selectable_fd(l->pcap), .events = POLLIN};

    /* A descriptor of -1 (not all devices have one) makes this a short sleep. */
    (void)poll(&p, 1, p.fd < 0 ? DELIVERY_MS : PAUSE_MS);
}

static enum lw_status live_next(struct capture_source *src, struct lw_packet *pkt,
                                struct lw_error *err)
{
    struct live *l = live_of(src);
    struct pcap_pkthdr *head;
    const u_char *data;
    struct timespec now;
    int r;

    if (src->hold) /* the next packet takes the place of the last one */
        return LW_END;
    r = pcap_next_ex(l->pcap, &head, &data);
    if (r == 0) {
        wait_for_packets(l);
        r = pcap_next_ex(l->pcap, &head, &data);
    }
    if (r < 0)
        return live_failed(l, r, err);
    if (r == 0) {
        (void)clock_gettime(CLOCK_REALTIME, &now);
        *pkt = (struct lw_packet){.time_ns = now.tv_sec * NS_PER_S + now.tv_nsec};
        return LW_OK;
    }
    *pkt = (struct lw_packet){
        .time_ns = head->ts.tv_sec * NS_PER_S + head->ts.tv_usec * l->fraction_ns,
        .data = data,
        .captured_bytes = head->caplen,
        .wire_bytes = head->len,
        .link_type = l->link_type,
    };
    return LW_OK;
}

static void live_stats(const struct capture_source *src, struct lw_capture_stats *out)
{
    const struct live *l = (const struct live *)src;
    struct pcap_stat s;

    if (pcap_stats(l->pcap, &s) != 0)
        return;
    out->kernel_drops = s.ps_drop;
    /* Of the interface libpcap counts from what /sys said at the start; where that can
     * no longer be read (in a sandbox), its difference is less than nothing. */
    if (s.ps_ifdrop <= INT32_MAX)
        out->kernel_drops += s.ps_ifdrop;
}

static void live_close(struct capture_source *src)
{
    struct live *l = live_of(src);

    if (l->pcap != NULL)
        pcap_close(l->pcap);
    mem_free(l->interface);
}

static const struct capture_ops capture_live = {
    .name = "interface",
    .next = live_next,
    .fleeting = true,
    .stats = live_stats,
    .close = live_close,
};
