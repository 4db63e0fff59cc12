#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""truth.py CAPTURE TRUTH.csv FLOWS.csv.zst [--lapwing PROGRAM]: what was each flow?

The rules that a run writes down (who attacked whom, when) are joined with the flows that
`lapwing flows` finds in the capture: one line a flow, with its class, the kind of attack
and the tool.  Which rule fits is decided as include/lapwing/labels.h says, here once more
and on its own, so that a test can hold the two against each other.

Prints flows, packets and seconds of every class, kind and tool, and names the rules that
no flow fits: such an attack did not happen, or the rule is wrong.
"""
import argparse
import csv
import ipaddress
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ANY = ("", "*", "any")
FIELDS = ("start", "end", "proto", "src_addr", "src_port", "dst_addr", "dst_port",
          "src_packets", "dst_packets", "src_bytes", "dst_bytes", "label")
COLUMNS = ("start", "end", "src", "sport", "dst", "dport", "proto", "packets", "bytes",
           "class", "kind", "tool")


class Rule:
    """One line of ground truth."""

    def __init__(self, row, number):
        self.row = row
        self.start, self.end = (None if row[k] in ANY else float(row[k])
                                for k in ("start", "end"))
        self.nets = [None if row[k] in ANY else ipaddress.ip_network(row[k])
                     for k in ("src", "dst")]
        self.ports = [None if row.get(k, "") in ANY else row[k] for k in ("sport", "dport")]
        self.proto = None if row["proto"] in ANY else row["proto"]
        bits = sum(n.prefixlen for n in self.nets if n) + any(self.nets)
        # The best rule is the first of them in this order.
        self.order = (-(8 * bits + 2 * sum(p is not None for p in self.ports)
                        + (self.proto is not None)),
                      self.start is None and self.end is None, number)
        self.flows = 0

    def fits(self, flow):
        # A rule's end is a microsecond that still counts; times of flows go on behind it.
        if self.start is not None and flow.start < self.start:
            return False
        if self.end is not None and flow.start >= self.end + 1e-6:
            return False
        if self.proto is not None and self.proto != flow.proto:
            return False
        return self._ends(flow, 0) or self._ends(flow, 1)

    def _ends(self, flow, turned):
        for i in (0, 1):
            address, port = flow.ends[i ^ turned]
            if self.ports[i] is not None and self.ports[i] != port:
                return False
            net = self.nets[i]
            if net is not None and (address is None or address not in net):
                return False
        return True


class Flow:
    """One line of `lapwing flows --format csv`."""

    def __init__(self, row):
        self.row = row
        self.start = float(row["start"])
        self.proto = row["proto"]
        self.ends = [(_address(row[s + "_addr"]), row[s + "_port"]) for s in ("src", "dst")]


def _address(text, known={}):  # noqa: B006: remembered on purpose, floods have few victims
    if text not in known:
        try:
            known[text] = ipaddress.ip_address(text)
        except ValueError:
            known[text] = None  # a MAC address
    return known[text]


def read_rules(path):
    with open(path, encoding="utf-8", newline="") as f:
        return sorted((Rule(row, i) for i, row in enumerate(csv.DictReader(f))),
                      key=lambda rule: rule.order)


def find(rules, flow):
    """The rule that says what a flow is, or None."""
    return next((rule for rule in rules if rule.fits(flow)), None)


def find_lapwing():
    built = os.path.join(os.path.dirname(HERE), "build", "lapwing")
    return built if os.path.exists(built) else shutil.which("lapwing")


def read_flows(lapwing, capture, truth):
    """Flows of a capture, each with the label that lapwing itself gives it."""
    done = subprocess.run([lapwing, "flows", "-r", capture, "--format", "csv", "--fields",
                           ",".join(FIELDS), "--labels", truth, "--label", "Normal"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{lapwing} flows -r {capture}: {done.stderr.strip()}")
    return [Flow(row) for row in csv.DictReader(done.stdout.splitlines())]


def join(rules, flows):
    """Lines of COLUMNS, one a flow."""
    lines = []
    for flow in flows:
        rule = find(rules, flow)
        if rule:
            rule.flows += 1
        what = [rule.row.get(k, "") for k in ("class", "kind", "tool")] if rule else ["Normal", "", ""]
        r = flow.row
        lines.append([r["start"], r["end"], r["src_addr"], r["src_port"], r["dst_addr"],
                      r["dst_port"], r["proto"], str(int(r["src_packets"]) + int(r["dst_packets"])),
                      str(int(r["src_bytes"]) + int(r["dst_bytes"]))] + what)
    return lines


def summary(lines, rules):
    """Text: what there is of every class, kind and tool, and rules without flows."""
    groups = {}
    for line in lines:
        g = groups.setdefault(tuple(line[9:12]), [0, 0, float(line[0]), float(line[1])])
        g[0] += 1
        g[1] += int(line[7])
        g[2] = min(g[2], float(line[0]))
        g[3] = max(g[3], float(line[1]))
    text = "flows   packets  seconds  class   kind           tool\n"
    for (name, kind, tool), (n, packets, first, last) in sorted(groups.items()):
        text += f"{n:<7} {packets:<8} {last - first:<8.1f} {name:7} {kind:14} {tool}".rstrip() + "\n"
    for rule in rules:
        if rule.flows == 0 and rule.row["kind"]:
            text += "no flow: " + " ".join(rule.row[k] for k in (
                "kind", "tool", "src", "dst", "proto", "dport", "start")) + "\n"
    return text


def write_flows(path, lines):
    table = "".join(",".join(line) + "\n" for line in [COLUMNS] + lines)
    if path.endswith(".zst"):
        subprocess.run(["zstd", "-q", "-f", "-12", "-o", path], input=table.encode(), check=True)
    else:
        with open(path, "w", encoding="utf-8") as f:
            f.write(table)


def disagreements(lines, flows):
    """Flows whose class lapwing's own reading of the rules has otherwise."""
    return [line for line, flow in zip(lines, flows) if line[9] != flow.row["label"]]


def main():
    args = argparse.ArgumentParser(description="Join ground truth with flows.")
    args.add_argument("capture")
    args.add_argument("truth")
    args.add_argument("flows", help="to write; packed when it ends with .zst")
    args.add_argument("--lapwing", default=find_lapwing(), metavar="PROGRAM")
    opt = args.parse_args()
    if not opt.lapwing:
        sys.exit("truth: no lapwing; build it, or name it by --lapwing")
    rules = read_rules(opt.truth)
    try:
        flows = read_flows(opt.lapwing, opt.capture, opt.truth)
    except RuntimeError as e:
        sys.exit(f"truth: {e}")
    lines = join(rules, flows)
    write_flows(opt.flows, lines)
    print(summary(lines, rules), end="")
    different = disagreements(lines, flows)
    if different:
        sys.exit(f"truth: {len(different)} flows that lapwing labels otherwise, such as "
                 + ",".join(different[0]))


if __name__ == "__main__":
    main()
