#!/usr/bin/env python3
"""Calls everything that the CapabilityStatement of a fresh gateway claims: each interaction of each type, each search
parameter with a value of its type, each include, each operation at each of its levels. A claim that ends in 404
not-supported, 405, 501 or 5xx, or a search parameter that is refused, is a failure."""
import argparse
import http.client
import json
import pathlib
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "conformance"))
from run import start_gateway  # noqa: E402

VALUES = {"token": "http://example.org|x", "string": "x", "reference": "Patient/x", "date": "ge2020-01-01", "number": "1",
          "quantity": "1|http://unitsofmeasure.org|mg", "uri": "http://example.org/x", "special": "1|2|3|km"}
failures = []


class Connection:
    def __init__(self, base):
        self.parts = urllib.parse.urlsplit(base)
        self.connection = http.client.HTTPConnection(self.parts.hostname, self.parts.port, timeout=60)

    def call(self, method, path, body=None, headers=None):
        data = json.dumps(body).encode() if body is not None else None
        fields = {"Accept": "application/fhir+json", **({"Content-Type": "application/fhir+json"} if data else {}), **(headers or {})}
        self.connection.request(method, self.parts.path + path, body=data, headers=fields)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def claim(what, allowed, result):
    status, data = result
    if status not in allowed:
        failures.append(f"{what}: {status} {data[:200].decode(errors='replace')}")


def value_of(parameter, statement_type):
    if parameter["type"] == "composite":
        return None  # its parts differ; the search cases have each kind
    name = parameter["name"]
    fixed = {"_id": "x", "_type": statement_type, "_filter": "_id eq x", "_list": "x", "_text": "x", "_content": "x",
             "_has": None, "_query": None, "_lastUpdated": "ge2020-01-01"}
    if name in fixed:
        return fixed[name]
    return VALUES[parameter["type"]]


def search_parameters(server, resource):
    name = resource["type"]
    for parameter in resource["searchParam"]:
        value = value_of(parameter, name)
        if value is None:
            continue
        tried = [value] if parameter["type"] != "reference" else [value, "http://example.org/x"]
        tried = [each for each in tried]
        results = [server.call("GET", f"/{name}?{parameter['name']}={urllib.parse.quote(each)}") for each in tried]
        if not any(status == 200 for status, _ in results):
            # A token without systems (telephone numbers, codes that are plain) may refuse the bar.
            claim(f"search {name}?{parameter['name']}", {200}, server.call("GET", f"/{name}?{parameter['name']}=x"))


def operations(server, name, claimed):
    for operation in claimed:
        path = f"/{name}" if name else ""
        get = server.call("GET", f"{path}/${operation['name']}")
        post = server.call("POST", f"{path}/${operation['name']}", {"resourceType": "Parameters"})
        one = server.call("POST", f"/{name}/x/${operation['name']}", {"resourceType": "Parameters"}) if name else post
        known = False
        for status, data in (get, post, one):
            if status >= 500:
                failures.append(f"operation {name}${operation['name']}: {status}")
            known = known or status < 400 or (status in (400, 404, 405, 415, 422) and b"There is no such operation" not in data)
        if not known:
            failures.append(f"operation {name}${operation['name']}: nobody answers")
        definition = operation["definition"].rsplit("/", 1)[1]
        claim(f"definition {definition}", {200}, server.call("GET", f"/OperationDefinition/{definition}"))


def interactions(server, resource):
    name = resource["type"]
    codes = {each["code"] for each in resource["interaction"]}
    body = {"resourceType": name}
    if "read" in codes:
        claim(f"read {name}", {404}, server.call("GET", f"/{name}/no-such"))
    if "vread" in codes:
        claim(f"vread {name}", {404}, server.call("GET", f"/{name}/no-such/_history/1"))
    if "history-instance" in codes:
        claim(f"history {name}", {404}, server.call("GET", f"/{name}/no-such/_history"))
    if "history-type" in codes:
        claim(f"type history {name}", {200}, server.call("GET", f"/{name}/_history?_count=1"))
    if "search-type" in codes:
        claim(f"search {name}", {200}, server.call("GET", f"/{name}?_count=1"))
    # A body that lacks what is required is refused for that, not for the interaction.
    if "create" in codes:
        claim(f"create {name}", {201, 400, 422}, server.call("POST", f"/{name}", body))
    if "update" in codes:
        claim(f"update {name}", {200, 201, 400, 422}, server.call("PUT", f"/{name}/x", dict(body, id="x")))
    if "delete" in codes:
        claim(f"delete {name}", {204}, server.call("DELETE", f"/{name}/no-such"))
    if "patch" in codes and name != "Binary":
        claim(f"patch {name}", {404}, server.call("PATCH", f"/{name}/no-such", [{"op": "remove", "path": "/x"}],
                                                  {"Content-Type": "application/json-patch+json"}))
    for include in resource.get("searchInclude", []):
        claim(f"include {include}", {200}, server.call("GET", f"/{name}?_count=1&_include={urllib.parse.quote(include)}"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="claims-") as folder:
        process, base = start_gateway(options.causeway, folder)
        try:
            server = Connection(base)
            status, data = server.call("GET", "/metadata")
            assert status == 200
            rest = json.loads(data)["rest"][0]
            for resource in rest["resource"]:
                interactions(server, resource)
                search_parameters(server, resource)
                operations(server, resource["type"], resource.get("operation", []))
            operations(server, "", rest.get("operation", []))
            empty = {"resourceType": "Bundle", "entry": []}
            for kind in ("batch", "transaction"):
                claim(kind, {200}, server.call("POST", "", dict(empty, type=kind)))
            claim("history of the system", {200}, server.call("GET", "/_history?_count=1"))
            claim("search of the system", {200}, server.call("GET", "?_type=Patient,Observation"))
        finally:
            process.terminate()
            process.wait(20)
    for failure in failures[:50]:
        print("FAILED", failure)
    print(f"{len(failures)} claims do not hold")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
