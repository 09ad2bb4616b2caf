#!/usr/bin/env python3
"""A client gets a token as SMART Backend Services says, and can do with it what its scopes allow and nothing else.

    tokens.py --causeway build/dev/causeway

Keys and signatures come from the openssl program; without it the script says so and ends with 77 (skipped).
"""
import argparse
import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

checks = []


def check(good, what):
    checks.append(bool(good))
    print(("ok      " if good else "FAILED  ") + what, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


class Client:
    """A key pair, its JWK Set, and assertions signed with it."""

    def __init__(self, name, folder):
        self.name, self.key = name, os.path.join(folder, name + ".pem")
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.key)
        modulus = openssl("rsa", "-in", self.key, "-noout", "-modulus").decode().strip().split("=")[1]
        self.key_set = os.path.join(folder, name + ".jwks.json")
        with open(self.key_set, "w") as out:
            json.dump({"keys": [{"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS384", "e": "AQAB",
                                 "n": base64url(bytes.fromhex(modulus))}]}, out)

    def assertion(self, audience, **change):
        claims = {"iss": self.name, "sub": self.name, "aud": audience, "exp": int(time.time()) + 120, "jti": uuid.uuid4().hex}
        claims.update(change)
        text = base64url(b'{"alg":"RS384","kid":"k1","typ":"JWT"}') + "." + base64url(json.dumps(claims).encode())
        return text + "." + base64url(openssl("dgst", "-sha384", "-sign", self.key, data=text.encode()))


class Gateway:
    def __init__(self, binary, folder, client):
        self.port = free_port()
        self.token_url = f"http://127.0.0.1:{self.port}/oauth/token"
        config = os.path.join(folder, "causeway.toml")
        with open(config, "w") as out:
            out.write(f'[http]\nport = {self.port}\n[mllp]\nenabled = false\n[storage]\npath = "{folder}/tokens.db"\n'
                      f'[log]\nlevel = "warning"\n[security]\nrequire_token = true\n'
                      f'[client.{client.name}]\nkeys = "{client.key_set}"\nscopes = "system/Patient.cruds system/Observation.rs"\n'
                      f'[client.monitor]\napi_key_sha256 = "{hashlib.sha256(b"the monitor has a long key").hexdigest()}"\n'
                      f'scopes = "system/Patient.r"\n')
        self.process = subprocess.Popen([binary, "serve", "--config", config])
        for _ in range(1000):
            try:
                if self.request("GET", "/health/ready")[0] == 200:
                    return
            except OSError:
                time.sleep(0.01)
        sys.exit("the gateway did not start")

    def request(self, method, path, body=None, token=None, kind="application/fhir+json"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Content-Type": kind} if body is not None else {}
        if token is not None:
            headers["Authorization"] = "Bearer " + token
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, dict(answer.getheaders()), json.loads(data) if data[:1] in (b"{", b"[") else data

    def form(self, path, **fields):
        fields.setdefault("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        return self.request("POST", path, urllib.parse.urlencode(fields), kind="application/x-www-form-urlencoded")

    def token(self, client, scope):
        return self.form("/oauth/token", grant_type="client_credentials", scope=scope, client_assertion=client.assertion(self.token_url))


def play(gateway, client):
    patient = json.dumps({"resourceType": "Patient", "name": [{"family": "Token"}]})
    status, headers, _ = gateway.request("GET", "/fhir/Patient/1")
    check(status == 401 and headers.get("WWW-Authenticate", "").startswith("Bearer"), "no token: 401 with a challenge")
    check(gateway.request("POST", "/fhir/Patient", patient)[0] == 401, "no token: a create is refused")
    check(gateway.request("GET", "/fhir/metadata")[0] == 200, "metadata is open")
    status, _, smart = gateway.request("GET", "/fhir/.well-known/smart-configuration")
    check(status == 200 and smart["token_endpoint"] == gateway.token_url, "the SMART configuration names the token endpoint")
    status, headers, _ = gateway.request("GET", "/fhir/Patient/1", token="no-such-token")
    check(status == 401 and 'error="invalid_token"' in headers.get("WWW-Authenticate", ""), "an unknown token: 401 invalid_token")

    status, headers, answer = gateway.token(client, "system/*.rs")
    check(status == 200 and headers.get("Cache-Control") == "no-store" and answer["expires_in"] <= 300, "a token for reading")
    check(set(answer["scope"].split()) == {"system/Patient.rs", "system/Observation.rs"}, "no more scopes than the client may have")
    reader = answer["access_token"]
    writer = gateway.token(client, "system/Patient.cruds")[2]["access_token"]
    status, headers, _ = gateway.request("POST", "/fhir/Patient", patient, token=writer)
    check(status == 201, "the writer creates")
    place = "/fhir/Patient/" + headers["Location"].split("/Patient/")[1].split("/")[0]
    check(gateway.request("POST", "/fhir/Patient", patient, token=reader)[0] == 403, "the reader does not")
    check(gateway.request("GET", place, token=reader)[0] == 200, "the reader reads")
    status, _, found = gateway.request("GET", "/fhir/Patient?family=token", token=reader)
    check(status == 200 and len(found.get("entry", [])) == 1, "and searches")
    check(gateway.request("GET", "/fhir/Encounter", token=reader)[0] == 403, "a type outside the scopes: 403")
    check(gateway.request("GET", place, token="the monitor has a long key")[0] == 200, "an API key reads")
    check(gateway.request("GET", "/fhir/Patient", token="the monitor has a long key")[0] == 403, "and may not search")
    bundle = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": {"resourceType": "Encounter", "status": "planned", "class": {"code": "AMB"}}, "request": {"method": "POST", "url": "Encounter"}}]})
    check(gateway.request("POST", "/fhir", bundle, token=writer)[0] == 403, "an entry of a transaction needs its own right")

    assertion = client.assertion(gateway.token_url)
    first = gateway.form("/oauth/token", grant_type="client_credentials", scope="system/Patient.r", client_assertion=assertion)[0]
    second = gateway.form("/oauth/token", grant_type="client_credentials", scope="system/Patient.r", client_assertion=assertion)
    check(first == 200 and second[0] == 401 and second[2] == {"error": "invalid_client"}, "an assertion is good once")
    bad = gateway.form("/oauth/token", grant_type="client_credentials", scope="system/Patient.r",
                       client_assertion=client.assertion("https://elsewhere.example/token"))
    check(bad[0] == 401 and bad[2] == {"error": "invalid_client"}, "another audience: the same answer")
    check(gateway.form("/oauth/revoke", token=reader, client_assertion=client.assertion(gateway.token_url))[0] == 200, "revoked")
    check(gateway.request("GET", place, token=reader)[0] == 401, "and of no use any more")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    if not shutil.which("openssl"):
        print("skipped: the openssl program is not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="tokens-") as folder:
        client = Client("emr", folder)
        gateway = Gateway(os.path.abspath(options.causeway), folder, client)
        try:
            play(gateway, client)
        finally:
            gateway.process.send_signal(signal.SIGTERM)
            check(gateway.process.wait(30) == 0, "the gateway ends with 0")
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
