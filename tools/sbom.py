#!/usr/bin/env python3
"""The software bill of materials of a built binary, as CycloneDX 1.5 JSON (ECMA-424) on stdout.

    sbom.py build/release/causeway > causeway.cdx.json

Components are the shared libraries the binary is linked with and the header-only libraries it is compiled from, each named by the
Debian package that holds it; and the published packages the condensed definitions are derived from (first lines of the .tsv files).
"""
import datetime
import glob
import hashlib
import json
import os
import re
import subprocess
import sys

HEADERS = {"libboost1.81-dev": "boost/version.hpp", "rapidjson-dev": "rapidjson/rapidjson.h", "libcli11-dev": "CLI/CLI.hpp",
           "libtomlplusplus-dev": "toml++/toml.h"}


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def package_of(path):
    """The Debian package that holds a file; /lib and /usr/lib are one place."""
    for candidate in {path, os.path.realpath(path), re.sub(r"^/usr", "", os.path.realpath(path)), "/usr" + path}:
        found = subprocess.run(["dpkg-query", "-S", candidate], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    return None


def debian(package):
    version, architecture, source = output("dpkg-query", "-W", "-f=${Version}\t${Architecture}\t${source:Package}", package).split("\n")[0].split("\t")
    return {"type": "library", "name": package, "version": version, "bom-ref": f"deb:{package}",
            "purl": f"pkg:deb/debian/{package}@{version}?arch={architecture}&distro=debian-12",
            "properties": [{"name": "debian:source", "value": source}]}


def definitions(root):
    """Packages named in the first line of condensed tables: name, version and hash as the generators write them."""
    seen = {}
    for path in sorted(glob.glob(os.path.join(root, "**/*.tsv"), recursive=True)):
        if os.sep + "build" + os.sep in path:
            continue
        with open(path, errors="replace") as table:
            first = table.readline()
        for registry, name, version, digest in re.findall(
                r"(?:(npm|PyPI) )?((?:@[\w.-]+/)?[\w.-]+) (\d+\.\d+\.\d+),? \(?sha256 ([0-9a-f]{64})", first):
            kind = "npm" if name.startswith("@") or registry == "npm" else "pypi" if registry == "PyPI" else "generic"
            seen[name] = {"type": "data", "name": name, "version": version, "bom-ref": f"data:{name}",
                          "purl": f"pkg:{kind}/{name.replace('@', '%40')}@{version}",
                          "hashes": [{"alg": "SHA-256", "content": digest}]}
    return list(seen.values())


def main():
    binary = sys.argv[1]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    libraries = re.findall(r"=> (/\S+)", output("ldd", binary))
    packages = sorted({package for package in map(package_of, libraries) if package} | set(HEADERS))
    with open(binary, "rb") as content:
        digest = hashlib.sha256(content.read()).hexdigest()
    version = re.search(r"project\(causeway VERSION (\S+)", open(os.path.join(root, "CMakeLists.txt")).read()).group(1)
    json.dump({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
               "metadata": {"timestamp": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                            "component": {"type": "application", "name": "causeway", "version": version, "bom-ref": "causeway",
                                          "licenses": [{"license": {"id": "Apache-2.0"}}],
                                          "hashes": [{"alg": "SHA-256", "content": digest}]}},
               "components": [debian(each) for each in packages] + definitions(root)}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
