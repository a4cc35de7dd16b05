# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""The cores that programs are counted for: how the emulator shows them, and their caches of data.

Sizes: i.MX 8M Plus and i.MX 93 data sheets (A53: 32 KiB, 512 KiB shared; A55: 32 KiB, 64 KiB of each core, 256 KiB
shared); ways: Arm's technical reference manuals. The third is a Cortex-A76 with caches of a common size.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    name: str
    emulated: str  # -cpu of QEMU: 7.2 has no Cortex-A55; A76 has the same instructions
    part: str      # "CPU part" in /proc/cpuinfo, by which LiteRT chooses among its kernels
    features: str  # "Features" there
    caches: tuple  # (KiB, ways), nearest first


_BASE = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"
_DOT = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"

CORES = {core.name: core for core in (
    Core("a53", "cortex-a53", "0xd03", _BASE, ((32, 4), (512, 16))),
    Core("a55", "cortex-a76", "0xd05", _DOT, ((32, 4), (64, 4), (256, 16))),
    Core("a76", "cortex-a76", "0xd0b", _DOT, ((64, 4), (512, 8), (2048, 16))),
)}


def cpuinfo(core):
    """The file /proc/cpuinfo of a board with this core."""
    return ("processor\t: 0\nBogoMIPS\t: 16.00\nFeatures\t: %s\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
            "CPU variant\t: 0x1\nCPU part\t: %s\nCPU revision\t: 0\n\n" % (core.features, core.part))
