#!/usr/bin/env python3
"""FHIR packages from the command line: a .tgz, a package's folder, a folder of packages; and what is refused."""
import argparse
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

URL = "http://example.org/named-patient"
PROFILE = {"resourceType": "StructureDefinition", "url": URL, "version": "1.0.0", "name": "NamedPatient", "status": "draft",
           "kind": "resource", "abstract": False, "type": "Patient", "derivation": "constraint",
           "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
           "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": 1}]}}
FILES = {"package.json": {"name": "org.example.named", "version": "1.0.0"}, "StructureDefinition-named-patient.json": PROFILE}
failures = []


def check(good, what):
    print(("ok   " if good else "FAIL ") + what)
    if not good:
        failures.append(what)


def archive(path):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in FILES.items():
            data = json.dumps(content).encode()
            entry = tarfile.TarInfo("package/" + name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--causeway", required=True)
    causeway = parser.parse_args().causeway
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder)
        patient = here / "patient.json"
        patient.write_text('{"resourceType":"Patient"}')

        def validate(place):
            ran = subprocess.run([causeway, "validate", "--package", str(place), "--profile", URL, str(patient)],
                                 capture_output=True, text=True, timeout=60)
            return ran.returncode, json.loads(ran.stdout) if ran.stdout.strip() else None

        def finds(place):
            code, result = validate(place)
            return code == 1 and [i["path"] for i in result["issues"] if i["severity"] == "error"] == ["Patient.name"]

        packages = here / "packages"
        packages.mkdir()
        archive(packages / "named.tgz")
        unpacked = here / "unpacked" / "package"
        unpacked.mkdir(parents=True)
        for name, content in FILES.items():
            (unpacked / name).write_text(json.dumps(content))
        check(finds(packages / "named.tgz"), "an archive")
        check(finds(packages), "a folder of archives")
        check(finds(unpacked), "a package's own folder")
        check(finds(unpacked.parent), "the folder around it")
        check(finds(unpacked / "StructureDefinition-named-patient.json"), "one definition")
        broken = here / "broken.tgz"
        broken.write_bytes((packages / "named.tgz").read_bytes()[:-40])
        check(validate(broken)[0] == 2, "an archive that breaks off is refused")
        check(validate(here / "nowhere")[0] == 2, "a place that is not there is refused")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
