#!/usr/bin/env python3
"""Condenses the US census given names (public domain) of the PyPI source package `names` to data for the patient index.

build_given_names.py names-0.3.0.tar.gz > gateway/patient_index/match/data/given_names.tsv
Columns: name, share of all women in 1/1,000,000, share of all men in 1/1,000,000.
"""
import hashlib
import sys
import tarfile


def main() -> int:
    path = sys.argv[1]
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    shares = {}
    with tarfile.open(path) as archive:
        for column, member in enumerate(("dist.female.first", "dist.male.first")):
            for line in archive.extractfile(f"names-0.3.0/names/{member}").read().decode("ascii").splitlines():
                name, percent = line.split()[:2]
                shares.setdefault(name, [0, 0])[column] = max(1, round(float(percent) * 10_000))
    print(f"# US given names, census of 1990 (public domain), from PyPI names 0.3.0, sha256 {digest}")
    print("# name, share of women, share of men, in millionths; written by tools/build_given_names.py")
    for name in sorted(shares):
        print(name, *shares[name], sep="\t")
    return 0


if __name__ == "__main__":
    sys.exit(main())
