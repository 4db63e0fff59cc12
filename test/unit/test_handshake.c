/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes by hand-made messages, whole, in pieces of any size, and damaged. */
#include "base/buf.h"
#include "base/mem.h"
#include "flow/handshake.h"
#include "test.h"

#include <string.h>

static struct slab hellos;

/* ---- making messages ------------------------------------------------------------- */

static void put16(struct buf *b, unsigned v)
{
    buf_add_u8(b, (uint8_t)(v >> 8));
    buf_add_u8(b, (uint8_t)v);
}

static void put24(struct buf *b, unsigned v)
{
    buf_add_u8(b, (uint8_t)(v >> 16));
    put16(b, v);
}

static void put32(struct buf *b, unsigned v)
{
    put16(b, v >> 16);
    put16(b, v);
}

static void put_values(struct buf *b, const uint16_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put16(b, values[i]);
}

static void put_zeros(struct buf *b, size_t n)
{
    while (n-- > 0)
        buf_add_u8(b, 0);
}

static void put_extension(struct buf *b, unsigned type, const void *body, size_t n)
{
    put16(b, type);
    put16(b, (unsigned)n);
    buf_add(b, body, n);
}

/* A body behind a length of two bytes. */
static void put_list(struct buf *b, const struct buf *body)
{
    put16(b, (unsigned)body->len);
    buf_add(b, body->data, body->len);
}

/* As a message in records of at most `most` bytes. */
static void put_message(struct buf *b, unsigned type, const struct buf *body,
                        size_t most)
{
    struct buf m;

    buf_init(&m);
    buf_add_u8(&m, (uint8_t)type);
    put24(&m, (unsigned)body->len);
    buf_add(&m, body->data, body->len);
    for (size_t at = 0; at < m.len; at += most) {
        size_t n = m.len - at < most ? m.len - at : most;

        buf_add(b, "\x16\x03\x01", 3);
        put16(b, (unsigned)n);
        buf_add(b, m.data + at, n);
    }
    buf_release(&m);
}

enum { ANY_SIZE = 16000 };

/* What a browser says: GREASE among ciphers, extensions, groups and versions. */
static void put_client_hello(struct buf *b, size_t most, bool with_extensions)
{
    static const uint16_t ciphers[] = {0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0x00ff};
    static const char name[] = "\0\x0e\0\0\x0b"
                               "example.com";
    struct buf body;
    struct buf list;

    buf_init(&body);
    buf_init(&list);
    put16(&body, 0x0303);
    put_zeros(&body, 32);
    buf_add(&body,
            "\x04"
            "abcd",
            5); /* session id */
    put16(&body, sizeof ciphers);
    put_values(&body, ciphers, sizeof ciphers / sizeof ciphers[0]);
    buf_add(&body, "\1\0", 2); /* compression */
    put_extension(&list, 0x2a2a, "", 0);
    put_extension(&list, 0, name, sizeof name - 1);
    put_extension(&list, 10, "\0\6\x3a\x3a\0\x1d\0\x17", 8);
    put_extension(&list, 13, "\0\4\4\3\x08\4", 6);
    put_extension(&list, 16, "\0\x0c\2h2\x08http/1.1", 14);
    put_extension(&list, 43, "\6\x4a\x4a\3\4\3\3", 7);
    put_extension(&list, 51, "\0\x0c\x5a\x5a\0\1\0\0\x1d\0\3abc", 14);
    if (with_extensions)
        put_list(&body, &list);
    put_message(b, 1, &body, most);
    buf_release(&body);
    buf_release(&list);
}

static void put_server_hello(struct buf *b, unsigned version, unsigned chosen,
                             bool has_key, bool retries)
{
    static const uint8_t retry[] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                    0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                    0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    uint8_t chosen_bytes[2] = {(uint8_t)(chosen >> 8), (uint8_t)chosen};
    struct buf body;
    struct buf list;

    buf_init(&body);
    buf_init(&list);
    put16(&body, version);
    if (retries)
        buf_add(&body, retry, sizeof retry);
    else
        put_zeros(&body, 32);
    buf_add(&body, "\0\x13\1\0", 4); /* no session id, the cipher, no compression */
    if (chosen != 0)
        put_extension(&list, 43, chosen_bytes, 2);
    if (has_key)
        put_extension(&list, 41, "\0\0", 2);
    put_list(&body, &list);
    put_message(b, 2, &body, ANY_SIZE);
    buf_release(&body);
    buf_release(&list);
}

static void put_empty(struct buf *b, unsigned type, size_t n)
{
    struct buf body;

    buf_init(&body);
    put_zeros(&body, n);
    put_message(b, type, &body, ANY_SIZE);
    buf_release(&body);
}

/* ---- telling them ---------------------------------------------------------------- */

/* In pieces of that size, each in memory of its own that is gone after the call. */
static bool tell(struct handshake *h, unsigned from, const struct buf *b, size_t piece)
{
    bool wants = true;

    for (size_t at = 0; at < b->len; at += piece) {
        size_t n = b->len - at < piece ? b->len - at : piece;
        uint8_t *own = mem_dup(b->data + at, n);

        assert_non_null(own);
        wants = handshake_data(h, from, span_of(own, n), &hellos);
        mem_free(own);
    }
    return wants;
}

static void check_client(const struct lw_tls_facts *f)
{
    assert_int_equal(f->hello_version, 0x0303);
    assert_int_equal(f->max_version, 0x0304);
    assert_int_equal(f->n_versions, 2);
    assert_int_equal(f->n_ciphers, 5);
    assert_int_equal(f->n_compressions, 1);
    assert_int_equal(f->n_extensions, 6);
    assert_int_equal(f->has_grease, 1);
    assert_int_equal(f->server_name_bytes, 11);
    assert_int_equal(f->n_alpn, 2);
    assert_string_equal(f->alpn, "h2");
    assert_int_equal(f->n_groups, 2);
    assert_int_equal(f->n_signatures, 2);
    assert_int_equal(f->n_key_shares, 1);
    assert_int_equal(f->session_id_bytes, 4);
    assert_int_equal(f->offers_resumption, 1);
}

static void a_client_hello_in_any_pieces(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 50, 1000};
    static const size_t records[] = {1, 5, 40, ANY_SIZE};

    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
            struct handshake h;
            struct buf b;

            buf_init(&b);
            put_client_hello(&b, records[i], true);
            assert_true(handshake_begin(&h, LW_APP_TLS));
            assert_true(tell(&h, 0, &b, pieces[k])); /* the server is still to come */
            check_client(&h.facts.tls);
            assert_int_equal(h.facts.tls.version, LW_NOT_SEEN);
            handshake_end(&h, &hellos);
            assert_int_equal(hellos.n_used, 0);
            buf_release(&b);
        }
    }
}

static void without_extensions_they_are_absent(void **state)
{
    struct handshake h;
    struct buf b;

    (void)state;
    buf_init(&b);
    put_client_hello(&b, ANY_SIZE, false);
    assert_true(handshake_begin(&h, LW_APP_TLS));
    (void)tell(&h, 0, &b, 100);
    assert_int_equal(h.facts.tls.max_version, 0x0303);
    assert_int_equal(h.facts.tls.n_extensions, 0);
    assert_int_equal(h.facts.tls.server_name_bytes, 0);
    assert_int_equal(h.facts.tls.n_alpn, 0);
    assert_string_equal(h.facts.tls.alpn, "");
    handshake_end(&h, &hellos);
    buf_release(&b);
}

/* Facts are there as far as the bytes go, and never beyond. */
static void what_is_cut_off_is_not_seen(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b);
    put_client_hello(&b, ANY_SIZE, true);
    for (size_t n = 0; n < b.len; n++) {
        struct handshake h;

        assert_true(handshake_begin(&h, LW_APP_TLS));
        (void)handshake_data(&h, 0, span_of(b.data, n), &hellos);
        assert_true(handshake_gap(&h, 0, &hellos)); /* the server may still say */
        assert_int_equal(h.facts.tls.n_ciphers, LW_NOT_SEEN);
        assert_int_equal(h.facts.tls.client_hello_bytes, LW_NOT_SEEN);
        assert_false(handshake_gap(&h, 1, &hellos));
        assert_int_equal(hellos.n_used, 0);
    }
    buf_release(&b);
}

/* The length fields within may lie. */
static void damaged_hellos_are_read_as_far_as_they_go(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b);
    put_client_hello(&b, ANY_SIZE, true);
    for (size_t i = 9; i < b.len; i++) {
        for (unsigned v = 0; v < 256; v += 17) {
            const char saved = b.data[i];
            struct handshake h;

            b.data[i] = (char)v;
            assert_true(handshake_begin(&h, LW_APP_TLS));
            (void)tell(&h, 0, &b, 1 + i % 60);
            handshake_end(&h, &hellos);
            assert_true(h.facts.tls.server_name_bytes <= (int)b.len);
            assert_int_equal(h.facts.tls.alpn[LW_ALPN_MAX - 1], 0);
            b.data[i] = saved;
        }
    }
    assert_int_equal(hellos.n_used, 0);
    buf_release(&b);
}

static void longer_hellos_are_read_to_the_limit(void **state)
{
    struct handshake h;
    struct buf body;
    struct buf b;

    (void)state;
    buf_init(&b);
    buf_init(&body);
    put16(&body, 0x0303);
    put_zeros(&body, 33);
    put16(&body, 2);
    put16(&body, 0x1301);
    buf_add(&body, "\1\0", 2);
    put16(&body, 9004);
    put16(&body, 21);
    put16(&body, 9000);
    put_zeros(&body, 9000);
    put_message(&b, 1, &body, ANY_SIZE);
    assert_true(handshake_begin(&h, LW_APP_TLS));
    (void)tell(&h, 0, &b, 1400);
    assert_int_equal(h.facts.tls.client_hello_bytes, (int)body.len);
    assert_int_equal(h.facts.tls.n_ciphers, 1);
    assert_int_equal(h.facts.tls.n_extensions, LW_NOT_SEEN);
    assert_int_equal(h.facts.tls.server_name_bytes, LW_NOT_SEEN);
    handshake_end(&h, &hellos);
    buf_release(&b);
    buf_release(&body);
}

/* ---- servers --------------------------------------------------------------------- */

static void check_server(const struct buf *b, int version, int resumed, int certificate)
{
    for (size_t piece = 1; piece < 200; piece = piece * 3 + 1) {
        struct handshake h;

        assert_true(handshake_begin(&h, LW_APP_TLS));
        assert_true(tell(&h, 1, b, piece));
        assert_int_equal(h.facts.tls.version, version);
        assert_int_equal(h.facts.tls.cipher, 0x1301);
        assert_int_equal(h.facts.tls.is_resumed, resumed);
        assert_int_equal(h.facts.tls.certificate_bytes, certificate);
        assert_false(handshake_gap(&h, 0, &hellos)); /* nothing more is wanted */
        assert_int_equal(hellos.n_used, 0);
    }
}

static void servers_choose(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b);
    /* TLS 1.2, with certificates */
    put_server_hello(&b, 0x0303, 0, false, false);
    put_empty(&b, 11, 3000);
    check_server(&b, 0x0303, 0, 2997);
    buf_reset(&b);
    /* without, as the key exchange needs none */
    put_server_hello(&b, 0x0302, 0, false, false);
    put_empty(&b, 12, 300);
    check_server(&b, 0x0302, 0, 0);
    buf_reset(&b);
    /* an old session, with a new ticket, goes on */
    put_server_hello(&b, 0x0303, 0, false, false);
    put_empty(&b, 4, 200);
    buf_add(&b, "\x14\3\3\0\1\1", 6);
    check_server(&b, 0x0303, 1, 0);
    buf_reset(&b);
    /* TLS 1.3: certificates are encrypted */
    put_server_hello(&b, 0x0303, 0x0304, false, false);
    check_server(&b, 0x0304, 0, LW_NOT_SEEN);
    buf_reset(&b);
    put_server_hello(&b, 0x0303, 0x0304, true, false);
    check_server(&b, 0x0304, 1, LW_NOT_SEEN);
    buf_release(&b);
}

static void a_retry_is_no_choice(void **state)
{
    struct handshake h;
    struct buf b;

    (void)state;
    buf_init(&b);
    put_server_hello(&b, 0x0303, 0x0304, false, true);
    buf_add(&b, "\x14\3\3\0\1\1", 6);
    assert_true(handshake_begin(&h, LW_APP_TLS));
    assert_true(tell(&h, 1, &b, 30));
    assert_int_equal(h.facts.tls.was_retried, 1);
    assert_int_equal(h.facts.tls.version, LW_NOT_SEEN);
    buf_reset(&b);
    put_server_hello(&b, 0x0303, 0x0304, false, false);
    (void)tell(&h, 1, &b, 30);
    assert_int_equal(h.facts.tls.was_retried, 1);
    assert_int_equal(h.facts.tls.version, 0x0304);
    handshake_end(&h, &hellos);
    buf_release(&b);
}

static void what_is_no_handshake_ends_it(void **state)
{
    static const char *const ends[] = {"\x17\3\3\0\x20 encrypted", "\x15\3\1\0\2\2\x28",
                                       "\x59\3\1\0\2\2\x28", "\x16\x09\1\0\2\2\x28",
                                       "\x16\3\1\xff\xff\2\x28"};

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct handshake h;

        assert_true(handshake_begin(&h, LW_APP_TLS));
        assert_true(handshake_data(&h, 0, span_of(ends[i], 7), &hellos));
        assert_false(handshake_data(&h, 1, span_of(ends[i], 7), &hellos));
        assert_int_equal(h.facts.tls.client_hello_bytes, LW_NOT_SEEN);
        assert_int_equal(hellos.n_used, 0);
    }
}

static void the_hello_of_ssl_2(void **state)
{
    static const char hello[] = "\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10";
    struct handshake h;

    (void)state;
    assert_true(handshake_begin(&h, LW_APP_TLS));
    (void)handshake_data(&h, 0, span_of(hello, sizeof hello - 1), &hellos);
    assert_int_equal(h.facts.tls.max_version, 0x0301);
    assert_int_equal(h.facts.tls.n_ciphers, 7);
    assert_int_equal(h.facts.tls.client_hello_bytes, 0x2e);
    handshake_end(&h, &hellos);
}

/* ---- SSH ------------------------------------------------------------------------- */

static void put_kexinit(struct buf *b)
{
    static const char *const lists[] = {"a,b,c", "rsa",  "x,y",  "x,y", "m,n,o,p",
                                        "m",     "none", "none", "",    ""};
    struct buf body;

    buf_init(&body);
    buf_add(&body, "\4\x14", 2); /* padding, type */
    put_zeros(&body, 16);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        put32(&body, (unsigned)strlen(lists[i]));
        buf_add(&body, lists[i], strlen(lists[i]));
    }
    put_zeros(&body, 1 + 4 + 4);
    put32(b, (unsigned)body.len);
    buf_add(b, body.data, body.len);
    buf_release(&body);
}

static void ssh_says_what_it_can_do(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 400; piece = piece * 2 + 1) {
        struct handshake h;
        struct buf b;

        buf_init(&b);
        buf_add_text(&b, "hello\r\nSSH-2.0-OpenSSH_9.2 Debian\r\n");
        put_kexinit(&b);
        assert_true(handshake_begin(&h, LW_APP_SSH));
        assert_true(tell(&h, 1, &b, piece));
        assert_int_equal(h.facts.ssh.version[1], 0x0200);
        assert_int_equal(h.facts.ssh.software_bytes[1], 11);
        assert_int_equal(h.facts.ssh.n_key_exchanges[1], 3);
        assert_int_equal(h.facts.ssh.n_host_keys[1], 1);
        assert_int_equal(h.facts.ssh.n_ciphers[1], 2);
        assert_int_equal(h.facts.ssh.n_macs[1], 4);
        assert_int_equal(h.facts.ssh.n_compressions[1], 1);
        assert_int_equal(h.facts.ssh.version[0], LW_NOT_SEEN);
        buf_reset(&b);
        buf_add_text(&b, "SSH-1.5-old\n");
        assert_false(tell(&h, 0, &b, piece));
        assert_int_equal(h.facts.ssh.version[0], 0x0105);
        assert_int_equal(h.facts.ssh.software_bytes[0], 3);
        assert_int_equal(h.facts.ssh.n_ciphers[0], LW_NOT_SEEN);
        assert_int_equal(hellos.n_used, 0);
        buf_release(&b);
    }
}

static void a_banner_without_end_is_none(void **state)
{
    struct handshake h;
    struct buf b;

    (void)state;
    buf_init(&b);
    buf_add_text(&b, "SSH-2.0-");
    for (unsigned i = 0; i < 2000; i++)
        buf_add_char(&b, 'x');
    for (size_t piece = 1; piece < 3000; piece = piece * 7 + 1) {
        assert_true(handshake_begin(&h, LW_APP_SSH));
        assert_true(tell(&h, 0, &b, piece));
        assert_true(h.side[0].is_done);
        handshake_end(&h, &hellos);
        assert_int_equal(hellos.n_used, 0);
    }
    buf_release(&b);
}

/* ---- QUIC ------------------------------------------------------------------------ */

static void quic_shows_its_long_header(void **state)
{
    static const char initial[] = "\xc3\0\0\0\1\x08"
                                  "abcdefgh\3abc\x40\x05token";
    static const char answer[] = "\xc3\0\0\0\1\3abc\x04wxyz\0";
    struct handshake h;

    (void)state;
    assert_true(handshake_begin(&h, LW_APP_QUIC));
    assert_true(handshake_datagram(&h, 0, span_of(initial, sizeof initial - 1)));
    assert_false(handshake_datagram(&h, 1, span_of(answer, sizeof answer - 1)));
    assert_int_equal(h.facts.quic.version[0], 1);
    assert_int_equal(h.facts.quic.version[1], 1);
    assert_int_equal(h.facts.quic.to_id_bytes[0], 8);
    assert_int_equal(h.facts.quic.from_id_bytes[0], 3);
    assert_int_equal(h.facts.quic.from_id_bytes[1], 4);
    assert_int_equal(h.facts.quic.token_bytes, 5);
    assert_int_equal(h.facts.quic.datagram_bytes[0], sizeof initial - 1);
    for (size_t n = 0; n < sizeof initial - 1; n++) {
        assert_true(handshake_begin(&h, LW_APP_QUIC));
        assert_true(handshake_datagram(&h, 0, span_of(initial, n)));
        assert_int_equal(h.facts.quic.token_bytes, LW_NOT_SEEN);
    }
}

static void old_quic_shows_its_version(void **state)
{
    static const char first[] = "\x0d"
                                "abcdefghQ043\1";
    struct handshake h;

    (void)state;
    assert_true(handshake_begin(&h, LW_APP_QUIC));
    (void)handshake_datagram(&h, 0, span_of(first, sizeof first - 1));
    assert_true(h.facts.quic.version[0] == 0x51303433);
    assert_int_equal(h.facts.quic.to_id_bytes[0], 8);
    /* A server's packets have none. */
    (void)handshake_datagram(&h, 1, span_of("\x08", 1));
    assert_true(h.facts.quic.version[1] == LW_NOT_SEEN);
}

static void other_protocols_have_no_handshake(void **state)
{
    struct handshake h;

    (void)state;
    assert_false(handshake_begin(&h, LW_APP_HTTP));
}

/* Without room to gather it, a message that comes in pieces is not seen. */
static void there_is_room_for_so_many(void **state)
{
    struct handshake h[9];
    struct buf b;

    (void)state;
    buf_init(&b);
    put_client_hello(&b, ANY_SIZE, true);
    for (unsigned i = 0; i < 9; i++) {
        assert_true(handshake_begin(&h[i], LW_APP_TLS));
        (void)handshake_data(&h[i], 0, span_first(span_of(b.data, b.len), 40), &hellos);
    }
    assert_int_equal(hellos.n_used, 8);
    for (unsigned i = 0; i < 9; i++) {
        (void)handshake_data(&h[i], 0, span_from(span_of(b.data, b.len), 40), &hellos);
        assert_int_equal(h[i].facts.tls.n_ciphers, i < 8 ? 5 : LW_NOT_SEEN);
        handshake_end(&h[i], &hellos);
    }
    assert_int_equal(hellos.n_used, 0);
    buf_release(&b);
}

static int set_up(void **state)
{
    (void)state;
    return slab_init(&hellos, 8, sizeof(struct hello)) ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    slab_release(&hellos);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_hello_in_any_pieces),
        cmocka_unit_test(without_extensions_they_are_absent),
        cmocka_unit_test(what_is_cut_off_is_not_seen),
        cmocka_unit_test(damaged_hellos_are_read_as_far_as_they_go),
        cmocka_unit_test(longer_hellos_are_read_to_the_limit),
        cmocka_unit_test(servers_choose),
        cmocka_unit_test(a_retry_is_no_choice),
        cmocka_unit_test(what_is_no_handshake_ends_it),
        cmocka_unit_test(the_hello_of_ssl_2),
        cmocka_unit_test(ssh_says_what_it_can_do),
        cmocka_unit_test(a_banner_without_end_is_none),
        cmocka_unit_test(quic_shows_its_long_header),
        cmocka_unit_test(old_quic_shows_its_version),
        cmocka_unit_test(other_protocols_have_no_handshake),
        cmocka_unit_test(there_is_room_for_so_many),
    };

    return cmocka_run_group_tests_name("handshake", tests, set_up, tear_down);
}
