#!/usr/bin/env python3
"""Condenses the US census family names (public domain) of the PyPI source package `names` to data for the test generator.

build_family_names.py names-0.3.0.tar.gz > tests/gateway/patient_index/generator/family_names.tsv
Columns: name, share in 1/1,000,000. The 8,000 most frequent names; the generator makes rarer ones itself.
"""
import hashlib
import sys
import tarfile


def main() -> int:
    path = sys.argv[1]
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    print(f"# US family names, census of 1990 (public domain), from PyPI names 0.3.0, sha256 {digest}")
    print("# name, share in millionths; written by tools/build_family_names.py")
    with tarfile.open(path) as archive:
        lines = archive.extractfile("names-0.3.0/names/dist.all.last").read().decode("ascii").splitlines()
    for line in lines[:8000]:
        name, percent = line.split()[:2]
        print(name, max(1, round(float(percent) * 10_000)), sep="\t")
    return 0


if __name__ == "__main__":
    sys.exit(main())
