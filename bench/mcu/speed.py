# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""How long a run would take on a board with Cortex-M7 or M55: each block of code by the rules of its pipeline, times how
often it ran; a mispredicted branch wherever a loop ends."""
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass

from pipeline import block_cycles

LINE = re.compile(r"^ *([0-9a-f]+):\t(\S+)(?:\t([^@;<]*))?")
BACKWARDS = re.compile(r"(?:b[a-z]{2}|cbn?z|le|letp)(?:\.[nw])?$")
MISPREDICTED = {"m7": 6, "m55": 3}      # cycles, after LLVM
CLOCKS = {"m7": (400, 480), "m55": (160, 400)}  # MHz: STM32H747, H743; Alif Ensemble's two


@dataclass
class Time:
    low: float = 0   # M cycles: two loads issue together, every branch is foreseen
    high: float = 0  # one load in a cycle, each loop ends with a mispredicted branch


def instructions_of(elf):
    """{address: [mnemonic, operands, bytes]}"""
    text = subprocess.run(["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    found = {}
    for match in map(LINE.match, text.splitlines()):
        if match:
            found[int(match[1], 16)] = [match[2], (match[3] or "").strip(), 0]
    addresses = sorted(found)
    for here, following in zip(addresses, addresses[1:] + [addresses[-1] + 2]):
        found[here][2] = following - here
    return found


def read_blocks(path):
    times = defaultdict(int)
    for line in path.read_text("ascii").splitlines():
        address, count, ran = map(int, line.split())
        times[address, count] += ran
    return times


def loop_ends(code, last, starts):
    """How often the block behind a branch backwards ran: as often as the loop has ended."""
    name, operands, size = code[last]
    target = re.search(r"\b([0-9a-f]+)$", operands)
    if BACKWARDS.match(name) and target and int(target[1], 16) <= last:
        return starts.get(last + size, 0)
    return 0


def predict(elf, blocks, ranges, core):
    """Time of the code in `ranges`, pairs of addresses."""
    code, times, total = instructions_of(elf), read_blocks(blocks), Time()
    starts = defaultdict(int)
    for (address, _), ran in times.items():
        starts[address] += ran
    for (address, count), ran in times.items():
        if not any(begin <= address < end for begin, end in ranges):
            continue
        addresses = [address]
        while len(addresses) < count:
            addresses.append(addresses[-1] + code[addresses[-1]][2])
        block = [code[at] for at in addresses]
        mispredicted = min(ran, loop_ends(code, addresses[-1], starts)) * MISPREDICTED[core]
        total.low += ran * block_cycles(block, core, 2) / 1e6
        total.high += (ran * block_cycles(block, core, 1) + mispredicted) / 1e6
    return total
