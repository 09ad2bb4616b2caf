#!/usr/bin/env python3
"""XML with entities (a billion laughs, a quadratic blow-up, files, URLs), document types, instructions, depth and width."""
import socket
import sys
import threading
import time

import harness

XML = {"Content-Type": "application/fhir+xml"}


def attack(gateway):
    hits = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.2)
    port = listener.getsockname()[1]
    stop = threading.Event()

    def listen():
        while not stop.is_set():
            try:
                listener.accept()[0].close()
                hits.append(1)
            except socket.timeout:
                pass

    thread = threading.Thread(target=listen)
    thread.start()
    laughs = '<!DOCTYPE Patient [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{i} "{"&a%s;" % ("" if i == 1 else i - 1) * 10}">' for i in range(1, 10)) + "]>"
    patient = '<Patient xmlns="http://hl7.org/fhir"><language value="{}"/></Patient>'
    blow_up = '<!DOCTYPE Patient [<!ENTITY a "' + "x" * 100_000 + '">]>' + patient.format("&a;" * 10_000)
    depth = '<Patient xmlns="http://hl7.org/fhir">' + '<extension url="u">' * 200_000
    attributes = '<Patient xmlns="http://hl7.org/fhir" ' + " ".join(f'a{i}="1"' for i in range(50_000)) + "/>"
    wide = '<Patient xmlns="http://hl7.org/fhir">' + '<name><family value="x"/></name>' * 300_000 + "</Patient>"
    cases = {
        "a billion laughs": laughs + patient.format("&a9;"), "a quadratic blow-up": blow_up,
        "a file": '<!DOCTYPE Patient [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + patient.format("&x;"),
        "a URL": f'<!DOCTYPE Patient [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">]>' + patient.format("&x;"),
        "an external subset": f'<!DOCTYPE Patient SYSTEM "http://127.0.0.1:{port}/x.dtd">' + patient.format("x"),
        "a parameter entity": f'<!DOCTYPE Patient [<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/p">%p;]>' + patient.format("x"),
        "an inclusion": f'<Patient xmlns="http://hl7.org/fhir"><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/></Patient>',
        "an unknown entity": patient.format("&nothing;"), "depth": depth, "50,000 attributes": attributes}
    began = time.monotonic()
    for what, text in cases.items():
        try:
            status, _, answer = gateway.request("POST", "/fhir/Patient", text.encode(), XML, timeout=60)
        except OSError:
            status, answer = "closed", b""
        harness.check(status in (400, 413, 422) and b"root:" not in answer, f"{what} is refused: {status}")
    status = gateway.request("POST", "/fhir/Patient", wide.encode(), XML, timeout=60)[0]
    harness.check(status in (201, 400, 413, 422), f"300,000 names are an answer like any other: {status}")
    time.sleep(0.3)
    stop.set()
    thread.join()
    listener.close()
    harness.check(not hits, "nothing was fetched")
    return f"{len(cases) + 1} documents in {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack, memory_mb_max=80, floor_ms=60))
