#!/usr/bin/env python3
"""How do searches answer over many resources? Loads generated records (records.py) into a fresh store, or uses one that is
there, starts the gateway over it and prints for each query: p50 and p99 of one client alone, the saturated rate, and p50 and p99
at half of it, counted from when a request was due. At last start-up time, memory and file size.

    search_at_size.py --causeway build/release/causeway --store /tmp/big.db --resources 1000000 [--seconds 3] [--soak 600]

With --requests it asks each query so often instead, by one client, and prints the server's processor time per request, which
a busy machine hardly disturbs. With --soak it mixes all queries with writes for so many seconds and prints memory as it goes."""
import argparse
import http.client
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "conformance"))
sys.path.insert(0, str(HERE))
from records import DRUGS, FAMILIES, LOINC, SNOMED  # noqa: E402
from run import free_port  # noqa: E402


class Wire:
    """One kept-alive connection; as little work as it can, since it shares the machine with the server."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path, body=None):
        head = f"{'PUT' if body else 'GET'} /fhir/{path} HTTP/1.1\r\nHost: x\r\n"
        if body:
            head += f"Content-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n"
        self.socket.sendall(head.encode() + b"\r\n" + (body or "").encode())
        data = self.socket.recv(262144)
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(262144)
        end = data.index(b"\r\n\r\n")
        at = data.find(b"Content-Length: ", 0, end)
        length = int(data[at + 16:data.index(b"\r\n", at)]) if at >= 0 else 0
        pieces, have = [data], len(data)
        while have < end + 4 + length:
            more = self.socket.recv(1048576)
            pieces.append(more)
            have += len(more)
        return int(data[9:12]), have


def queries(r, patients):
    loinc, snomed = "http://loinc.org|", "http://snomed.info/sct|"
    who = lambda: f"p{r.randrange(patients):08}"  # noqa: E731
    frequent, rare = LOINC.names[0], LOINC.names[400:]
    return {
        "read": lambda: f"Patient/{who()}",
        "token, frequent": lambda: f"Observation?code={loinc}{frequent}&_count=20",
        "token, rare": lambda: f"Observation?code={loinc}{r.choice(rare)}&_count=20",
        "identifier": lambda: f"Patient?identifier=urn:oid:1.2.36.146.595.217.0.1|MRN{r.randrange(patients):08}",
        "reference": lambda: f"Observation?patient={who()}&_count=20",
        "reference + date": lambda: f"Observation?patient={who()}&date=ge{r.randint(2015, 2023)}&_count=20",
        "reference + token": lambda: f"Observation?patient={who()}&code={loinc}{frequent}&_count=20",
        "dense status + rare code": lambda: f"Observation?status=final&code={loinc}{r.choice(rare)}&_count=20",
        "date, one day": lambda: f"Observation?date={r.randint(2015, 2024)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}&_count=20",
        "code + date, _sort=-date": lambda: f"Observation?code={loinc}{LOINC.names[r.randrange(20, 200)]}&date=ge2020&_sort=-date&_count=20",
        "_include": lambda: f"Observation?code={loinc}{LOINC.pick(r)}&_count=20&_include=Observation:patient",
        "_revinclude": lambda: f"Patient?_id={who()}&_revinclude=Condition:patient",
        "name prefix": lambda: f"Patient?family={r.choice(FAMILIES)[:4]}&_count=20",
        "chain, narrow": lambda: f"Observation?patient.identifier=urn:oid:1.2.36.146.595.217.0.1|MRN{r.randrange(patients):08}&_count=20",
        "chain, name": lambda: f"Condition?patient.family={r.choice(FAMILIES)}&code={snomed}{SNOMED.pick(r)}&_count=20",
        "_has": lambda: f"Patient?_has:Condition:patient:code={snomed}{SNOMED.names[r.randrange(100, 400)]}&_count=20",
        "compartment": lambda: f"Patient/{who()}/MedicationRequest?_count=20",
        "value range of a code": lambda: f"Observation?code-value-quantity={loinc}{LOINC.names[r.randrange(20, 200)]}$gt140&_count=20",
        "count of a code": lambda: f"Observation?code={loinc}{LOINC.pick(r)}&_summary=count",
        "history of one": lambda: f"Patient/{who()}/_history",
        "two codes": lambda: f"MedicationRequest?code={r.choice(DRUGS.names)},{r.choice(DRUGS.names)}&_count=20",
    }


def quantile(times, part):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * part))] * 1000 if times else float("nan")


def measure(port, make, seconds, clients=4):
    """(alone p50, p99, rate, half p50, p99, failures)"""
    failures = [0]

    def once(wire):
        status, _ = wire.get(urllib.parse.quote(make(), safe="/?&=:|,$"))
        failures[0] += status != 200

    alone, wire, until = [], Wire(port), time.perf_counter() + seconds / 2
    while time.perf_counter() < until:
        begin = time.perf_counter()
        once(wire)
        alone.append(time.perf_counter() - begin)
    counts, stop = [0] * clients, time.perf_counter() + seconds

    def closed(number):
        mine = Wire(port)
        while time.perf_counter() < stop:
            once(mine)
            counts[number] += 1

    threads = [threading.Thread(target=closed, args=(number,)) for number in range(clients)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(counts) / (time.perf_counter() - begin)
    # Due times at half of the rate; a worker that is late counts its lateness.
    due, half, lock = [], [], threading.Lock()
    start = time.perf_counter() + 0.05
    due = [start + i / (rate / 2) for i in range(max(1, int(rate / 2 * seconds)))]
    position = [0]

    def open_loop():
        mine = Wire(port)
        while True:
            with lock:
                if position[0] == len(due):
                    return
                when = due[position[0]]
                position[0] += 1
            wait = when - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            once(mine)
            half.append(time.perf_counter() - when)

    threads = [threading.Thread(target=open_loop) for _ in range(2 * clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return quantile(alone, .5), quantile(alone, .99), rate, quantile(half, .5), quantile(half, .99), failures[0]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processor_time(port, pid, make, requests):
    """(milliseconds of the server per request, failures, bytes per answer)"""
    wire, failures, have = Wire(port), 0, 0
    before = cpu_seconds(pid)
    for _ in range(requests):
        status, size = wire.get(urllib.parse.quote(make(), safe="/?&=:|,$"))
        failures += status != 200
        have += size
    return (cpu_seconds(pid) - before) / requests * 1000, failures, have // requests


def memory_mb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {key: int(text[text.index(key + ":"):].split()[1]) / 1024 for key in ("VmRSS", "VmHWM", "RssAnon")}


def start(options, port):
    environment = dict(os.environ, CAUSEWAY_HTTP__PORT=str(port), CAUSEWAY_MLLP__ENABLED="false",
                       CAUSEWAY_STORAGE__PATH=options.store, CAUSEWAY_LOG__LEVEL="warning",
                       CAUSEWAY_PATIENT_INDEX__ENABLED="false")
    begin = time.perf_counter()
    process = subprocess.Popen([options.causeway, "serve"], env=environment)
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return process, time.perf_counter() - begin
        except OSError:
            pass
        if process.poll() is not None:
            sys.exit("the gateway did not start")
        time.sleep(0.01)


def load(options, port):
    with tempfile.TemporaryDirectory(prefix="records-", dir=os.path.dirname(options.store) or ".") as folder:
        file = os.path.join(folder, "records.ndjson")
        os.mkfifo(file)  # ten million records would fill a disk
        maker = subprocess.Popen(["sh", "-c", f'exec "{sys.executable}" "{HERE / "records.py"}" {options.resources} > "{file}"'])
        process, _ = start(options, port)
        begin = time.perf_counter()
        subprocess.run([options.causeway, "load", "--server", f"http://127.0.0.1:{port}/fhir", file], check=True,
                       stdout=subprocess.DEVNULL)
        took = time.perf_counter() - begin
        if maker.wait() != 0:
            sys.exit("the records could not be made")
        print(f"loaded {options.resources} resources in {took:.0f} s: {options.resources / took:.0f}/s, peak memory "
              f"{memory_mb(process.pid)['VmHWM']:.0f} MB", flush=True)
        process.terminate()
        process.wait(120)


def soak(options, port, process, named, patients):
    r, until, done, failed = random.Random(7), time.monotonic() + options.soak, [0], [0]
    makers = list(named.values())

    def client(number):
        mine, wire = random.Random(number), Wire(port)
        while time.monotonic() < until:
            if mine.random() < .2:
                path = f"Observation/soak{mine.randrange(20000):06}"
                status, _ = wire.get(path, f'{{"resourceType":"Observation","id":"{path[12:]}","status":"final","code":{{"text":"{mine.random()}"}},'
                                           f'"subject":{{"reference":"Patient/p{mine.randrange(patients):08}"}}}}')
                failed[0] += status not in (200, 201)
            else:
                status, _ = wire.get(urllib.parse.quote(mine.choice(makers)(), safe="/?&=:|,$"))
                failed[0] += status != 200
            done[0] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    begin = time.monotonic()
    while any(thread.is_alive() for thread in threads):
        time.sleep(min(30, options.soak / 10))
        memory = memory_mb(process.pid)
        print(f"soak {time.monotonic() - begin:.0f} s: {done[0]} requests, {failed[0]} failed, resident {memory['VmRSS']:.0f} MB, "
              f"own {memory['RssAnon']:.0f} MB", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    arguments.add_argument("--store", required=True)
    arguments.add_argument("--resources", type=int, default=100000)
    arguments.add_argument("--seconds", type=float, default=3)
    arguments.add_argument("--requests", type=int, default=0)
    arguments.add_argument("--soak", type=float, default=0)
    arguments.add_argument("--only", default="")
    options = arguments.parse_args()
    options.causeway = os.path.abspath(options.causeway)
    options.store = os.path.abspath(options.store)
    port = free_port()
    if not os.path.exists(options.store):
        load(options, port)
    process, took = start(options, port)
    print(f"started in {took * 1000:.0f} ms; file {os.path.getsize(options.store) / 1e6:.0f} MB, "
          f"{os.path.getsize(options.store) / options.resources:.0f} bytes a resource")
    patients = (options.resources + 9) // 10
    named = queries(random.Random(3), patients)
    try:
        if options.soak:
            soak(options, port, process, named, patients)
        elif options.requests:
            print(f"{'query':28} {'server ms':>9} {'bytes':>8}")
            for name, make in named.items():
                if options.only in name:
                    row = processor_time(port, process.pid, make, options.requests)
                    print(f"{name:28} {row[0]:9.2f} {row[2]:8}" + (f"  {row[1]} FAILED" if row[1] else ""), flush=True)
        else:
            print(f"{'query':28} {'alone p50':>9} {'p99 ms':>8} {'rate/s':>8} {'half p50':>9} {'p99 ms':>8}")
            for name, make in named.items():
                if options.only and options.only not in name:
                    continue
                row = measure(port, make, options.seconds)
                print(f"{name:28} {row[0]:9.2f} {row[1]:8.2f} {row[2]:8.0f} {row[3]:9.2f} {row[4]:8.2f}"
                      + (f"  {row[5]} FAILED" if row[5] else ""), flush=True)
        memory = memory_mb(process.pid)
        print(f"memory: resident {memory['VmRSS']:.0f} MB, peak {memory['VmHWM']:.0f} MB, own {memory['RssAnon']:.0f} MB")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


if __name__ == "__main__":
    main()
