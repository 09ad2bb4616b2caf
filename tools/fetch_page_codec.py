#!/usr/bin/env python3
"""Puts the sources of SQLite with page encryption into a folder, for the preset release-encrypted.

fetch_page_codec.py FOLDER

Debian's SQLite has no codec. SQLite3 Multiple Ciphers (MIT) is an SQLite amalgamation with one; the pinned npm package
better-sqlite3-multiple-ciphers (MIT) carries it. Nothing is fetched if the folder has it already.
"""
import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "better-sqlite3-multiple-ciphers"
VERSION = "12.11.1"
SHA256 = "01388c78f46ce63c6aec021f67b364cc67bd637edba64f7add0c0230ce5f777a"
FILES = {"package/deps/sqlite3/sqlite3.c": "sqlite3.c", "package/deps/sqlite3/sqlite3.h": "sqlite3.h",
         "package/LICENSE": "LICENSE"}


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: fetch_page_codec.py FOLDER", file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[1])
    stamp = folder / "sha256"
    if stamp.exists() and stamp.read_text() == SHA256:
        return 0
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent"], cwd=place, check=True,
                       stdout=subprocess.DEVNULL)
        archive = next(pathlib.Path(place).glob("*.tgz"))
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != SHA256:
            print(f"{PACKAGE} {VERSION}: sha256 is {found}, must be {SHA256}", file=sys.stderr)
            return 1
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as opened:
            for inside, name in FILES.items():
                (folder / name).write_bytes(opened.extractfile(inside).read())
    stamp.write_text(SHA256)
    return 0


if __name__ == "__main__":
    sys.exit(main())
