#!/usr/bin/env python3
"""A store with encrypted pages, from outside: nothing readable on the disk, keys from all three sources, the wrong key,
backup, restore, a change of the key, and the way back to a plain store.

  encrypted_store.py --causeway build/release-encrypted/causeway

A build without the codec must refuse a key; then 77 is returned (skipped)."""
import argparse
import json
import os
import secrets
import signal
import sys
import tempfile

from store_commands import Store, check, checks

MARK = "Zzyxwvutmark"


def files_with_mark(folder):
    found = []
    for name in sorted(os.listdir(folder)):
        if os.path.isdir(os.path.join(folder, name)):  # of bulk exports, none here
            continue
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        if MARK.encode() in content or MARK.lower().encode() in content or content.startswith(b"SQLite format 3"):
            found.append(name)
    return found


def add_patients(store, count):
    for i in range(count):
        status, _ = store.request("POST", "/fhir/Patient", {"resourceType": "Patient", "name": [{"family": f"{MARK}{i}"}]})
        assert status == 201, status


def session(store, outside, folder):
    """False where the build has no codec."""
    first, second = os.path.join(outside, "first.key"), os.path.join(outside, "second.key")
    for path in (first, second):
        with open(path, "w") as out:
            out.write(secrets.token_hex(32) + "\n")
    setting = "CAUSEWAY_STORAGE__PAGE_KEY"
    store.environment[setting] = "file:" + first
    code, out, errors = store.run("doctor")
    if "cannot encrypt" in out + errors:
        return False
    for source, why in (("file:" + outside + "/none", "cannot be read"), ("env:NOT_THERE", "NOT_THERE"),
                        ("command:exit 3", "failed"), ("command:echo 12", "hexadecimal"), (first, "must be")):
        code, out, errors = store.run("serve", **{setting: source})
        check(code == 3 and why in errors, f"a key from {source.split(':')[0]} that cannot be had: {why}")
    store.start()
    add_patients(store, 40)
    check(store.patients() == 40, "40 patients")
    check(files_with_mark(folder) == [], "nothing can be read in the store, its log and its index")
    store.process.send_signal(signal.SIGKILL)
    store.process.wait()
    check(files_with_mark(folder) == [], "nor after a kill")
    store.start()
    check(store.patients() == 40, "all there after the kill")
    code, out, errors = store.run("backup", "copy.db")
    check(code == 0, f"backup beside the running gateway {errors}")
    check(files_with_mark(folder) == [], "nothing can be read in the backup")
    store.stop()

    with open(first) as file:
        key = file.read().strip()
    check(store.run("doctor", "--full", **{setting: "env:A_KEY", "A_KEY": key})[0] == 0, "a key from the environment")
    code, out, _ = store.run("doctor", "--full", **{setting: f"command:cat '{first}'"})
    check(code == 0 and "are encrypted" in out and "all sound" in out, "a key from a command")
    for source, what in (("file:" + second, "the wrong key"), ("", "no key")):
        code, _, errors = store.run("serve", **{setting: source})
        check(code == 3 and key not in errors, f"{what} does not open the store: {errors.strip()[:120]}")
    check(store.run("rekey", "--to", "file:" + second, **{setting: "file:" + second})[0] in (1, 3),
          "rekey wants the old key")

    code, out, errors = store.run("rekey", "--to", "file:" + second)
    check(code == 0, f"rekey {errors}")
    check(store.run("doctor", "--full")[0] != 0, "the old key opens it no more")
    store.environment[setting] = "file:" + second
    code, out, _ = store.run("doctor", "--full")
    check(code == 0 and "all sound" in out, "the new one does")
    check(store.run("restore", "copy.db", "--replace")[0] != 0, "a backup under the old key is not restored with the new")
    store.start()
    check(store.patients() == 40, "the gateway serves it")
    check(store.run("rekey", "--to", "file:" + first)[0] == 3, "rekey refuses beside the gateway")
    store.stop()
    check(files_with_mark(folder) == [], "still nothing to read")

    check(store.run("rekey", "--to", "none")[0] == 0, "rekey --to none")
    store.environment[setting] = ""
    code, out, _ = store.run("doctor", "--full")
    check(code == 0 and "pages of the store are plain" in out, "a plain store")
    check("store.db" in files_with_mark(folder), "which can be read, so that this test can find what it looks for")
    code, out, errors = store.run("rekey", "--to", "file:" + first)
    check(code == 0, f"and back {errors}")
    store.environment[setting] = "file:" + first
    store.start()
    check(store.patients() == 40, "all 40 are there")
    add_patients(store, 1)
    store.stop()
    check("store.db" not in files_with_mark(folder), "and encrypted again")
    return True


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="encrypted-store-") as outside, \
            tempfile.TemporaryDirectory(prefix="encrypted-store-") as folder:
        store = Store(options.causeway, folder)
        try:
            if not session(store, outside, folder):
                print("this build has no codec, and says so")
                return 77
        finally:
            if store.process and store.process.poll() is None:
                store.process.kill()
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
