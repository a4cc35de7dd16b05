#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""bench/arm: the plugins count what a program of known instructions and accesses does; classes of instructions."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ARM = os.path.join(ROOT, "bench", "arm")
sys.dont_write_bytecode = True
sys.path.insert(0, ARM)
from counts import Counts, by_function, by_kind  # noqa: E402
from instruction import disassemble  # noqa: E402

# Part 0 runs 3 instructions 10,000 times, part 1 reads the first byte of 2048 lines, twice as many as the cache has.
PROGRAM = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "marks.h"
static char memory[2048 * 64] __attribute__((aligned(64)));
__attribute__((noinline)) static void multiply(void) {
    __asm__ volatile("mov x1, #10000\\n1: smull v0.8h, v1.8b, v2.8b\\nsubs x1, x1, #1\\nb.ne 1b" ::: "x1", "v0", "cc");
}
int main(void) {
    multiply();
    syscall(SYS_getpriority, MARK, MARK_BEGIN);
    multiply();
    syscall(SYS_getpriority, MARK, MARK_PART);
    for (int i = 0; i < 2048; i++) *(volatile char *)&memory[i * 64];
    syscall(SYS_getpriority, MARK, MARK_END);
    multiply();
    return 0;
}
"""


def missing():
    for tool in ("cc", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-objdump", "qemu-aarch64"):
        if not shutil.which(tool):
            return "%s is missing (on Debian: apt-get install gcc-aarch64-linux-gnu qemu-user)" % tool
    return None


def run(*arguments):
    subprocess.run(arguments, check=True, capture_output=True)


class Plugins(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.program = cls.path("program")
        with open(cls.path("program.c"), "w", encoding="ascii") as file:
            file.write(PROGRAM)
        run("aarch64-linux-gnu-gcc", "-O1", "-static", "-I", ARM, cls.path("program.c"), "-o", cls.program)
        for plugin in ("count", "cache"):
            run("cc", "-O2", "-shared", "-fPIC", os.path.join(ARM, plugin + ".c"), "-o", cls.path(plugin + ".so"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    def emulate(self, plugin):
        run("qemu-aarch64", "-cpu", "cortex-a53", "-plugin", plugin, self.program)

    def test_counts(self):
        self.emulate("%s,out=%s" % (self.path("count.so"), self.path("count.txt")))
        counts = Counts(self.path("count.txt"))
        self.assertEqual(len(counts.parts), 2)
        self.assertTrue(30000 < counts.total([0]) < 30200, counts.total([0]))
        self.assertTrue(2048 * 3 < counts.total([1]) < 2048 * 6, counts.total([1]))
        kinds, mnemonics = by_kind(counts)
        self.assertEqual((kinds["widening multiplies"], mnemonics["smull"]), (10000, 10000))
        self.assertTrue(30000 < by_function(counts, self.program)["multiply"].total() < 30010)

    def test_misses(self):
        self.emulate("%s,out=%s,level=64:4,level=256:8" % (self.path("cache.so"), self.path("cache.txt")))
        with open(self.path("cache.txt"), encoding="ascii") as file:
            multiply, read = [line.split() for line in file]
        self.assertEqual((multiply[6], read[6]), ("misses", "misses"))
        self.assertLess(int(multiply[7]), 50)
        self.assertTrue(2048 <= int(read[7]) < 2100, read)
        self.assertTrue(2048 <= int(read[11]) < 2100, read)

    def test_a_wrong_cache_is_refused(self):
        with self.assertRaises(subprocess.CalledProcessError) as failure:
            self.emulate("%s,level=64" % self.path("cache.so"))
        self.assertIn(b"KIB:WAYS", failure.exception.stderr)


class Classes(unittest.TestCase):
    def test_classes(self):
        wanted = {0x4F82E020: "dot products", 0x0E228020: "widening multiplies", 0x4E206820: "pairwise adds",
                  0xFD400000: "vector loads", 0xF9400000: "integer loads", 0x3D800000: "vector stores",
                  0x9B027C20: "integer multiplies", 0x54000000: "branches", 0x8B020020: "other integer",
                  0xF9800000: "prefetches"}
        found = disassemble(wanted)
        for word, kind in wanted.items():
            self.assertEqual(found[word].kind, kind, found[word])


if __name__ == "__main__":
    reason = missing()
    if reason:
        print("SKIPPED: " + reason)
        sys.exit(77)
    unittest.main()
