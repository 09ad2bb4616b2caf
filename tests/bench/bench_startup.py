#!/usr/bin/env python3
"""How long does a start take, and what does an idle gateway hold? Empty store, 20 starts; then 20 on the same store.

    bench_startup.py --causeway build/bench/causeway

Time is from the start of the process to the first 200 of /health/ready; memory is resident after one second of idleness.
"""
import argparse
import os
import socket
import statistics
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ready(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def start(binary, path):
    port, mllp = free_port(), free_port()
    environment = dict(os.environ, CAUSEWAY_HTTP__PORT=str(port), CAUSEWAY_MLLP__PORT=str(mllp), CAUSEWAY_STORAGE__PATH=path)
    began = time.perf_counter()
    process = subprocess.Popen([binary, "serve"], env=environment, stderr=subprocess.DEVNULL)
    while not ready(port):
        if process.poll() is not None or time.perf_counter() - began > 30:
            raise SystemExit("the gateway did not become ready")
        time.sleep(0.001)
    return process, (time.perf_counter() - began) * 1000


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    binary = os.path.abspath(options.causeway)
    for title, fresh in (("empty store", True), ("same store again", False)):
        times = []
        with tempfile.TemporaryDirectory() as folder:
            for run in range(20):
                process, took = start(binary, os.path.join(folder, f"{run if fresh else 0}.db"))
                times.append(took)
                if run == 19:
                    time.sleep(1)
                    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                        resident = [line.split()[1] for line in status if line.startswith("VmRSS")][0]
                process.terminate()
                process.wait(20)
        print(f"start, {title}: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms; idle memory {int(resident) / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
