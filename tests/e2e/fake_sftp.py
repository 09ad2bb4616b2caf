#!/usr/bin/env python3
"""Stands in for the platform's sftp program: the same options, the same batch commands, a local folder as the remote side.

It insists on what the gateway must always say: no questions, a known host key, a batch on standard input.
"""
import os
import shlex
import shutil
import sys

options = " ".join(sys.argv[1:])
for wanted in ("-b -", "-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oUserKnownHostsFile="):
    if wanted not in options:
        sys.exit(255)
root = os.environ["FAKE_SFTP_ROOT"]
if os.path.exists(os.path.join(root, "down")):
    sys.exit(255)


def remote(path):
    return os.path.join(root, path)


for line in sys.stdin:
    words = shlex.split(line)
    if not words:
        continue
    may_fail = words[0].startswith("-")
    try:
        command = words[0].lstrip("-")
        if command == "put":
            shutil.copyfile(words[1], remote(words[2]))
        elif command == "get":
            shutil.copyfile(remote(words[1]), words[2])
        elif command == "rename":
            os.rename(remote(words[1]), remote(words[2]))
        elif command == "mkdir":
            os.mkdir(remote(words[1]))
        elif command == "ls":
            print("sftp> " + line.strip())
            for name in sorted(os.listdir(remote(words[2]))):
                print(os.path.join(words[2], name))
        else:
            sys.exit(1)
    except OSError:
        if not may_fail:
            sys.exit(1)
