"""A gateway under attack: its memory, and how long an honest client waits beside the attack.

An attack script plays run(attack, ...): the honest client works alone, then beside the attack, then alone again. Written down are the
resident memory of the server (before, highest, after) and the 50th and 99th percentile of the honest client's reads. What must hold:
memory grows by less than `memory_mb_max`, the honest p99 beside the attack is at most the double of the one alone (or below a floor of
milliseconds that a busy test machine gives by itself), and the gateway answers afterwards.
"""
import argparse
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

checks = []


def check(good, what):
    checks.append(bool(good))
    print(("ok      " if good else "FAILED  ") + what, flush=True)
    return good


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    """`settings` are lines of TOML put after the usual ones; a section that stands in both is written in `sections`."""

    def __init__(self, binary, folder, sections=None, more=""):
        self.port, self.mllp, self.folder = free_port(), free_port(), folder
        usual = {"http": {"port": self.port, "threads": 2, "header_timeout_ms": 2000, "body_timeout_ms": 4000, "idle_timeout_ms": 4000},
                 "mllp": {"port": self.mllp, "frame_timeout_ms": 2000, "idle_timeout_ms": 4000},
                 "storage": {"path": f"{folder}/store.db"}, "log": {"level": "info", "format": "json"}}
        for name, values in (sections or {}).items():
            usual.setdefault(name, {}).update(values)
        text = ""
        for name, values in usual.items():
            text += f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        config = pathlib.Path(folder, "causeway.toml")
        config.write_text(text + more)
        self.log_path = pathlib.Path(folder, "log")
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen([binary, "serve", "--config", str(config)], stderr=self.log, stdout=self.log)
        for _ in range(1500):
            try:
                if self.request("GET", "/health/ready")[0] == 200:
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        sys.exit("the gateway did not start: " + self.log_path.read_text(errors="replace")[-2000:])

    def request(self, method, target, body=None, headers=None, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, target, body, headers or ({"Content-Type": "application/fhir+json"} if body else {}))
            answer = connection.getresponse()
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
        finally:
            connection.close()

    def raw(self, data, timeout=10, read=True):
        """Bytes over a connection of their own; what came back until it was closed or the time was up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            out = b""
            try:
                connection.sendall(data)
                while read:
                    piece = connection.recv(65536)
                    if not piece:
                        break
                    out += piece
            except (ConnectionError, TimeoutError, socket.timeout):
                pass
            return out

    def memory_mb(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "killed"


class Honest:
    """Reads one patient over a kept connection, again and again, with a pause; in a process of its own, so that it does not wait for
    the attackers' own work."""

    def __init__(self, gateway, target):
        self.command = [sys.executable, __file__, "--honest", str(gateway.port), target]
        self.process, self.failed = None, 0

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self):
        """(median, 99th percentile in ms, number of reads)"""
        told = json.loads(self.process.communicate("stop\n", timeout=60)[0])
        self.failed = told["failed"]
        return told["p50"], told["p99"], told["reads"]


def be_honest(port, target):
    on, times, failed, connection = [True], [], 0, None
    threading.Thread(target=lambda: (sys.stdin.readline(), on.clear()), daemon=True).start()
    while on:
        began = time.perf_counter()
        try:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", target)
            answer = connection.getresponse()
            answer.read()
            failed += answer.status != 200
        except (OSError, http.client.HTTPException):
            failed += 1
            connection = None
        times.append((time.perf_counter() - began) * 1000)
        time.sleep(0.002)
    times.sort()
    print(json.dumps({"p50": times[len(times) // 2], "p99": times[min(len(times) - 1, int(len(times) * 0.99))],
                      "reads": len(times), "failed": failed}))


class Memory(threading.Thread):
    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway, self.highest, self.on = gateway, 0, True

    def run(self):
        while self.on:
            try:
                self.highest = max(self.highest, self.gateway.memory_mb())
            except OSError:
                return
            time.sleep(0.05)

    def stop(self):
        self.on = False
        self.join(5)
        return self.highest


def measure(gateway, target, attack, seconds=3):
    """The figures of one attack, as a dictionary."""
    def honest_alone():
        honest = Honest(gateway, target)
        honest.start()
        time.sleep(seconds)
        return honest.stop()

    honest_alone()  # everything is warm now
    before = gateway.memory_mb()
    p50_alone, p99_alone, _ = honest_alone()
    memory, honest = Memory(gateway), Honest(gateway, target)
    memory.start()
    honest.start()
    time.sleep(0.5)  # it is connected before the attack: who comes later may have to wait for a place
    began = time.monotonic()
    told = attack(gateway)
    # the attack may be over in less time than a percentile needs
    time.sleep(max(0, seconds - (time.monotonic() - began)))
    p50, p99, count = honest.stop()
    highest = memory.stop()
    failed = honest.failed
    time.sleep(0.5)
    return {"memory": (before, highest, gateway.memory_mb()), "alone": (p50_alone, p99_alone), "beside": (p50, p99), "reads": count,
            "failed": failed, "told": told, "seconds": time.monotonic() - began}


def run(description, attack, sections=None, more="", memory_mb_max=64, floor_ms=25, seconds=3):
    """The main of an attack script: `attack(gateway)` attacks for some seconds, checks what it is answered, and returns one line that
    says what it did."""
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        gateway = Gateway(os.path.abspath(options.causeway), folder, sections, more)
        try:
            body = json.dumps({"resourceType": "Patient", "id": "honest", "name": [{"family": "Honest"}]})
            gateway.request("PUT", "/fhir/Patient/honest", body)
            figures = measure(gateway, "/fhir/Patient/honest", attack, seconds)
            before, highest, after = figures["memory"]
            print(f"        {figures['told']}")
            print(f"        memory {before:.0f} MB, at most {highest:.0f}, afterwards {after:.0f}; honest reads {figures['reads']}, p50/p99 alone "
                  f"{figures['alone'][0]:.2f}/{figures['alone'][1]:.2f} ms, beside {figures['beside'][0]:.2f}/{figures['beside'][1]:.2f} ms")
            check(highest - before <= memory_mb_max, f"memory grows by less than {memory_mb_max} MB")
            check(figures["failed"] == 0, "every honest read is answered")
            check(figures["beside"][1] <= max(2 * figures["alone"][1], floor_ms), f"the honest p99 at most doubles (or stays below {floor_ms} ms)")
            check(gateway.request("GET", "/fhir/Patient/honest")[0] == 200, "the gateway serves afterwards")
        finally:
            check(gateway.stop() == 0, "and ends with 0")
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    return 0 if all(checks) else 1


if __name__ == "__main__" and sys.argv[1:2] == ["--honest"]:
    be_honest(int(sys.argv[2]), sys.argv[3])
