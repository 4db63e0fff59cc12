# SPDX-License-Identifier: Apache-2.0
"""Who uses the servers: people who think, devices that poll, machines at night.

Each is a thread with a random generator of its own; what it does is a list of
activities with weights (PLANS).  Every activity is real clients at work, and some fail
as they do in life: names that are not there, ports that are closed, a mistyped password.
"""
import os
import pty
import random
import subprocess
import sys
import threading
import time

from servers import DOMAIN, USERS, password


class Actor(threading.Thread):
    """Picks an activity, does it, waits, until time is up."""

    def __init__(self, host, world, plan, seed, until, pause):
        super().__init__(daemon=True)
        self.host = host
        self.world = world
        self.rng = random.Random(seed)
        self.plan = [name for name, weight in plan.items() for _ in range(weight)]
        self.until = until
        self.pause = pause
        self.user = USERS[seed % len(USERS)]
        self.cached = set()
        self.done = {}

    def run(self):
        self.think(0, self.pause)
        while time.time() < self.until:
            activity = self.rng.choice(self.plan)
            ok = getattr(self, activity)()
            self.done.setdefault(activity, [0, 0])[0 if ok else 1] += 1
            self.think(0.3 * self.pause, 1.7 * self.pause)

    def think(self, low, high):
        left = self.until - time.time()
        time.sleep(max(0.0, min(self.rng.uniform(low, high), left)))

    def do(self, *command, **options):
        left = max(1.0, self.until - time.time() + 5)
        return self.host.do(*command, timeout=min(90, left), **options)

    def site(self, inside=None):
        """A web server's name: inside or outside."""
        webs = [h for h in self.world.hosts.values() if h.name.startswith(("web", "site"))
                and inside in (None, not h.is_outside)]
        host = self.rng.choice(webs)
        return f"{host.name}.{'example.net' if host.is_outside else DOMAIN}"

    # -- the Web

    def browse(self):
        """Some pages with what they need that is not cached yet, several at a time."""
        site = f"{self.rng.choice(('http', 'https', 'https'))}://{self.site()}"
        ok = True
        for _ in range(self.rng.randint(1, 4)):
            urls = [f"{site}/page{self.rng.randrange(40)}.html"]
            for part in self.rng.sample(range(60), self.rng.randint(0, 12)):
                if (site, part) not in self.cached:
                    urls.append(f"{site}/part{part}.bin")
                    self.cached.add((site, part))
            outputs = [arg for url in urls for arg in ("-o", "/dev/null", url)]
            ok &= self.do("curl", "-sk", "--max-time", "25", "-Z", "--parallel-max",
                          str(self.rng.choice((1, 4, 6))), *outputs)
            self.think(0.5, 6.0)
        return ok

    def missing_page(self):
        return self.do("curl", "-sk", "-o", "/dev/null", f"http://{self.site()}/old.html")

    def download(self):
        size = self.rng.choice((1, 1, 4))
        return self.do("curl", "-sk", "-o", "/dev/null", f"https://{self.site()}/big{size}.bin")

    def update(self):
        """What a package manager does: an index, then some files."""
        site = self.site(inside=False)
        urls = [f"http://{site}/part{i}.bin" for i in self.rng.sample(range(60), 5)]
        urls.append(f"http://{site}/big4.bin")
        return self.do("curl", "-s", *[a for u in urls for a in ("-o", "/dev/null", u)])

    def stream(self):
        """Video: a segment every few seconds on one connection's rate."""
        return self.do("curl", "-sk", "--limit-rate", f"{self.rng.randint(150, 500)}k",
                       "--max-time", str(self.rng.randint(10, 40)), "-o", "/dev/null",
                       f"https://{self.site(inside=False)}/big16.bin") or True

    def upload(self):
        return self.do("curl", "-sk", "-o", "/dev/null", "-F",
                       f"file=@/srv/www/part{self.rng.randrange(60)}.bin",
                       f"https://{self.site()}/upload")

    def api(self):
        """An application that polls, keeping its connection."""
        url = f"http://{self.site(inside=True)}:8080/api/orders"
        urls = [url + f"?page={i}" for i in range(self.rng.randint(3, 20))]
        return self.do("curl", "-s", "--rate", "120/m", "-d", '{"q":"open orders"}',
                       *[a for u in urls for a in ("-o", "/dev/null", u)])

    def staff(self):
        return self.do("curl", "-sk", "-o", "/dev/null", "-u",
                       f"admin:{password('admin')}", f"https://{self.site(inside=True)}/private/")

    def shop(self):
        """A visitor of a web shop in a hurry."""
        site = f"https://{self.site(inside=True)}"
        ok = True
        for _ in range(self.rng.randint(2, 6)):
            urls = [f"{site}/page{self.rng.randrange(40)}.html"] + [
                f"{site}/part{p}.bin" for p in self.rng.sample(range(60), self.rng.randint(2, 8))]
            ok &= self.do("curl", "-sk", "--max-time", "20", "-Z",
                          *[a for u in urls for a in ("-o", "/dev/null", u)])
            self.think(0.3, 3)
        return ok

    # -- names, time, reachability

    def lookups(self):
        names = [f"www.{DOMAIN}", DOMAIN, f"nowhere.{DOMAIN}", "printer.local.test",
                 self.site(), self.site()]
        for name in self.rng.sample(names, self.rng.randint(1, 4)):
            self.do("dig", "+tries=2", name, self.rng.choice(("A", "A", "AAAA", "MX", "PTR")))
        return True

    def ping(self):
        return self.do("ping", "-c", str(self.rng.randint(2, 6)), "-i", "0.8", self.site())

    def trace(self):
        return self.do("ping", "-c", "1", "-t", "1", self.site(inside=False)) or True

    def clock(self):
        return self.do("chronyd", "-Q", "-x", "-t", "8", "-f", "/dev/null",
                       f"server names.{DOMAIN} iburst maxsamples 3", "cmdport 0",
                       f"pidfile /run/chronyd-{self.host.name}.pid")

    def closed_port(self):
        """A service that is not running: refused."""
        return not self.do("curl", "-s", "--max-time", "5", "-o", "/dev/null",
                           f"http://{self.site(inside=True)}:{self.rng.choice((8443, 9090, 631))}/")

    def gone(self):
        """A machine that is switched off: nobody answers."""
        return not self.do("curl", "-s", "--max-time", "4", "-o", "/dev/null",
                           f"http://{self.world.inside[251]}/")

    # -- mail and files

    def send_mail(self):
        return self.do("swaks", "--server", f"mail.{DOMAIN}", "--from", f"{self.user}@{DOMAIN}",
                       "--to", f"{self.rng.choice(USERS)}@{DOMAIN}", "--body",
                       "see you at lunch. " * self.rng.choice((10, 100, 4000)))

    def read_mail(self):
        credentials = f"{self.user}:{password(self.user)}"
        if self.rng.random() < 0.3:
            return self.do("curl", "-s", "-o", "/dev/null", "-u", credentials,
                           f"pop3://mail.{DOMAIN}/")
        return self.do("curl", "-s", "-o", "/dev/null", "-u", credentials,
                       f"imap://mail.{DOMAIN}/INBOX", "-X", "FETCH 1:* (FLAGS BODY[HEADER])") or True

    def ftp_anonymous(self):
        return self._lftp(f"cls pub; get pub/README -o /dev/null; get "
                          f"pub/data{self.rng.randrange(4)}.bin -o /dev/null")

    def ftp_user(self):
        return self._lftp(f"cls; put /srv/www/part{self.rng.randrange(60)}.bin",
                          "-u", f"{self.user},{password(self.user)}")

    def _lftp(self, script, *options):
        settings = "set net:max-retries 1; set ftp:ssl-allow no; set xfer:clobber on; "
        return self.do("lftp", *options, "-e", settings + script + "; bye", f"ftp.{DOMAIN}")

    def share(self):
        n = self.rng.randrange(12)
        return self.do("smbclient", f"//files.{DOMAIN}/share", "-U",
                       f"{self.user}%{password(self.user)}", "-c",
                       f"ls; get document{n}.odt /dev/null; put /srv/www/page{n}.html page{n}.html")

    # -- shells

    def _ssh_options(self):
        return ("-i", f"/home/{self.user}/.ssh/id_ed25519", "-o", "LogLevel=ERROR",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")

    def copy(self):
        return self.do("scp", *self._ssh_options(), "/srv/www/big1.bin",
                       f"{self.user}@ssh.{DOMAIN}:/tmp/{self.host.name}.bin")

    def mistyped(self):
        """One wrong password, then the right one."""
        ok = False
        for word in ("Kiebitz", password(self.user)):
            ok = self.do("sshpass", "-p", word, "ssh", "-o", "StrictHostKeyChecking=no", "-o",
                         "UserKnownHostsFile=/dev/null", "-o", "PubkeyAuthentication=no",
                         f"{self.user}@ssh.{DOMAIN}", "uptime")
            self.think(1, 3)
        return ok

    def shell(self):
        return self._type(("ssh", "-tt", *self._ssh_options(), f"{self.user}@ssh.{DOMAIN}"), ())

    def telnet(self):
        return self._type(("telnet", f"telnet.{DOMAIN}"), (self.user, password(self.user)))

    def _type(self, command, login):
        """Somebody typing at a terminal: keys one by one, pauses to read."""
        pid, fd = pty.fork()
        if pid == 0:
            words = self.host.command(*command)
            os.execvp(words[0], words)
        reader = threading.Thread(target=_drain, args=(fd,), daemon=True)
        reader.start()
        lines = self.rng.sample(("ls -l", "cat notes.txt", "ps aux", "df -h", "uptime",
                                 "head -20 notes.txt", "id", "who"), 4)
        try:
            for line in (*login, *lines, "exit"):
                self.think(1.0, 2.5)
                for key in line + "\r":
                    os.write(fd, key.encode())
                    time.sleep(self.rng.uniform(0.05, 0.25))
            _, status = os.waitpid(pid, 0)
        except OSError:
            os.kill(pid, 9)
            _, status = os.waitpid(pid, 0)
        os.close(fd)
        return status == 0

    # -- machines

    def query(self):
        statements = self.rng.sample((
            "select count(*) from orders", "select * from orders limit 400",
            "select n, count(*) from orders group by n", "select pg_sleep(0.4)",
            "update orders set n = n + 1 where i < 50"), 3)
        return self.do("psql", "-h", f"database.{DOMAIN}", "-U", "postgres", "-qAt",
                       *[a for s in statements for a in ("-c", s)], stdin=subprocess.DEVNULL)

    def dump(self):
        return self.do("pg_dump", "-h", f"database.{DOMAIN}", "-U", "postgres", "-f", "/dev/null")

    def publish(self):
        """A device's readings on one connection."""
        return self.do("sh", "-c", "for i in 1 2 3 4 5 6; do echo \"temperature $i\"; sleep "
                       f"{self.rng.uniform(1, 4):.1f}; done | mosquitto_pub -h broker.{DOMAIN} "
                       f"-t plant/{self.host.name} -l -i {self.host.name}-$$")

    def subscribe(self):
        return self.do("mosquitto_sub", "-h", f"broker.{DOMAIN}", "-t", "plant/#", "-W",
                       str(self.rng.randint(10, 40))) or True

    def poll(self):
        """A monitor asks agents by SNMP."""
        agents = [h for h in self.world.hosts.values() if h.name.startswith("agent")]
        return self.do("snmpwalk", "-v2c", "-c", "public", self.rng.choice(agents).address,
                       self.rng.choice(("system", "interfaces", "ip", "1.3.6.1.2.1.6")))

    def log(self):
        """Lines to a log server by UDP."""
        return self._datagrams("logs", 514, [self.rng.uniform(0.05, 1) for _ in range(12)],
                               lambda: b"<30>app: request served in %d ms" % self.rng.randrange(900))

    def camera(self):
        """Video over UDP, 40 packets a second."""
        gaps = [0.025] * (40 * self.rng.randint(5, 20))
        return self._datagrams("logs", 5004, gaps, lambda: bytes(self.rng.randint(300, 1200)))

    def _datagrams(self, name, port, gaps, make):
        script = ("import socket,sys,time\ns=socket.socket(2,2)\nfor l in sys.stdin:\n"
                  " g,n,t=l.split(' ',2)\n time.sleep(float(g))\n"
                  f" s.sendto(t.encode()[:int(n)].ljust(int(n)),({self.world.hosts[name].address!r},{port}))\n")
        lines = []
        for gap in gaps:
            data = make()
            text = data.decode("latin-1") if data[:1] != b"\0" else "x"
            lines.append(f"{gap:.3f} {len(data)} {text.strip()}\n")
        process = self.host.start(sys.executable, "-c", script, stdin=subprocess.PIPE)
        try:
            process.communicate("".join(lines).encode(), timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.returncode == 0

    def announce(self):
        """What devices shout to all: SSDP, and a broadcast."""
        with_group = ("import socket\ns=socket.socket(2,2)\ns.setsockopt(1,6,1)\n"
                      "m=b'M-SEARCH * HTTP/1.1\\r\\nHOST: 239.255.255.250:1900\\r\\n"
                      "MAN: \"ssdp:discover\"\\r\\nMX: 1\\r\\nST: ssdp:all\\r\\n\\r\\n'\n"
                      "s.sendto(m,('239.255.255.250',1900))\n"
                      f"s.sendto(b'hello', ({str(self.world.inside.broadcast_address)!r},32412))\n")
        return self.do(sys.executable, "-c", with_group)

    def backup(self):
        """rsync over ssh, a lot of it."""
        size = self.rng.choice((4, 4, 16))
        return self.do("rsync", "--bwlimit=2000", "-e", "ssh " + " ".join(self._ssh_options()), "--ignore-times",
                       f"/srv/www/big{size}.bin", f"{self.user}@ssh.{DOMAIN}:/tmp/{self.host.name}.b")


def _drain(fd):
    try:
        while os.read(fd, 4096):
            pass
    except OSError:
        pass  # the terminal's other end is closed: end of the session


# Activities and their weights, and the mean pause between two in seconds.
PLANS = {
    "person": ({"browse": 8, "lookups": 4, "ping": 1, "clock": 1, "send_mail": 2, "read_mail": 3,
                "share": 3, "shell": 1, "download": 1, "stream": 1, "upload": 1, "missing_page": 1,
                "closed_port": 1, "gone": 1, "staff": 1}, 4),
    "developer": ({"browse": 4, "shell": 3, "copy": 2, "query": 4, "api": 3, "lookups": 3,
                   "download": 1, "update": 1, "ftp_user": 1, "mistyped": 1, "closed_port": 1,
                   "telnet": 1}, 4),
    "visitor": ({"browse": 5, "lookups": 1, "ftp_anonymous": 1, "missing_page": 1, "ping": 1}, 5),
    "surfer": ({"browse": 5, "lookups": 2, "missing_page": 1, "ping": 1}, 2),
    "shopper": ({"shop": 6, "missing_page": 1, "stream": 1}, 1),
    "server": ({"query": 4, "api": 4, "log": 4, "clock": 1, "lookups": 2, "update": 1}, 3),
    "device": ({"publish": 6, "clock": 1, "lookups": 1, "announce": 1, "log": 2}, 3),
    "camera": ({"camera": 6, "clock": 1, "announce": 1}, 1),
    "monitor": ({"poll": 8, "ping": 2, "api": 1, "subscribe": 1}, 3),
    "night": ({"backup": 6, "dump": 2, "update": 2, "log": 2, "clock": 1}, 3),
    "player": ({"stream": 6, "browse": 1, "lookups": 1}, 2),
}

