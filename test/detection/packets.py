# SPDX-License-Identifier: Apache-2.0
"""Packets for captures that are made: just enough of each header."""
import ipaddress
import random
import struct

FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}


def checksum(data):
    data += b"\0" * (len(data) % 2)
    n = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff


def raw(addr):
    return ipaddress.ip_address(addr).packed


def mac_of(addr):
    return b"\x02\0" + raw(addr)[-4:]


class Wire:
    """The packets of one attack, each with its time in seconds after the first."""

    def __init__(self, net, start):
        self.net, self.start, self.packets = net, start, []
        self.random = random.Random(net)
        self.ident = 1

    def host(self, n):
        """The n-th host of the network where the attack is."""
        return "10.%d.%d.%d" % (self.net, n // 250, n % 250 + 1)

    def host6(self, n):
        return "fd00:%x::%x" % (self.net, n + 1)

    def outside(self, n):
        return "100.%d.%d.%d" % (64 + self.net % 64, n // 250, n % 250 + 1)

    def frame(self, at, ethertype, body, src=b"\x02\0\0\0\0\1", dst=b"\x02\0\0\0\0\2"):
        self.packets.append((self.start + at, dst + src + struct.pack(">H", ethertype) + body))

    def ip(self, at, src, dst, proto, body, fragment=0, ident=None):
        if ":" in src:
            head = struct.pack(">IHBB", 6 << 28, len(body), proto, 64) + raw(src) + raw(dst)
            return self.frame(at, 0x86dd, head + body, mac_of(src), mac_of(dst))
        self.ident = self.ident % 65535 + 1
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body),
                           self.ident if ident is None else ident, fragment, 64, proto, 0)
        head += raw(src) + raw(dst)
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        return self.frame(at, 0x0800, head + body, mac_of(src), mac_of(dst))

    def sealed(self, src, dst, proto, body, at):
        """The body with its checksum, which stands at `at`."""
        n = len(body)
        pseudo = raw(src) + raw(dst) + (struct.pack(">IxxxB", n, proto) if ":" in src
                                        else struct.pack(">xBH", proto, n))
        return body[:at] + struct.pack(">H", checksum(pseudo + body) or 0xffff) + body[at + 2:]

    def tcp_bytes(self, src, sport, dst, dport, flags, data=b"", seq=1, ack=0, window=8192):
        bits = sum(FLAGS[f] for f in flags)
        body = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 5 << 4, bits, window, 0, 0)
        return self.sealed(src, dst, 6, body + data, 16)

    def tcp(self, at, src, sport, dst, dport, flags, data=b"", **more):
        self.ip(at, src, dst, 6, self.tcp_bytes(src, sport, dst, dport, flags, data, **more))

    def udp(self, at, src, sport, dst, dport, data=b""):
        body = struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data
        self.ip(at, src, dst, 17, self.sealed(src, dst, 17, body, 6))

    def icmp(self, at, src, dst, kind, code=0, ident=1, seq=1, data=b"x" * 32):
        body = struct.pack(">BBHHH", kind, code, 0, ident, seq) + data
        self.ip(at, src, dst, 1, body[:2] + struct.pack(">H", checksum(body)) + body[4:])

    def icmp6(self, at, src, dst, kind, data):
        self.ip(at, src, dst, 58, self.sealed(src, dst, 58,
                                               struct.pack(">BBH", kind, 0, 0) + data, 2))

    def arp(self, at, op, sender, target, mac=None, to=b"\xff" * 6):
        mac = mac or mac_of(sender)
        body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, op) + mac + raw(sender)
        self.frame(at, 0x0806, body + (b"\0" * 6 if op == 1 else to) + raw(target), mac, to)

    def talk(self, at, src, sport, dst, dport, lines, close="F", gap=0.01, window=8192):
        """A connection: lines are (from the client?, bytes)."""
        seq, ack = 1000, 5000

        def say(mine, flags, data=b""):
            nonlocal at
            at += gap
            if mine:
                self.tcp(at, src, sport, dst, dport, flags, data, seq=seq,
                         ack=0 if flags == "S" else ack, window=window)
            else:
                self.tcp(at, dst, dport, src, sport, flags, data, seq=ack, ack=seq)

        say(True, "S")
        seq += 1
        say(False, "SA")
        ack += 1
        say(True, "A")
        for mine, data in lines:
            say(mine, "PA", data)
            if mine:
                seq += len(data)
            else:
                ack += len(data)
        if close == "F":
            say(True, "FA")
            seq += 1
            say(False, "FA")
            ack += 1
            say(True, "A")
        elif close == "R":
            say(True, "RA")
        return at


def dns(name, kind=1, ident=7, answer=None, rcode=0):
    """A question, or with an answer (bytes of a record's data) or an rcode its answer."""
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0"
    reply = answer is not None or rcode
    head = struct.pack(">HHHHHH", ident, (0x8180 | rcode) if reply else 0x0100, 1,
                       1 if answer else 0, 0, 0)
    body = head + labels + struct.pack(">HH", kind, 1)
    if answer:
        body += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(answer)) + answer
    return body


def write_pcap(path, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for at, data in sorted(packets, key=lambda p: p[0]):
            us = round(at * 1e6)
            f.write(struct.pack("<IIII", us // 1000000, us % 1000000, len(data), len(data)))
            f.write(data)
