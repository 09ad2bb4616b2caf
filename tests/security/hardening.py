#!/usr/bin/env python3
"""What the compiler and the linker put into the program against exploits, read off the binary.

    hardening.py BINARY [--fortified] [--cet]     --fortified: built with optimisation and _FORTIFY_SOURCE; --cet: with CAUSEWAY_HARDEN
"""
import re
import subprocess
import sys

import harness


def readelf(*arguments):
    return subprocess.run(["readelf", "--wide", *arguments], capture_output=True, text=True, check=True).stdout


def main():
    binary = sys.argv[1]
    header, segments, dynamic = readelf("-h", binary), readelf("-l", binary), readelf("-d", binary)
    symbols = readelf("--dyn-syms", binary)
    harness.check(re.search(r"Type:\s+DYN", header) and "INTERP" in segments, "position-independent executable")
    harness.check("GNU_RELRO" in segments and ("BIND_NOW" in dynamic or re.search(r"FLAGS_1.*NOW", dynamic)), "full RELRO: relocations are read-only")
    stack = re.search(r"GNU_STACK.*?\s(R?W?E?)\s+0x", segments)
    harness.check(stack and "E" not in stack.group(1), "the stack is not executable")
    harness.check(not re.search(r"LOAD.*RWE", segments), "no segment is writable and executable")
    harness.check("__stack_chk_fail" in symbols, "stack protector")
    harness.check("RUNPATH" not in dynamic and "RPATH" not in dynamic, "no search path of libraries inside")
    if "--fortified" in sys.argv:
        fortified = sorted(set(re.findall(r"__(\w+)_chk", symbols)) - {"stack"})
        harness.check(len(fortified) >= 3, f"_FORTIFY_SOURCE: checked {', '.join(fortified[:6])} …")
    if "--cet" in sys.argv:
        notes = readelf("-n", binary)
        listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--start-address=0", binary], capture_output=True, text=True).stdout
        harness.check("endbr64" in listing, "CET: indirect branches land on endbr64" + (" (IBT, SHSTK noted)" if "IBT" in notes else ""))
    return 0 if all(harness.checks) else 1


if __name__ == "__main__":
    sys.exit(main())
