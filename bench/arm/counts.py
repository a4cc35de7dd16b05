#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""usage: counts.py COUNT.txt [PROGRAM]

What the plugin count.c counted: instructions by class and by mnemonic, and, with the program that was run (linked
statically), by function.
"""
import bisect
import collections
import subprocess
import sys

from instruction import disassemble

NM = "aarch64-linux-gnu-nm"


class Counts:
    """Blocks of instructions, and how often each ran in each part."""

    def __init__(self, path):
        self.blocks = {}  # index -> (address, [word])
        self.parts = []   # [{block index: times}]
        with open(path, encoding="ascii") as file:
            for line in file:
                kind, *rest = line.split()
                if kind == "block":
                    self.blocks[int(rest[0])] = (int(rest[1], 16), [int(word, 16) for word in rest[2:]])
                elif kind == "part":
                    self.parts.append({})
                else:
                    self.parts[-1][int(rest[0])] = int(rest[1])

    def total(self, parts=None):
        """Executed instructions, of all parts or those given by index."""
        chosen = self.parts if parts is None else [self.parts[i] for i in parts]
        return sum(times * len(self.blocks[index][1]) for part in chosen for index, times in part.items())

    def by_address(self):
        """{address: (word, times)} over all parts."""
        found = {}
        for part in self.parts:
            for index, times in part.items():
                address, words = self.blocks[index]
                for i, word in enumerate(words):
                    found[address + 4 * i] = (word, found.get(address + 4 * i, (0, 0))[1] + times)
        return found


def by_kind(counts):
    """Executions by class of instruction, and by mnemonic."""
    executed = counts.by_address().values()
    known = disassemble(word for word, _ in executed)
    kinds, mnemonics = collections.Counter(), collections.Counter()
    for word, times in executed:
        kinds[known[word].kind] += times
        mnemonics[known[word].mnemonic] += times
    return kinds, mnemonics


def functions_of(program):
    """Sorted addresses of a program's functions, and their names."""
    symbols = []
    for line in subprocess.run([NM, program], check=True, capture_output=True, text=True).stdout.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in "tTwWi" and not fields[2].startswith("$"):
            symbols.append((int(fields[0], 16), fields[2]))
    symbols.sort()
    return [address for address, _ in symbols], [name for _, name in symbols]


def by_function(counts, program):
    """{function: Counter of classes of instructions}"""
    starts, names = functions_of(program)
    executed = counts.by_address()
    known = disassemble(word for word, _ in executed.values())
    found = collections.defaultdict(collections.Counter)
    for address, (word, times) in executed.items():
        place = bisect.bisect_right(starts, address) - 1
        found[names[place] if place >= 0 else "elsewhere"][known[word].kind] += times
    return found


def main(arguments):
    if not 1 <= len(arguments) <= 2 or arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    counts = Counts(arguments[0])
    total = counts.total() or 1
    print("%.2f M instructions" % (total / 1e6))
    kinds, mnemonics = by_kind(counts)
    for kind, times in kinds.most_common():
        print("  %9.2f M %5.1f %%  %s" % (times / 1e6, 100 * times / total, kind))
    print("  most of all: " + ", ".join("%s %.1f M" % (name, times / 1e6) for name, times in mnemonics.most_common(16)))
    if len(arguments) == 2:
        functions = by_function(counts, arguments[1])
        for name in sorted(functions, key=lambda name: -functions[name].total())[:20]:
            times = functions[name].total()
            kinds = ", ".join("%s %.0f %%" % (kind, 100 * n / times) for kind, n in functions[name].most_common(4))
            print("  %9.2f M %5.1f %%  %s: %s" % (times / 1e6, 100 * times / total, name, kinds))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
