#!/usr/bin/env python3
"""Runs the conformance cases of this folder against a FHIR server, over sockets.

    run.py --causeway build/release/causeway [AREA...]   a fresh gateway on free ports, in a temporary folder
    run.py --base http://host:8080/fhir [AREA...]        any server

A case is a JSON file under cases/AREA/: {"name", "standard", "steps": [...]}. A step is one request and what its answer
must be. `${x}` in a request is a value that an earlier step saved, `${uuid}` a new UUID. See cases/README.md.
Prints one line for a case that fails, a count per area, and ends with 0 if every case holds.
"""
import argparse
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent


class Fault(Exception):
    """What an answer should have been and was not."""


def look_up(value, path):
    """All values at `entry[0].resource.name[*].family`; no such place is an empty list. `$` is the whole."""
    found = [value]
    if path == "$":
        return found
    for name, index in re.findall(r"([A-Za-z_][\w-]*)|\[(\d+|\*)\]", path):
        following = []
        for each in found:
            if name and isinstance(each, dict) and name in each:
                following.append(each[name])
            elif index == "*" and isinstance(each, list):
                following.extend(each)
            elif index and index != "*" and isinstance(each, list) and int(index) < len(each):
                following.append(each[int(index)])
        found = following
    return found


def fill(value, saved):
    """Replaces ${name} in strings, at any depth."""
    if isinstance(value, str):
        def one(match):
            if match[1] == "uuid":
                return str(uuid.uuid4())
            if match[1] not in saved:
                raise Fault(f"the case uses ${{{match[1]}}} before it is saved")
            return str(saved[match[1]])
        return re.sub(r"\$\{([^}]+)\}", one, value)
    if isinstance(value, list):
        return [fill(each, saved) for each in value]
    if isinstance(value, dict):
        return {fill(key, saved): fill(each, saved) for key, each in value.items()}
    return value


def check_json(rule, document):
    found = look_up(document, rule["path"])
    place = rule["path"]
    if "equals" in rule and found != [rule["equals"]]:
        raise Fault(f"{place} is {json.dumps(found)[:200]}, not {json.dumps(rule['equals'])}")
    if "one_of" in rule and not any(each in rule["one_of"] for each in found):
        raise Fault(f"{place} is {json.dumps(found)[:200]}, none of {json.dumps(rule['one_of'])}")
    if "set" in rule and sorted(map(str, found)) != sorted(map(str, rule["set"])):
        raise Fault(f"{place} has {json.dumps(sorted(map(str, found)))[:300]}, not {json.dumps(sorted(map(str, rule['set'])))}")
    if "list" in rule and found != rule["list"]:
        raise Fault(f"{place} has {json.dumps(found)[:300]}, not {json.dumps(rule['list'])}")
    if "matches" in rule and not (found and all(re.search(rule["matches"], str(each)) for each in found)):
        raise Fault(f"{place} is {json.dumps(found)[:200]}, which does not match {rule['matches']}")
    if "contains" in rule and rule["contains"] not in found:
        raise Fault(f"{place} has {json.dumps(found)[:200]}, without {json.dumps(rule['contains'])}")
    if "count" in rule and len(found) != rule["count"]:
        raise Fault(f"{place} has {len(found)} values, not {rule['count']}")
    if rule.get("exists") is True and not found:
        raise Fault(f"{place} is missing")
    if rule.get("exists") is False and found:
        raise Fault(f"{place} is there and should not be")


class Server:
    def __init__(self, base):
        self.base = base.rstrip("/")
        parts = urllib.parse.urlsplit(self.base)
        self.host, self.port, self.prefix = parts.hostname, parts.port or 80, parts.path

    def request(self, method, path, headers, body):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        target = path if path.startswith("//") else self.prefix + ("/" + path.lstrip("/") if path else "")
        if path.startswith("//"):
            target = path[1:]
        if path.startswith("http"):
            split = urllib.parse.urlsplit(path)
            target = split.path + ("?" + split.query if split.query else "")
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, data


def run_step(server, step, saved):
    request = fill(step["request"], saved)
    headers = dict(request.get("headers", {}))
    body = request.get("body")
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/fhir+json")
    elif isinstance(body, str):
        body = body.encode()
    status, answer_headers, data = server.request(request.get("method", "GET"), request["path"], headers, body)
    until = time.monotonic() + step.get("wait_s", 0)
    while status == 202 and time.monotonic() < until:  # a job under way
        time.sleep(0.1)
        status, answer_headers, data = server.request(request.get("method", "GET"), request["path"], headers, body)
    expect = fill(step.get("expect", {}), saved)
    allowed = expect.get("status")
    allowed = allowed if isinstance(allowed, list) else [allowed]
    if allowed != [None] and status not in allowed:
        raise Fault(f"status {status}, not {allowed}: {data[:300].decode(errors='replace')}")
    for name, pattern in expect.get("headers", {}).items():
        value = answer_headers.get(name.lower())
        if pattern is None:
            if value is not None:
                raise Fault(f"header {name} is there: {value}")
        elif value is None or not re.search(pattern, value):
            raise Fault(f"header {name} is {value}, which does not match {pattern}")
    if expect.get("empty") and data:
        raise Fault(f"a body of {len(data)} bytes where there should be none")
    document = None
    if expect.get("json") or step.get("save"):
        try:
            document = json.loads(data) if data else None
        except ValueError as error:
            raise Fault(f"the body is no JSON: {error}") from error
    for rule in expect.get("json", []):
        check_json(rule, document)
    for name, place in step.get("save", {}).items():
        if place.startswith("header:"):
            _, header, pattern = place.split(":", 2)
            match = re.search(pattern, answer_headers.get(header.lower(), ""))
            if not match:
                raise Fault(f"header {header} does not match {pattern}")
            saved[name] = match[1]
        else:
            found = look_up(document, place)
            if len(found) != 1:
                raise Fault(f"{place} has {len(found)} values, one was to be saved")
            saved[name] = found[0]


TAG_SYSTEM = "urn:conformance:case"


def put_resources(server, resources, saved):
    """Stores each under its id, tagged, so that searches see this case's resources only."""
    for resource in resources:
        resource = fill(json.loads(json.dumps(resource).replace("~", "-" + saved["unique"])), saved)
        resource.setdefault("meta", {}).setdefault("tag", []).append({"system": TAG_SYSTEM, "code": saved["unique"]})
        step = {"request": {"method": "PUT", "path": f"{resource['resourceType']}/{resource['id']}", "body": resource},
                "expect": {"status": [200, 201]}}
        try:
            run_step(server, step, saved)
        except Fault as fault:
            raise Fault(f"storing {resource['resourceType']}/{resource['id']}: {fault}") from fault


def run_finds(server, finds, saved):
    """Each row: a search, and the ids of its matches without their suffix, sorted unless the row says "in order"."""
    faults = []
    for row in finds:
        try:
            run_find(server, row, saved)
        except Fault as fault:
            faults.append(str(fault))
    if faults:
        raise Fault("; ".join(faults))


def run_find(server, row, saved):
    query, expected, *how = row
    path = fill(query.replace("~", "-" + saved["unique"]), saved)
    if not path.startswith("?") and "*" not in how:
        path += ("&" if "?" in path else "?") + f"_tag={TAG_SYSTEM}|{saved['unique']}"
    status, _, data = server.request("GET", urllib.parse.quote(path, safe="/?&=:|,$%+;'~*()!@#"), {}, None)
    if isinstance(expected, int):
        if status != expected:
            raise Fault(f"GET {query}: status {status}, not {expected}: {data[:300].decode(errors='replace')}")
        return
    if status != 200:
        raise Fault(f"GET {query}: status {status}: {data[:300].decode(errors='replace')}")
    mode = "include" if "includes" in how else "match"
    found = [entry["resource"]["id"].removesuffix("-" + saved["unique"]) for entry in json.loads(data).get("entry", [])
             if entry.get("search", {}).get("mode") == mode]
    if (found if "in order" in how else sorted(found)) != (expected if "in order" in how else sorted(expected)):
        raise Fault(f"GET {query}: found {found}, not {expected}")


def run_validates(server, rows, saved):
    """Each row: a name, a resource, whether it is valid, what an issue must say, a profile to validate by."""
    faults = []
    for name, resource, valid, *more in rows:
        text = json.dumps(resource).replace("~", "-" + saved["unique"])
        path = resource["resourceType"] + "/$validate"
        if len(more) > 1:
            path += "?profile=" + urllib.parse.quote(more[1].replace("~", "-" + saved["unique"]), safe="")
        status, _, data = server.request("POST", path, {"Content-Type": "application/fhir+json"}, text.encode())
        issues = json.loads(data).get("issue", []) if status == 200 else []
        errors = [issue for issue in issues if issue["severity"] in ("error", "fatal")]
        if status != 200 or bool(errors) == valid or (more and more[0] not in json.dumps(issues)):
            faults.append(f"{name}: {'valid' if valid else 'invalid'} {more} was answered {status}: {json.dumps(issues)[:300]}")
    if faults:
        raise Fault("; ".join(faults))


def run_case(server, case):
    saved = {"base": server.base, "unique": uuid.uuid4().hex[:12]}
    put_resources(server, case.get("resources", []), saved)
    run_finds(server, case.get("finds", []), saved)
    run_validates(server, case.get("validates", []), saved)
    for number, step in enumerate(case.get("steps", []), 1):
        try:
            run_step(server, step, saved)
        except Fault as fault:
            request = step["request"]
            raise Fault(f"step {number} ({request.get('method', 'GET')} {request['path']}): {fault}") from fault
        except (OSError, http.client.HTTPException) as error:
            raise Fault(f"step {number}: {error!r}") from error


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_gateway(binary, folder):
    port, mllp = free_port(), free_port()
    environment = dict(os.environ, CAUSEWAY_HTTP__PORT=str(port), CAUSEWAY_MLLP__PORT=str(mllp),
                       CAUSEWAY_STORAGE__PATH=os.path.join(folder, "conformance.db"))
    log = open(os.path.join(folder, "gateway.log"), "wb")
    process = subprocess.Popen([os.path.abspath(binary), "serve"], env=environment, stderr=log, stdout=log, cwd=folder)
    for _ in range(300):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return process, f"http://127.0.0.1:{port}/fhir"
        except OSError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    sys.exit("the gateway did not start:\n" + open(os.path.join(folder, "gateway.log"), errors="replace").read()[-2000:])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("areas", nargs="*")
    arguments.add_argument("--base")
    arguments.add_argument("--causeway")
    options = arguments.parse_args()
    if not options.base and not options.causeway:
        arguments.error("--base URL or --causeway BINARY")
    process = None
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        if not options.base:
            process, options.base = start_gateway(options.causeway, folder)
        server = Server(options.base)
        passed = failed = 0
        try:
            for area in sorted(path for path in (HERE / "cases").iterdir() if path.is_dir()):
                if options.areas and area.name not in options.areas:
                    continue
                good = bad = 0
                for file in sorted(area.rglob("*.json")):
                    cases = json.loads(file.read_text(encoding="utf-8"))
                    for case in cases if isinstance(cases, list) else [cases]:
                        try:
                            run_case(server, case)
                            good += 1
                        except Fault as fault:
                            bad += 1
                            print(f"FAILED {area.name}/{file.name}: {case['name']}: {fault}")
                print(f"{area.name}: {good} hold, {bad} do not")
                passed, failed = passed + good, failed + bad
        finally:
            if process:
                process.terminate()
                process.wait(20)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
