#!/usr/bin/env python3
"""Who somebody is, and what they may: tokens of an external authorisation server (JWT and introspection), keys of a client by
URL, API keys, certificates, operators' roles, labels and break-glass, limits; each over TLS and real sockets.

    identities.py --causeway build/dev/causeway

Plays the authorisation server itself (HTTPS with a throw-away authority). Without the openssl program it says so and ends with 77.
"""
import argparse
import base64
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "examples" / "clinic"))
sys.path.insert(0, str(HERE))
from throwaway_ca import Authority  # noqa: E402
from tokens import base64url, check, checks, free_port, openssl  # noqa: E402


class Key:
    def __init__(self, folder, kid, algorithm):
        self.kid, self.algorithm, self.path = kid, algorithm, os.path.join(folder, kid + ".pem")
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.path)
        modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1]
        self.jwk = {"kty": "RSA", "kid": kid, "use": "sig", "alg": algorithm, "e": "AQAB", "n": base64url(bytes.fromhex(modulus))}

    def token(self, claims, **header):
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT", **header}
        text = base64url(json.dumps(head).encode()) + "." + base64url(json.dumps(claims).encode())
        digest = "-sha256" if self.algorithm == "RS256" else "-sha384"
        return text + "." + base64url(openssl("dgst", digest, "-sign", self.path, data=text.encode()))


class LoginServer:
    """An authorisation server: key sets, introspection, and what an anchor is posted to. Counts who asks for what."""

    def __init__(self, authority, answers):
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, body=b""):
                outer.asked.append((self.command, self.path, body.decode(), self.headers.get("Authorization", "")))
                status, text, more = answers(self.command, self.path, body.decode())
                data = text.encode()
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, authority.issue("login")))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"https://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, path):
        return sum(1 for each in self.asked if each[1].startswith(path))


class Gateway:
    def __init__(self, binary, folder, text, authority):
        self.port = free_port()
        self.authority = authority
        config = os.path.join(folder, "causeway.toml")
        self.log = os.path.join(folder, "log")
        pathlib.Path(config).write_text(text.replace("@PORT@", str(self.port)))
        self.contexts = {None: ssl.create_default_context(cafile=str(authority.ca))}
        self.process = subprocess.Popen([binary, "serve", "--config", config], stderr=open(self.log, "w"))
        for _ in range(1000):
            try:
                if self.request("GET", "/health/ready")[0] == 200:
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.01)
        sys.exit("the gateway did not start: " + pathlib.Path(self.log).read_text())

    def request(self, method, path, body=None, token=None, headers=None, certificate=None):
        if certificate not in self.contexts:
            self.contexts[certificate] = self.authority.client(certificate)
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=15, context=self.contexts[certificate])
        all_headers = dict(headers or {})
        if body is not None:
            all_headers.setdefault("Content-Type", "application/fhir+json")
        if token is not None:
            all_headers["Authorization"] = "Bearer " + token
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, all_headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), json.loads(data) if data[:1] in (b"{", b"[") else data

    def status(self, *arguments, **more):
        return self.request(*arguments, **more)[0]


def digest(key):
    return hashlib.sha256(key.encode()).hexdigest()


def configuration(folder, authority, login):
    certificate, key = authority.issue("gateway")
    return f"""
[http]
port = @PORT@
base_url = "https://localhost:@PORT@/fhir"
tls_certificate = "{certificate}"
tls_key = "{key}"
tls_clients = "optional"
tls_client_ca = "{authority.ca}"
[mllp]
enabled = false
[storage]
path = "{folder}/store.db"
[log]
level = "warning"
[security]
require_token = true
confidentiality = "enforced"
issuer = "https://login.example"
audience = "https://clinic.example/fhir"
jwks_url = "{login.url}/keys"
introspection_url = "{login.url}/introspect"
introspection_client = "gateway"
introspection_secret_file = "{folder}/secret"
authorization_endpoint = "https://login.example/authorize"
token_endpoint = "https://login.example/token"
fetch_private = true
fetch_ca = "{authority.ca}"
[client.emr]
keys_url = "{login.url}/emr-keys"
scopes = "system/*.cruds system/AuditEvent.rs"
restricted = true
[client.ward]
api_key_sha256 = "{digest('a long key of the ward')}"
scopes = "system/*.rs"
break_glass = true
[client.slow]
api_key_sha256 = "{digest('a long key of somebody slow')}"
scopes = "system/Patient.r"
requests_per_second = 1
[client.monitor]
certificates = ["subject:CN=monitor,O=Throw-away"]
scopes = "system/Patient.r"
[operator.olga]
api_key_sha256 = "{digest('a long key of olga')}"
roles = ["operator"]
[operator.anna]
certificates = ["subject:CN=anna,O=Throw-away"]
roles = ["auditor"]
[operator.ian]
api_key_sha256 = "{digest('a long key of ian')}"
roles = ["identities"]
"""


def play(gateway, login, keys):
    now = int(time.time())
    token_url = f"https://localhost:{gateway.port}/oauth/token"

    def own_token(key, scope, **change):
        claims = {"iss": "emr", "sub": "emr", "aud": token_url, "exp": now + 120, "jti": uuid.uuid4().hex, **change}
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials", "scope": scope, "client_assertion": key.token(claims),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"})
        return gateway.request("POST", "/oauth/token", form, headers={"Content-Type": "application/x-www-form-urlencoded"})

    def app_token(**change):
        claims = {"iss": "https://login.example", "aud": "https://clinic.example/fhir", "exp": now + 300, "iat": now - 1, "sub": "u-1",
                  "azp": "growth-app", "scope": "openid patient/Observation.rs patient/Patient.r", "patient": "p1", **change}
        return keys["login"].token({name: value for name, value in claims.items() if value is not None})

    # a client whose keys lie at a URL
    status, _, answer = own_token(keys["emr"], "system/*.cruds system/AuditEvent.rs")
    check(status == 200, "keys by URL: a token")
    emr = answer["access_token"]
    check(own_token(keys["login"], "system/*.cruds")[0] == 401, "keys by URL: a signature of another key is refused")
    check(login.count("/emr-keys") == 1, "keys by URL: fetched once, kept, and not asked for again at once for an unknown kid")
    for name in ("p1", "p2"):
        check(gateway.status("PUT", f"/fhir/Patient/{name}", {"resourceType": "Patient", "id": name}, token=emr) == 201, f"{name} is written")
        for number, label in ((1, None), (2, "R")):
            observation = {"resourceType": "Observation", "id": f"{name}-{number}", "status": "final", "code": {"text": "x"},
                           "subject": {"reference": f"Patient/{name}"}}
            if label:
                observation["meta"] = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": label}]}
            check(gateway.status("PUT", f"/fhir/Observation/{name}-{number}", observation, token=emr) == 201, f"{name}-{number} is written")

    # SMART App Launch against the configured server
    status, _, smart = gateway.request("GET", "/fhir/.well-known/smart-configuration")
    check(status == 200 and smart["authorization_endpoint"] == "https://login.example/authorize"
          and smart["token_endpoint"] == "https://login.example/token" and "launch-standalone" in smart["capabilities"]
          and "plain" not in smart["code_challenge_methods_supported"], "the SMART configuration names the server that logs in")
    app = app_token()
    check(gateway.status("GET", "/fhir/Patient/p1", token=app) == 200, "an app's JWT: its patient")
    check(gateway.status("GET", "/fhir/Patient/p2", token=app) == 404, "another patient is not there")
    status, _, bundle = gateway.request("GET", "/fhir/Observation", token=app)
    check(status == 200 and [e["resource"]["id"] for e in bundle.get("entry", [])] == ["p1-1"],
          "an app sees the patient's observations, and not the restricted one")
    check(gateway.status("GET", "/fhir/Encounter", token=app) == 403, "a type that is not in its scopes")
    check(gateway.status("PUT", "/fhir/Patient/p1", {"resourceType": "Patient", "id": "p1"}, token=app) == 403, "no right to write")
    for what, change in (("another issuer", {"iss": "https://evil.example"}), ("another audience", {"aud": "https://clinic.example/other"}),
                         ("expired", {"exp": now - 60}), ("not yet valid", {"nbf": now + 300}), ("no end", {"exp": None}),
                         ("without scope", {"scope": "openid"}), ("an id token", {"typ": "ID"})):
        status, headers, _ = gateway.request("GET", "/fhir/Patient/p1", token=app_token(**change))
        check(status == 401 and 'error="invalid_token"' in headers["WWW-Authenticate"], f"a JWT that is {what}: 401")
    altered = app[:-10] + ("A" if app[-10] != "A" else "B") + app[-9:]
    check(gateway.status("GET", "/fhir/Patient/p1", token=altered) == 401, "an altered JWT: 401")
    none = base64url(b'{"alg":"none","kid":"login"}') + "." + app.split(".")[1] + "."
    check(gateway.status("GET", "/fhir/Patient/p1", token=none) == 401, "alg none: 401")
    check(login.count("/keys") == 1, "the key set was fetched once for all of them")

    # introspection
    check(gateway.status("GET", "/fhir/Patient/p2", token="opaque-good") == 200, "an opaque token that the server knows")
    check(gateway.status("GET", "/fhir/Patient/p2", token="opaque-good") == 200 and login.count("/introspect") == 1, "is asked about once")
    check(gateway.status("GET", "/fhir/Patient/p2", token="opaque-bad") == 401, "one that it does not know")
    check(any(each[1] == "/introspect" and each[3] == "Basic " + base64.b64encode(b"gateway:s3cret").decode() for each in login.asked),
          "and we say who we are")
    body = {"resourceType": "Patient", "id": "p2"}
    check(gateway.status("PUT", "/fhir/Patient/p2", body, token="opaque-late") == 403, "a body before the server was asked: still its rights")

    # labels and break-glass
    check(gateway.status("GET", "/fhir/Observation/p1-2", token=emr) == 200, "a client with the right sees what is restricted")
    ward = "a long key of the ward"
    check(gateway.status("GET", "/fhir/Observation/p1-2", token=ward) == 404, "one without does not")
    count = gateway.request("GET", "/fhir/Observation?_summary=count", token=ward)[2]["total"]
    check(count == 2, "also not as a number in a total")
    check(gateway.status("GET", "/fhir/Observation/p1-2", token=ward, headers={"X-Break-Glass": "no"}) == 400, "break-glass wants a reason")
    check(gateway.status("GET", "/fhir/Observation/p1-2", token=ward, headers={"X-Break-Glass": "unconscious in the emergency room"}) == 200,
          "and with one opens")
    check(gateway.status("GET", "/fhir/Observation/p1-2", token=app, headers={"X-Break-Glass": "I am curious about this"}) == 403,
          "not for everyone")

    # certificates and operators
    check(gateway.status("GET", "/fhir/Patient/p1", certificate="monitor") == 200, "a client by its certificate")
    check(gateway.status("GET", "/fhir/Patient", certificate="monitor") == 403, "with its own scopes")
    check(gateway.status("GET", "/fhir/Patient/p1", certificate="stranger") == 401, "a certificate that names nobody is nobody")
    check(gateway.status("GET", "/fhir/Patient/p1") == 401, "and nothing at all")
    olga, ian = "a long key of olga", "a long key of ian"
    check(gateway.status("GET", "/admin/messages", token=olga) == 200, "an operator sees the list of messages")
    check(gateway.status("GET", "/admin/messages/1", token=olga) == 403, "and not their content")
    check(gateway.status("GET", "/admin/reviews", token=olga) == 403 and gateway.status("GET", "/admin/reviews", token=ian) == 200,
          "identities have a role of their own")
    check(gateway.status("GET", "/admin/messages", token=ian) == 403, "which is no other")
    check(gateway.status("GET", "/admin/messages", token=ward) == 403, "a client's key opens no operators' door")
    check(gateway.status("GET", "/fhir/Patient/p1", token=olga) == 403, "an operator's key opens no patient")
    check(gateway.status("GET", "/fhir/AuditEvent", certificate="anna") == 200, "the auditor reads the trail")
    check(gateway.status("GET", "/fhir/Patient/p1", certificate="anna") == 403, "and nothing else")

    # certificates of another authority: the handshake ends, and the trail says it
    with tempfile.TemporaryDirectory(prefix="elsewhere-") as elsewhere:
        forged = Authority(pathlib.Path(elsewhere)).client("monitor")
    forged.check_hostname, forged.verify_mode = False, ssl.CERT_NONE
    gateway.contexts["forged"] = forged
    try:
        served = gateway.status("GET", "/fhir/Patient/p1", certificate="forged")
    except OSError:
        served = None
    check(served is None, "a certificate of another authority ends the handshake")

    # the trail tells
    time.sleep(0.2)
    alerts = gateway.request("GET", "/fhir/AuditEvent?type=110113", token=emr)[2].get("entry", [])
    check(len(alerts) == 1 and "certificate" in alerts[0]["resource"]["outcomeDesc"], "a refused certificate is a Security Alert")
    status, _, trail = gateway.request("GET", "/fhir/AuditEvent?_count=200", token=emr)
    events = [each["resource"] for each in trail["entry"]]
    check(status == 200 and len(events) >= 36, f"every access is an AuditEvent: {len(events)}")
    broken = [each for each in events if "purposeOfEvent" in each]
    check(len(broken) == 1 and broken[0]["purposeOfEvent"][0]["coding"][0]["code"] == "BTG"
          and "emergency" in broken[0]["purposeOfEvent"][0]["text"], "break-glass with its reason")
    failed = [each for each in events if any(s["code"] == "authenticate" for s in each.get("subtype", []))]
    check(any("another issuer" in each.get("outcomeDesc", "") for each in failed), "a refused token with the check it failed")
    who = {each["agent"][0]["who"]["identifier"]["value"] for each in events}
    check({"emr", "ward", "u-1@growth-app", "monitor", "olga"} <= who, "who it was")
    check(gateway.status("GET", "/fhir/AuditEvent", token=ward) == 200
          and not gateway.request("GET", "/fhir/AuditEvent", token=ward)[2].get("entry"), "system/*.rs does not open the trail")

    # limits of a client
    slow = [gateway.request("GET", "/fhir/Patient/p1", token="a long key of somebody slow") for _ in range(210)]
    refused = [each for each in slow if each[0] == 429]
    check(slow[0][0] == 200 and refused and int(refused[0][1]["Retry-After"]) >= 1, "a client over its rate: 429 with Retry-After")
    check(gateway.status("GET", "/fhir/Patient/p1", token=ward) == 200, "and the others go on")
    metrics = gateway.request("GET", "/metrics")[2].decode()
    check('causeway_security_events_total{event="break_glass"} 1' in metrics and 'event="throttled"' in metrics, "and it is counted")
    log = pathlib.Path(gateway.log).read_text()
    check("security.break_glass" in log, "break-glass is an alert in the log")
    check("curious" not in log and "emergency" not in log and "opaque-" not in log, "without the reason and without tokens")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    if not shutil.which("openssl"):
        print("skipped: the openssl program is not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="identities-") as folder:
        authority = Authority(os.path.join(folder, "ca"))
        keys = {name: Key(folder, name, "RS384" if name == "emr" else "RS256") for name in ("emr", "login")}
        pathlib.Path(folder, "secret").write_text("s3cret\n")

        def answers(method, path, body):
            if path == "/emr-keys":
                return 200, json.dumps({"keys": [keys["emr"].jwk]}), {"Cache-Control": "max-age=300"}
            if path == "/keys":
                return 200, json.dumps({"keys": [keys["login"].jwk]}), {}
            if path == "/introspect":
                token = urllib.parse.parse_qs(body).get("token", [""])[0]
                if token not in ("opaque-good", "opaque-late"):
                    return 200, '{"active":false}', {}
                return 200, json.dumps({"active": True, "scope": "system/Patient.rs", "client_id": "batch", "exp": int(time.time()) + 60}), {}
            return 404, "{}", {}

        login = LoginServer(authority, answers)
        gateway = Gateway(os.path.abspath(options.causeway), folder, configuration(folder, authority, login), authority)
        try:
            play(gateway, login, keys)
        finally:
            gateway.process.send_signal(signal.SIGTERM)
            check(gateway.process.wait(30) == 0, "the gateway ends with 0")
        bad = pathlib.Path(folder, "bad.toml")
        bad.write_text('[client.x]\nkeys_url = "http://login.example/keys"\nscopes = "system/*.r"\n[operator.y]\nroles = ["root"]\n'
                       '[security]\njwks_url = "http://x"\n')
        done = subprocess.run([options.causeway, "serve", "--config", str(bad)], capture_output=True, text=True)
        check(done.returncode != 0 and "https" in done.stderr and "roles are" in done.stderr and "security.jwks_url" in done.stderr,
              "each fault of the settings is said")
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
