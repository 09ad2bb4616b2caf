#!/usr/bin/env python3
"""FHIR packages: a .tgz, a package's folder, a folder of packages; by the command line, and by a gateway that is
configured with them and asked over a socket; and what is refused."""
import argparse
import http.client
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "conformance"))
from run import start_gateway  # noqa: E402

URL = "http://example.org/named-patient"
PROFILE = {"resourceType": "StructureDefinition", "url": URL, "version": "1.0.0", "name": "NamedPatient", "status": "draft",
           "kind": "resource", "abstract": False, "type": "Patient", "derivation": "constraint",
           "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
           "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": 1, "mustSupport": True}]}}
CODED = {"resourceType": "StructureDefinition", "url": "http://example.org/coded-patient", "version": "1.0.0", "name": "CodedPatient",
         "status": "draft", "kind": "resource", "abstract": False, "type": "Patient", "derivation": "constraint", "baseDefinition": URL,
         "differential": {"element": [{"id": "Patient.maritalStatus", "path": "Patient.maritalStatus", "binding": {
             "strength": "required", "valueSet": "http://example.org/states"}}]}}
STATES = {"resourceType": "ValueSet", "url": "http://example.org/states", "status": "active", "compose": {"include": [
    {"system": "http://example.org/state", "concept": [{"code": "a"}]}]}}
FILES = {"StructureDefinition-coded-patient.json": CODED, "ValueSet-states.json": STATES,
         "package.json": {"name": "org.example.named", "version": "1.0.0"}, "StructureDefinition-named-patient.json": PROFILE}
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


def fill(folder):
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_text(json.dumps(content))


class Gateway:
    """A fresh gateway with `fhir.packages` set to a place."""

    def __init__(self, causeway, folder, packages):
        folder.mkdir()
        os.environ["CAUSEWAY_FHIR__PACKAGES"] = str(packages)
        try:
            self.process, base = start_gateway(causeway, str(folder))
        finally:
            del os.environ["CAUSEWAY_FHIR__PACKAGES"]
        self.base = urllib.parse.urlsplit(base)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def post(self, path, resource):
        connection = http.client.HTTPConnection(self.base.hostname, self.base.port, timeout=30)
        body, kind = (resource, "application/fhir+xml") if isinstance(resource, str) else (json.dumps(resource), "application/fhir+json")
        connection.request("POST", self.base.path + path, body, {"Content-Type": kind, "Accept": "application/fhir+json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def errors(self, path, resource):
        status, outcome = self.post(path, resource)
        if status != 200:
            return status
        return [each for issue in outcome["issue"] if issue["severity"] == "error" for each in issue["expression"]]


def over_a_socket(causeway, here, packages, name):
    asked = "/Patient/$validate?profile=" + urllib.parse.quote(URL, safe="")
    named = {"resourceType": "Patient", "name": [{"text": "a"}]}
    with Gateway(causeway, here / ("gateway-" + name), packages) as gateway:
        check(gateway.errors(asked, {"resourceType": "Patient"}) == ["Patient.name"], name + ": profile= in the query")
        check(gateway.errors(asked, named) == [], name + ": profile= in the query, which it meets")
        check(gateway.errors("/Patient/$validate", {"resourceType": "Patient"}) == [], name + ": R4 alone asks for no name")
        check(gateway.errors("/Patient/$validate", {"resourceType": "Patient", "meta": {"profile": [URL]}}) == ["Patient.name"],
              name + ": meta.profile")
        check(gateway.errors("/Patient/$validate", {"resourceType": "Patient", "meta": {"profile": [URL + "|1.0.0"]}}) == ["Patient.name"],
              name + ": meta.profile with its version")
        parameters = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": {"resourceType": "Patient"}},
                                                                  {"name": "profile", "valueUri": URL}]}
        check(gateway.errors("/Patient/$validate", parameters) == ["Patient.name"], name + ": profile in Parameters")
        check(gateway.errors(asked, '<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>') == ["Patient.name"],
              name + ": a resource in XML")
        other = {"resourceType": "Patient", "meta": {"profile": [CODED["url"]]}, "name": [{"text": "a"}],
                 "maritalStatus": {"coding": [{"system": "http://example.org/state", "code": "b"}]}}
        check(gateway.errors("/Patient/$validate", other) == ["Patient.maritalStatus"], name + ": a value set of the package")
        other["maritalStatus"]["coding"][0]["code"] = "a"
        check(gateway.errors("/Patient/$validate", other) == [], name + ": a code of that value set")
        del other["name"]
        check(gateway.errors("/Patient/$validate", other) == ["Patient.name"], name + ": the profile's base")
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [
            {"fullUrl": "urn:uuid:0b8a4c41-6f2b-4f6e-9a58-7f5b1e0e8d01", "resource": {"resourceType": "Patient", "meta": {"profile": [URL]}}}]}
        check(gateway.errors("/Bundle/$validate", bundle) == ["Bundle.entry[0].resource.name"], name + ": meta.profile of an entry")
        check(gateway.post("/Patient/$validate?profile=http://example.org/none", named)[0] == 404, name + ": a profile nobody loaded")


def refuses_to_start(causeway, here, packages):
    environment = dict(os.environ, CAUSEWAY_FHIR__PACKAGES=str(packages), CAUSEWAY_STORAGE__PATH=str(here / "never.db"),
                       CAUSEWAY_HTTP__PORT="0", CAUSEWAY_MLLP__PORT="0")
    ran = subprocess.run([causeway, "serve"], env=environment, capture_output=True, text=True, timeout=60, cwd=here)
    return ran.returncode != 0 and "fhir.packages" in ran.stderr + ran.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--causeway", required=True)
    causeway = os.path.abspath(parser.parse_args().causeway)
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
        fill(unpacked)
        check(finds(packages / "named.tgz"), "an archive")
        check(finds(packages), "a folder of archives")
        check(finds(unpacked), "a package's own folder")
        check(finds(unpacked.parent), "the folder around it")
        check(finds(unpacked / "StructureDefinition-named-patient.json"), "one definition")
        broken = here / "broken.tgz"
        broken.write_bytes((packages / "named.tgz").read_bytes()[:-40])
        check(validate(broken)[0] == 2, "an archive that breaks off is refused")
        check(validate(here / "nowhere")[0] == 2, "a place that is not there is refused")

        listed = subprocess.run([causeway, "validate", "--package", str(packages), "--profile", CODED["url"], "--must-support"],
                                capture_output=True, text=True, timeout=60)
        check(listed.returncode == 0 and json.loads(listed.stdout) == {"profile": CODED["url"], "must_support": ["Patient.name"]},
              "must-support elements are listed, those of the base included")

        over_a_socket(causeway, here, packages, "archives")
        over_a_socket(causeway, here, unpacked.parent, "unpacked")
        check(refuses_to_start(causeway, here, broken), "a gateway does not start with a package that it cannot read")
        check(refuses_to_start(causeway, here, here / "nowhere"), "nor with one that is not there")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
