#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cable.py NEAR FAR SEED: a long cable between two devices of this namespace.

Frames are handed on later: every station at the far end has a distance of its own, 4 to
60 ms one way, and each frame a jitter of a tenth of it at most; order is kept for each
station and direction, and one frame in 2,000 is lost.  The kernel's netem does the same,
where there is one.
"""
import heapq
import random
import select
import socket
import sys
import time

LOSS = 1 / 2000
QUEUE_MAX = 4000  # frames under way; more are lost, as in a full router


def main():
    rng = random.Random(int(sys.argv[3]))
    ports = []
    for name in sys.argv[1:3]:
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        # Promiscuous (PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC), or frames to others
        # are marked as such but come all the same.
        s.bind((name, 0))
        s.setsockopt(263, 1, socket.if_nametoindex(name).to_bytes(4, sys.byteorder)
                     + (1).to_bytes(2, sys.byteorder) + bytes(10))
        s.setblocking(False)
        ports.append(s)
    distance = {}
    last = {}
    queue = []
    number = 0
    while True:
        wait = None if not queue else max(0.0, queue[0][0] - time.monotonic())
        for s in select.select(ports, (), (), wait)[0]:
            side = ports.index(s)
            for _ in range(64):
                try:
                    frame, address = s.recvfrom(65535)
                except BlockingIOError:
                    break
                if address[2] == socket.PACKET_OUTGOING:
                    continue
                if len(queue) >= QUEUE_MAX or rng.random() < LOSS:
                    continue
                station = frame[6:12] if side else frame[0:6]
                base = distance.setdefault(station, rng.uniform(0.004, 0.06))
                due = time.monotonic() + base * (1 + rng.uniform(0, 0.1))
                due = max(due, last.get((station, side), 0))
                last[station, side] = due
                number += 1
                heapq.heappush(queue, (due, number, 1 - side, frame))
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            _, _, side, frame = heapq.heappop(queue)
            try:
                ports[side].send(frame)
            except OSError:
                pass  # a full device loses frames


if __name__ == "__main__":
    main()
