# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""The cores that programs are counted for: how the emulator shows them, and their caches of data.

Sizes: i.MX 8M Plus, i.MX 93 and BCM2711 (A72) data sheets (A53: 32 KiB, 512 KiB shared; A55: 32 KiB, 64 KiB of each
core, 256 KiB shared; A72: 32 KiB, 1 MiB shared); ways: Arm's technical reference manuals. A76 and A510 are given caches
of a common size. A510 stands for any core with i8mm: the emulator has none, so that QEMU's `max` runs, without SVE.
Rows of misses that the prefetcher follows: 2 on A53 (reset value of CPUACTLR_EL1.NPFSTRM); other manuals do not say,
and 4 are taken, the most that A53 can be set to.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    name: str
    emulated: str  # -cpu of QEMU: 7.2 has no Cortex-A55; A76 has the same instructions
    part: str      # "CPU part" in /proc/cpuinfo, by which LiteRT chooses among its kernels
    features: str  # "Features" there
    caches: tuple  # (KiB, ways), nearest first
    streams: int = 4  # rows of misses that the prefetcher follows at once


_BASE = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"
_DOT = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"

CORES = {core.name: core for core in (
    Core("a53", "cortex-a53", "0xd03", _BASE, ((32, 4), (512, 16)), streams=2),
    Core("a55", "cortex-a76", "0xd05", _DOT, ((32, 4), (64, 4), (256, 16))),
    Core("a72", "cortex-a72", "0xd08", "fp asimd evtstrm crc32 cpuid", ((32, 2), (1024, 16))),
    Core("a76", "cortex-a76", "0xd0b", _DOT, ((64, 4), (512, 8), (2048, 16))),
    Core("a510", "max,sve=off,sme=off", "0xd46", _DOT + " i8mm bf16", ((64, 4), (256, 8), (2048, 16))),
)}


def cpuinfo(core):
    """The file /proc/cpuinfo of a board with this core."""
    return ("processor\t: 0\nBogoMIPS\t: 16.00\nFeatures\t: %s\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
            "CPU variant\t: 0x1\nCPU part\t: %s\nCPU revision\t: 0\n\n" % (core.features, core.part))
