#!/usr/bin/env python3
"""`causeway hl7 print`, `hl7 describe` and `validate` from outside: test_commands.py CAUSEWAY.

What they print, byte for byte where that is the promise, and what they end with: 0 good, 1 bad data, 2 usage, 3 failure.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

causeway = sys.argv[1]
failures = []

ADT = (b"MSH|^~\\&|A|B|C|D|20240102030405||ADT^A01^ADT_A01|7|P|2.5.1\rEVN||20240102\r"
       b"PID|1||12^^^A^MR||Doe^John||19700101|M\rPV1|1|O\r")
HEAD = b"MSH|^~\\&|A|B|C|D|20240102||"


def run(*arguments, stdin=b""):
    done = subprocess.run([causeway, *arguments], input=stdin, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def check(name, holds, shown=""):
    if not holds:
        failures.append(f"{name}: {shown!r}")


# every version, and what real senders do to the encoding
odd = {f"version {v}": ADT.replace(b"2.5.1", v.encode()) for v in
       "2.1 2.2 2.3 2.3.1 2.4 2.5 2.5.1 2.6 2.7 2.7.1 2.8 2.8.1 2.8.2 9.9".split()}
odd |= {
    "line feeds": ADT.replace(b"\r", b"\n"), "mixed ends": ADT.replace(b"\r", b"\r\n", 2), "no final end": ADT[:-1],
    "blank lines": ADT.replace(b"\r", b"\r\r\n"), "byte order mark": b"\xef\xbb\xbf" + ADT, "frame": b"\x0b" + ADT + b"\x1c\r",
    "two frames": b"\x0b" + ADT + b"\x1c\r\x0b" + ADT + b"\x1c\r", "NUL": ADT.replace(b"Doe", b"D\x00e"),
    "latin 1": ADT.replace(b"Doe", b"D\xf6e"), "lower case": ADT.replace(b"PID|", b"pid|"),
    "text lines": ADT.replace(b"Doe", b"Doe\nsecond line"), "other delimiters": ADT.replace(b"|", b"#").replace(b"^", b"*"),
    "truncation": ADT.replace(b"~\\&", b"~\\&#"), "short MSH-2": ADT.replace(b"^~\\&", b"^~"),
    "long MSH-2": ADT.replace(b"~\\&", b"~\\&#!?"), "Z segments": ADT + b"ZZ1|a^b&c~~\r\rZQQ\r", "unknown segment": ADT + b"QQQ|1\r",
    "no header": ADT[ADT.index(b"PID"):], "out of order": ADT + b"EVN||2024\rPID|2\r",
    "addenda": ADT + b"NTE|1||a\rADD|b\rADD|c\rDSC|p|F\r", "escapes": ADT.replace(b"Doe", b"\\F\\\\X0D\\\\.br\\\\H\\x\\N\\\\Zq\\\\C2842\\\\Q\\\\"),
    "trailing": ADT.replace(b"|M\r", b"|M||||^^&&~~|\r"), "utf-16": ADT.decode().encode("utf-16"),
    "batch": b"FHS|^~\\&\rBHS|^~\\&\r" + ADT + ADT + b"BTS|2\rFTS|1\r",
    "long field": ADT + b"OBX|1|ED|X||" + b"QUJD" * 50000 + b"\r", "ten thousand": ADT + b"NTE|1||x\r" * 10000,
}
for name, message in odd.items():
    code, out, _ = run("hl7", "print", "--as", "er7", "-", stdin=message)
    check(f"er7, {name}", code == 0 and out == message, (code, out[:80]))
    code, out, _ = run("hl7", "print", "--as", "json", "-", stdin=message)
    check(f"json, {name}", code == 0 and all(json.loads(line) for line in out.splitlines()), (code, out[:80]))
    code, out, error = run("validate", "-", stdin=message)
    check(f"validate, {name}", code in (0, 1) and all(json.loads(line) for line in out.splitlines()), (code, error[:80]))

code, out, _ = run("hl7", "print", "-", stdin=ADT)
check("tree", code == 0 and b"\n    PID-3.5        Identifier Type Code           MR\n" in out, out)
check("nothing to print", run("hl7", "print", "-", stdin=b"hello\n")[0] == 1)
check("no such file", run("hl7", "print", "/nonexistent")[0] == 3)
check("bad --as", run("hl7", "print", "--as", "yaml", "-")[0] == 2)
check("strict", run("hl7", "print", "--strict", "-", stdin=ADT.replace(b"PID|", b"pid|"))[0] == 1)

code, out, _ = run("hl7", "describe", "PID-3.4", "--version", "2.7")
check("describe", code == 0 and b"Assigning Authority" in out and b"HD.2" in out, out)
check("describe nothing", run("hl7", "describe", "PID-99")[0] == 1)
check("describe version", run("hl7", "describe", "PID", "--version", "3")[0] == 2)

code, out, _ = run("validate", "-", stdin=ADT)
result = json.loads(out)
check("valid", code == 0 and result["valid"] and result["issues"] == [] and result["type"] == "ADT", result)
code, out, _ = run("validate", "-", stdin=ADT.replace(b"|M\r", b"|M\rPID|2\r").replace(b"19700101", b"1970-01-01"))
result = json.loads(out)
check("issues", code == 1 and {"PID-7.1", "PID(2)", "PID(2)-3"} <= {i["path"] for i in result["issues"]}, result)
code, out, _ = run("validate", "--as", "outcome", "-", stdin=ADT.replace(b"19700101", b"1970-01-01"))
check("outcome", code == 1 and json.loads(out)["resourceType"] == "OperationOutcome", out)
code, out, _ = run("validate", "--as", "err", "-", stdin=ADT.replace(b"19700101", b"1970-01-01"))
check("ERR", code == 1 and b"\nMSA|AE|7" in out and b"\nERR||PID^1^7^1^1|102^" in out, out)
code, out, _ = run("validate", "-", stdin=b"BHS|^~\\&\r" + ADT + b"BTS|2\r")
check("counts", code == 1 and b"BTS-1 does not state" in out, out)
check("FHIR", run("validate", "-", stdin=b'{"resourceType":"Patient","birthDate":"1970-13"}')[0] == 1)
check("unknown profile", run("validate", "--profile", "none-such", "-", stdin=ADT)[0] == 2)
check("no file", run("validate")[0] == 2)
check("unreadable", run("validate", "/nonexistent")[0] == 3)
with tempfile.TemporaryDirectory() as folder:
    profile = pathlib.Path(folder, "p.profile")
    profile.write_text("profile p\nmessage ADT^A01\nsegment PID\n  8 R = F\n")
    code, out, _ = run("validate", "--profile", str(profile), "-", stdin=ADT)
    result = json.loads(out)
    check("profile", code == 1 and result["profiles"] == ["p"] and result["issues"][0]["source"] == "p:4", result)
    profile.write_text("profile p\nsegment PID\n  8 Q\n")
    code, _, error = run("validate", "--profile", str(profile), "-", stdin=ADT)
    check("profile with a fault", code == 2 and b"p.profile:3: 'Q' is no usage" in error, error)

print("\n".join(failures) or f"{len(odd)} odd messages and the commands' answers are right")
sys.exit(1 if failures else 0)
