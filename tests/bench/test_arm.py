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

# Part 0 runs 3 instructions 10,000 times, part 1 reads the first byte of 2048 lines, twice as many as the cache has, and
# in part 2 another thread does what part 0 does.
PROGRAM = """
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "marks.h"
static char memory[2048 * 64] __attribute__((aligned(64)));
__attribute__((noinline)) static void multiply(void) {
    __asm__ volatile("mov x1, #10000\\n1: smull v0.8h, v1.8b, v2.8b\\nsubs x1, x1, #1\\nb.ne 1b" ::: "x1", "v0", "cc");
}
static void *thread(void *nothing) {
    multiply();
    return nothing;
}
int main(void) {
    pthread_t other;
    multiply();
    syscall(SYS_getpriority, MARK, MARK_BEGIN);
    multiply();
    syscall(SYS_getpriority, MARK, MARK_PART);
    for (int i = 0; i < 2048; i++) *(volatile char *)&memory[i * 64];
    syscall(SYS_getpriority, MARK, MARK_PART);
    pthread_create(&other, 0, thread, 0);
    pthread_join(other, 0);
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
        run("aarch64-linux-gnu-gcc", "-O1", "-static", "-pthread", "-I", ARM, cls.path("program.c"), "-o", cls.program)
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
        self.assertEqual(len(counts.parts), 3)
        self.assertTrue(30000 < counts.total([0]) < 30200, counts.total([0]))
        self.assertTrue(2048 * 3 < counts.total([1]) < 2048 * 6, counts.total([1]))
        kinds, mnemonics = by_kind(counts)
        self.assertEqual((kinds["widening multiplies"], mnemonics["smull"]), (20000, 20000))
        self.assertTrue(60000 < by_function(counts, self.program)["multiply"].total() < 60020)

    def test_other_threads_are_told_apart(self):
        self.emulate("%s,who=others,out=%s" % (self.path("count.so"), self.path("others.txt")))
        counts = Counts(self.path("others.txt"))
        self.assertEqual((counts.total([0]), counts.total([1])), (0, 0))
        self.assertEqual(by_kind(counts)[1]["smull"], 10000)

    def misses(self, streams):
        """[[misses, writebacks, waits of each level]] of each part"""
        self.emulate("%s,out=%s,streams=%d,level=64:4,level=256:8" % (self.path("cache.so"), self.path("cache.txt"),
                                                                    streams))
        with open(self.path("cache.txt"), encoding="ascii") as file:
            return [[int(field) for field in line.split()[7::2]] for line in file]

    def test_misses(self):
        multiply, read, _ = self.misses(streams=0)
        self.assertLess(multiply[0], 50)
        for count in (read[0], read[2], read[3], read[5]):
            self.assertTrue(2048 <= count < 2100, read)

    def test_rows_of_lines_are_foreseen(self):
        _, read, _ = self.misses(streams=2)
        self.assertTrue(2048 <= read[0] < 2100, read)
        self.assertLess(read[2], 60)
        self.assertLess(read[5], 60)

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
