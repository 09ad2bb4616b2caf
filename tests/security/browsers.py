#!/usr/bin/env python3
"""What a browser could be made to run or read: HTML and scripts in Binary and narrative, pages of other origins."""
import base64
import json
import sys
import time

import harness


def attack(gateway):
    began = time.monotonic()
    script = b"<html><script>alert(document.cookie)</script></html>"
    for kind in ("text/html", "image/svg+xml", "application/javascript", "text/xml", "application/xhtml+xml", "text/plain"):
        body = {"resourceType": "Binary", "contentType": kind, "data": base64.b64encode(script).decode()}
        status, headers, _ = gateway.request("POST", "/fhir/Binary", json.dumps(body))
        target = "/fhir/Binary/" + headers["location"].split("/Binary/")[1].split("/")[0]
        status, headers, data = gateway.request("GET", target, headers={"Accept": "text/html,*/*"})
        good = (status == 200 and headers.get("x-content-type-options") == "nosniff" and "sandbox" in headers.get("content-security-policy", "")
                and "default-src 'none'" in headers.get("content-security-policy", ""))
        harness.check(good, f"a Binary of {kind} comes with nosniff and in a sandbox")
    for div in ("<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>alert(1)</script></div>",
                "<div xmlns=\"http://www.w3.org/1999/xhtml\"><img src=\"x\" onerror=\"alert(1)\"/></div>",
                "<div xmlns=\"http://www.w3.org/1999/xhtml\"><iframe src=\"http://evil.example\"/></div>",
                "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"javascript:alert(1)\">x</a></div>",
                "<div xmlns=\"http://www.w3.org/1999/xhtml\"><form action=\"http://evil.example\"><input/></form></div>"):
        body = json.dumps({"resourceType": "Patient", "text": {"status": "generated", "div": div}})
        status, headers, _ = gateway.request("POST", "/fhir/Patient/$validate", body)
        outcome = gateway.request("POST", "/fhir/Patient", body)
        kind = outcome[1].get("content-type", "")
        harness.check(outcome[0] in (400, 422) or (kind.startswith("application/fhir+json") and outcome[1].get("x-content-type-options") == "nosniff"),
                      f"a narrative with {div[42:52]}…: {outcome[0]}, never as HTML")
    for target in ("/fhir/Patient/honest", "/fhir/metadata", "/health/ready", "/metrics", "/nothing/<script>", "/fhir/Nothing", "/admin/messages"):
        status, headers, data = gateway.request("GET", target, headers={"Accept": "text/html"})
        harness.check("html" not in headers.get("content-type", "") and headers.get("x-content-type-options") == "nosniff" and b"<script>" not in data,
                      f"{target}: {headers.get('content-type')}, nosniff")
    for origin in ("https://evil.example", "null", "http://localhost"):
        for method, more in (("GET", {}), ("OPTIONS", {"Access-Control-Request-Method": "PUT"})):
            _, headers, _ = gateway.request(method, "/fhir/Patient/honest", headers={"Origin": origin, **more})
            harness.check("access-control-allow-origin" not in headers and "access-control-allow-credentials" not in headers,
                          f"{method} from {origin}: no leave for other origins")
    return f"in {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack))
