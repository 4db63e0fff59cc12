# SPDX-License-Identifier: Apache-2.0
"""The networks of a range: a private view of the machine, namespaces, cables, taps.

Nothing of the machine is touched.  `enter` lays an overlay over the root file system in
a mount and process namespace of its own, so that every file, user and network namespace
made here ends with the run, and so does every process.  No packet leaves: there is no
link to the outside.

    outside (any addresses of 198.18.0.0/15)          inside (a private /24, tapped)
    sites, visitors, attackers  === cable ===  router  ---  servers, people, devices
                                (delay, loss)
"""
import ipaddress
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
OUTSIDE = ipaddress.ip_network("198.18.0.0/15")
SPOOFED = ipaddress.ip_network("203.0.113.0/24")


class Trouble(Exception):
    """What went wrong, for the user."""


def run(*command, **options):
    """Run a command that must succeed; its output is in the error when it does not."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(command)}: status {done.returncode}\n"
                      f"{done.stdout}{done.stderr}")
    return done.stdout


def write(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if isinstance(data, bytes):
        with open(path, "wb") as f:
            f.write(data)
    else:
        with open(path, "w", encoding="utf-8") as f:
            f.write(data)
    os.chmod(path, mode)


# ---------------------------------------------------------------------------- the root

def enter(base, out_dir):
    """Chroot into a copy-on-write view of the machine below the empty folder `base`;
    `out_dir` appears as /out."""
    root = base + "/root"
    run("mount", "-t", "tmpfs", "-o", "size=3g", "tmpfs", base)
    for name in ("upper", "work", "root"):
        os.mkdir(f"{base}/{name}")
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir=/,upperdir={base}/upper,workdir={base}/work", root)
    with open("/etc/resolv.conf", encoding="ascii") as f:
        resolver = f.read()
    os.makedirs(root + "/out", exist_ok=True)
    run("mount", "--bind", out_dir, root + "/out")
    run("mount", "--rbind", "/dev", root + "/dev")
    run("mount", "-t", "proc", "proc", root + "/proc")
    run("mount", "-t", "sysfs", "sysfs", root + "/sys")
    for name in ("run", "tmp"):
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", f"{root}/{name}")
    os.chroot(root)
    os.chdir("/")
    if os.path.islink("/etc/resolv.conf"):
        os.remove("/etc/resolv.conf")
    write("/etc/resolv.conf", resolver)


def install(packages):
    """Install into the overlay what is missing."""
    missing = [p for p in packages if subprocess.run(
        ["dpkg-query", "-W", "-f", "${Status}", p], capture_output=True, text=True,
        check=False).stdout != "install ok installed"]
    if not missing:
        return
    print("range: installing into the overlay (not into this machine): "
          + " ".join(missing), file=sys.stderr, flush=True)
    write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C")
    run("apt-get", "update", env=env)
    run("apt-get", "install", "-y", "--no-install-recommends", *missing, env=env)


# --------------------------------------------------------------------------- the hosts

class Host:
    """One machine: a network namespace with one cable."""

    def __init__(self, name, address, is_outside):
        self.name = name
        self.address = address
        self.is_outside = is_outside

    def command(self, *words):
        return ("ip", "netns", "exec", self.name) + words

    def start(self, *words, **options):
        """A process that goes on; its output is thrown away."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
                   "stderr": subprocess.DEVNULL} | options
        return subprocess.Popen(self.command(*words), **options)

    def do(self, *words, timeout=90, **options):
        """Run to the end; whether it succeeded.  What takes too long is ended."""
        process = self.start(*words, start_new_session=True, **options)
        try:
            return process.wait(timeout) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            return False


class World:
    """Switches, hosts and the tap.  `rng` chooses addresses and delays."""

    def __init__(self, rng):
        self.rng = rng
        self.hosts = {}
        net = rng.choice((f"10.{rng.randrange(256)}.{rng.randrange(256)}.0/24",
                          f"172.{rng.randrange(16, 32)}.{rng.randrange(256)}.0/24",
                          f"192.168.{rng.randrange(256)}.0/24"))
        self.inside = ipaddress.ip_network(net)
        self.free = list(self.inside.hosts())[1:250]
        rng.shuffle(self.free)
        self.gateway = str(self.inside[1])
        self.tap = None
        self._build()

    def _build(self):
        run("ip", "netns", "add", "switch")
        run("ip", "netns", "add", "router")
        run("ip", "netns", "add", "cable")
        for bridge in ("inside", "outside"):
            run("ip", "-n", "switch", "link", "add", "name", bridge, "type", "bridge",
                "mcast_snooping", "0")
            run("ip", "-n", "switch", "link", "set", bridge, "up")
        self._plug("router", "lan", "switch", "r-lan", "inside")
        self._plug("router", "wan", "cable", "near", None)
        self._plug("cable", "far", "switch", "r-wan", "outside")
        run("ip", "-n", "router", "addr", "add", f"{self.gateway}/24", "dev", "lan")
        run("ip", "-n", "router", "addr", "add", f"{OUTSIDE[1]}/15", "dev", "wan")
        run("ip", "netns", "exec", "router", "sysctl", "-qw", "net.ipv4.ip_forward=1",
            "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.lan.rp_filter=0",
            "net.ipv4.conf.wan.rp_filter=0", "net.ipv4.conf.all.send_redirects=0")
        # Answers to addresses that nobody has go nowhere, silently.
        run("ip", "-n", "router", "route", "add", "blackhole", str(SPOOFED))
        self.cable = subprocess.Popen(
            ("ip", "netns", "exec", "cable", sys.executable, HERE + "/cable.py", "near",
             "far", str(self.rng.randrange(2**32))), stdin=subprocess.DEVNULL)

    def _plug(self, host, device, other, port, bridge):
        """A cable from `device` of namespace `host` to `port` of `other`; segments and
        checksums on it are as on a wire."""
        run("ip", "-n", host, "link", "add", "name", device, "type", "veth", "peer",
            "name", port, "netns", other)
        if bridge:
            run("ip", "-n", other, "link", "set", port, "master", bridge)
        for where, name in ((host, device), (other, port)):
            run("ip", "-n", where, "link", "set", "lo", "up")
            run("ip", "-n", where, "link", "set", name, "up")
            run("ip", "netns", "exec", where, "ethtool", "-K", name, "tx", "off", "rx",
                "off", "tso", "off", "gso", "off", "gro", "off")

    def add(self, name, outside=False, windows=False):
        """A new host.  windows: TTL and TCP options as that system has them."""
        if outside:
            address = str(OUTSIDE[self.rng.randrange(256, OUTSIDE.num_addresses - 256)])
            gateway, bridge, prefix = str(OUTSIDE[1]), "outside", 15
        else:
            address, gateway, bridge, prefix = str(self.free.pop()), self.gateway, "inside", 24
        host = Host(name, address, outside)
        run("ip", "netns", "add", name)
        self._plug(name, "eth0", "switch", f"p{len(self.hosts)}", bridge)
        run("ip", "-n", name, "addr", "add", f"{address}/{prefix}", "brd", "+", "dev", "eth0")
        run("ip", "-n", name, "route", "add", "default", "via", gateway)
        if windows:
            run(*host.command("sysctl", "-qw", "net.ipv4.ip_default_ttl=128",
                              "net.ipv4.tcp_timestamps=0"))
        self.hosts[name] = host
        return host

    def name_server(self, address):
        for host in self.hosts.values():
            write(f"/etc/netns/{host.name}/resolv.conf",
                  f"nameserver {address}\noptions timeout:2 attempts:2\n")

    def record(self, path):
        """Begin to write what crosses the inside switch."""
        self.tap = subprocess.Popen(
            ("ip", "netns", "exec", "switch", "tcpdump", "-i", "inside", "-n", "-U", "-Z",
             "root", "-B", "32768", "-w", path, "--time-stamp-precision=micro"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(1.5)

    def stop_recording(self):
        time.sleep(1)
        self.tap.terminate()  # `ip netns exec` became tcpdump: this flushes its file
        self.tap.wait()


def is_installed(command):
    return shutil.which(command) is not None
