#!/usr/bin/env python3
"""200 MLLP connections that begin a message and send it a byte at a time, beside one sender whose messages must be answered."""
import socket
import sys
import time

import harness

MESSAGE = ("MSH|^~\\&|WARD|HOSP|CAUSEWAY|CAUSEWAY|20260101080000||ADT^A01^ADT_A01|{0}|P|2.5.1\r"
           "EVN|A01|20260101080000\rPID|1||S-{0}^^^HOSP^MR||Slow^Ada||19700101|F\rPV1|1|I|W^1^1\r")


def attack(gateway):
    sockets = []
    for _ in range(200):
        one = socket.create_connection(("127.0.0.1", gateway.mllp), timeout=10)
        one.sendall(b"\x0bMSH|^~\\&|")
        one.setblocking(False)
        sockets.append(one)
    began = time.monotonic()
    alive, times, number = set(sockets), [], 0
    with socket.create_connection(("127.0.0.1", gateway.mllp), timeout=10) as sender:
        while alive and time.monotonic() - began < 20:
            for one in list(alive):
                try:
                    one.send(b"a")
                    if one.recv(4096) == b"":
                        alive.discard(one)
                except BlockingIOError:
                    pass
                except OSError:
                    alive.discard(one)
            number += 1
            start = time.perf_counter()
            sender.sendall(b"\x0b" + MESSAGE.format(number).encode() + b"\x1c\r")
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                answer += sender.recv(4096)
            times.append((time.perf_counter() - start) * 1000)
            if b"|AA|" not in answer:
                harness.check(False, "an honest message is accepted")
                break
            time.sleep(0.1)
    lasted = time.monotonic() - began
    for one in sockets:
        one.close()
    times.sort()
    harness.check(not alive, f"each slow frame is ended, the last after {lasted:.1f} s (limit 2 s)")
    return f"200 slow frames; {number} honest messages acknowledged, p50 {times[len(times) // 2]:.1f} ms, highest {times[-1]:.1f} ms"


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack))
