#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""usage: newer.py COUNT.txt

Prints each executed instruction that is newer than Armv8.0, with how often it ran, and ends with 1 if there is any. The
assembler decides: what it refuses for Armv8.0 is newer.
"""
import re
import subprocess
import sys
import tempfile

from counts import Counts
from instruction import disassemble

AS = "aarch64-linux-gnu-as"
# Hints that older processors take for no operation: branch targets and signed return addresses.
HINTS = re.compile(r"(bti|pacia|paciasp|autia|autiasp|paciaz|autiaz|xpaclri)$")


def refused(instructions):
    """Those of a list that Armv8.0 lacks."""
    with tempfile.NamedTemporaryFile("w", suffix=".s") as source:
        for one in instructions:
            source.write("%s %s\n" % (one.mnemonic, re.sub(r"<[^>]*>", "", one.operands)))
        source.flush()
        done = subprocess.run([AS, "-march=armv8-a", source.name, "-o", "/dev/null"], capture_output=True, text=True,
                              check=False)
    if done.returncode != 0 and not re.search(r":\d+: Error", done.stderr):
        raise SystemExit("newer.py: %s fails: %s" % (AS, done.stderr.strip()))
    lines = {int(line) for line in re.findall(r":(\d+): Error", done.stderr)}
    return [instructions[line - 1] for line in sorted(lines)]


def main(arguments):
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if arguments in (["-h"], ["--help"]) else 2
    times = {}
    for word, count in Counts(arguments[0]).by_address().values():
        times[word] = times.get(word, 0) + count
    # Branches lead to addresses that the assembler cannot reach; those of later versions are not among is_branch.
    known = [one for one in disassemble(times).values() if not one.is_branch and not HINTS.match(one.mnemonic)]
    newer = refused(known)
    for one in newer:
        print("%10d times  %08x  %s %s" % (times[one.word], one.word, one.mnemonic, one.operands))
    return 1 if newer else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
