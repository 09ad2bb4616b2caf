#!/usr/bin/env python3
"""Who may include whom. Run as the test `layers`; prints each include that breaks the rule and exits 1 if there is one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()

# folder -> folders of ours it may include. The longest matching folder on the left decides.
MAY_INCLUDE = {
    "hl7v2": ["hl7v2", "tools"],
    "fhir": ["fhir", "tools"],
    "mappings": ["mappings", "hl7v2", "fhir", "tools"],
    "gateway": ["gateway", "mappings", "hl7v2", "fhir", "tools"],
    "gateway/patient_index/match": ["gateway/patient_index/match"],
    "gateway/storage": ["gateway/storage", "fhir"],
    "gateway/terminology": ["gateway/terminology", "fhir"],
    "tests": ["tests", "gateway", "mappings", "hl7v2", "fhir", "tools"],
    "tests/hl7v2": ["tests/support", "tests/hl7v2", "hl7v2"],
    "tests/fhir": ["tests/support", "tests/fhir", "fhir"],
    "conformance": ["conformance"],
}
# third-party header prefix -> folders that may name it (prefix of the including file)
ONLY_IN = {
    "rapidjson/": ["fhir/json/", "tests/bench/bench_json_parse.cpp", "tests/bench/bench_oru_to_bundle.cpp"],
    "pugixml": ["fhir/xml/", "gateway/exchange/", "hl7v2/xml/"],
    "sqlite3.h": ["gateway/storage/sqlite/", "gateway/terminology/"],
    "boost/asio": ["gateway/", "conformance/", "tests/"],
    "boost/beast": ["gateway/", "conformance/", "tests/"],
    "openssl/": ["gateway/", "conformance/", "tests/"],
    "toml++/": ["gateway/main/", "gateway/ops/"],
    "CLI/": ["gateway/main/", "conformance/"],
    "fmt/": ["gateway/", "conformance/", "tests/"],
}
# the only place that constructs concrete things is main: nobody includes it
NEVER_INCLUDED = ["gateway/main/"]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def longest(table, path):
    found = [key for key in table if path == key or path.startswith(key + "/")]
    return max(found, key=len) if found else None


def main():
    bad = 0
    for top in ("hl7v2", "fhir", "mappings", "gateway", "tests", "conformance"):
        for file in sorted((ROOT / top).rglob("*")):
            if file.suffix not in (".hpp", ".cpp", ".h", ".c"):
                continue
            name = file.relative_to(ROOT).as_posix()
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quoted, target = match.groups()
                if quoted == '"':
                    allowed = MAY_INCLUDE[longest(MAY_INCLUDE, name)]
                    if "/" in target and not any(target.startswith(folder + "/") for folder in allowed):
                        print(f"{name}:{number}: may not include {target}")
                        bad = 1
                    if any(target.startswith(p) for p in NEVER_INCLUDED) and not name.startswith("gateway/main/") \
                            and not name.startswith("tests/"):
                        print(f"{name}:{number}: nobody includes gateway/main")
                        bad = 1
                for prefix, places in ONLY_IN.items():
                    if target.startswith(prefix) and not any(name.startswith(place) for place in places):
                        print(f"{name}:{number}: {prefix} belongs to {', '.join(places)}")
                        bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
