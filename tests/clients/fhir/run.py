#!/usr/bin/env python3
"""Runs clients.mjs against a fresh gateway. Ends with 77 (skipped) without node or where `npm ci` was not run here."""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent.parent / "conformance"))
from run import start_gateway  # noqa: E402


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    if not shutil.which("node"):
        print("skipped: there is no node")
        return 77
    if not (HERE / "node_modules").is_dir():
        print(f"skipped: run `npm ci` in {HERE}")
        return 77
    with tempfile.TemporaryDirectory(prefix="clients-") as folder:
        process, base = start_gateway(options.causeway, folder)
        try:
            return subprocess.run(["node", "clients.mjs", base], cwd=HERE, timeout=300, check=False).returncode
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    sys.exit(main())
