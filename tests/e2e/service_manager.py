#!/usr/bin/env python3
"""What the service manager hears (READY, WATCHDOG, STOPPING), and what SIGHUP changes: the level of the log.

Exit: 0, or 1 if a check failed."""
import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

checks = []


def check(good, what):
    checks.append(bool(good))
    print(("  ok    " if good else "  FAIL  ") + what)


def hear(told, until, wanted):
    """Datagrams until one of them is the wanted one; all of them."""
    heard = []
    while time.monotonic() < until:
        told.settimeout(max(0.01, until - time.monotonic()))
        try:
            heard.append(told.recv(4096).decode())
        except socket.timeout:
            break
        if heard[-1] == wanted:
            break
    return heard


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="notify-") as folder:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(os.path.join(folder, "notify"))
        config = os.path.join(folder, "causeway.toml")

        def configure(level, more=""):
            with open(config, "w") as out:
                out.write(f'[http]\nport = {port}\n[mllp]\nenabled = false\n[storage]\npath = "{folder}/s.db"\n{more}[log]\nlevel = "{level}"\n')

        def ready():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/health/ready")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

        configure("warning")
        log = open(os.path.join(folder, "log"), "w+")
        environment = dict(os.environ, NOTIFY_SOCKET=os.path.join(folder, "notify"), WATCHDOG_USEC="400000")
        process = subprocess.Popen([os.path.abspath(options.causeway), "serve", "--config", config], env=environment, stderr=log)
        try:
            heard = hear(told, time.monotonic() + 60, "READY=1")
            check(heard == ["READY=1"], "READY=1 comes first")
            check(ready()[0] == 200, "and then the gateway is ready")
            for _ in range(3):
                check(hear(told, time.monotonic() + 10, "WATCHDOG=1") == ["WATCHDOG=1"], "WATCHDOG=1 comes again and again")

            def logged():
                log.seek(0)
                return log.read()

            check("partners.reloaded" not in logged(), "the log is quiet at level warning")
            configure("info")
            for _ in range(2):  # the level is in force when the first is done
                process.send_signal(signal.SIGHUP)
                time.sleep(1)
            check("partners.reloaded" in logged(), "SIGHUP takes the new level of the log")
        finally:
            process.send_signal(signal.SIGTERM)
            heard = hear(told, time.monotonic() + 10, "STOPPING=1")
            check("STOPPING=1" in heard, "STOPPING=1 when it ends")
            check(process.wait(60) == 0, "the gateway ends with 0")

        configure("warning", "free_mb_min = 1000000000\n")
        process = subprocess.Popen([os.path.abspath(options.causeway), "serve", "--config", config], env=environment, stderr=log)
        try:
            hear(told, time.monotonic() + 60, "READY=1")
            status, text = ready()
            check(status == 503 and "file system is nearly full" in text, "a full disk is told at /health/ready")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
