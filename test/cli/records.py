# SPDX-License-Identifier: Apache-2.0
"""Labelled records in the form of NSL-KDD, made up: enough to train a small model whose
scans and floods look like those of the golden captures."""
import random

KINDS = {
    # attack: protocol, services, flag, count, serror, rerror, same_srv, how many
    "normal": ("tcp", ["http", "smtp", "ftp"], "SF", (1, 8), 0, 0, 1, 160),
    "normal_dns": ("udp", ["domain_u"], "SF", (1, 8), 0, 0, 1, 80),
    "neptune": ("tcp", ["private", "http"], "S0", (100, 300), 1, 0, 0.1, 60),
    "smurf": ("icmp", ["ecr_i"], "SF", (300, 511), 0, 0, 1, 60),
    "portsweep": ("tcp", ["private", "telnet", "ssh"], "REJ", (1, 60), 0, 1, 0.1, 80),
    "ipsweep": ("icmp", ["eco_i"], "SF", (1, 3), 0, 0, 1, 40),
    "nmap": ("tcp", ["private", "ftp"], "SH", (1, 60), 0.5, 0.5, 0.1, 40),
    "guess_passwd": ("tcp", ["telnet"], "RSTO", (1, 4), 0, 0, 1, 40),
    "warezmaster": ("tcp", ["ftp_data"], "SF", (1, 3), 0, 0, 1, 40),
    "buffer_overflow": ("tcp", ["telnet"], "SF", (1, 2), 0, 0, 1, 20),
    "rootkit": ("tcp", ["telnet", "ftp"], "SF", (1, 2), 0, 0, 1, 20),
}


def row(rng, kind):
    protocol, services, flag, count, serror, rerror, same, _ = KINDS[kind]
    n = rng.randint(*count)
    sent = rng.randint(20, 400) if flag == "SF" else 0
    answered = rng.randint(20, 4000) if flag == "SF" and protocol != "icmp" else 0
    content = [0] * 13
    if kind in ("buffer_overflow", "rootkit"):
        content = [rng.randint(1, 4), 0, 1, 1, 1, 0, rng.randint(0, 3), 1, 1, 0, 0, 0, 0]
    if kind == "guess_passwd":
        content[1] = 1
    time = [n, max(1, round(n * same)), serror, serror, rerror, rerror, same,
            round(1 - same, 2), 0]
    hosts = rng.randint(1, 255)
    host = [hosts, max(1, round(hosts * same)), same, round(1 - same, 2),
            round(rng.random() / 10, 2), 0, serror, serror, rerror, rerror]
    fields = [0, protocol, rng.choice(services), flag, sent, answered, 0, 0, 0]
    fields += content + time + host
    return fields + [kind.split("_dns")[0], rng.randint(0, 21)]


def write(path):
    rng = random.Random(1)
    lines = [row(rng, kind) for kind, spec in KINDS.items() for _ in range(spec[-1])]
    rng.shuffle(lines)
    with open(path, "w", encoding="ascii") as f:
        for fields in lines:
            f.write(",".join(str(v) for v in fields) + "\n")
