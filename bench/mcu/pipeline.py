# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Cycles of blocks of Thumb instructions on Cortex-M7 and M55, which issue in order. Rules and latencies are those that
LLVM publishes for its scheduler (ARMScheduleM7.td, ARMScheduleM55.td), which agree with what quinapalus.com/cm7cycles
measured on an STM32H730. Memory answers at once, as tightly coupled memory and caches do."""
import re
from dataclasses import dataclass, field

REPETITIONS = 4
REGISTER = re.compile(r"\b(r\d+|s[lbp]|fp|ip|lr|q\d|[sd]\d+)\b")
STORES = re.compile(r"v?str|vst|stm|push")
LOADS = re.compile(r"v?ldr|vld|ldm|pop")
SEVERAL = re.compile(r"ldm|pop|stm|push|vldm|vstm|vpop|vpush")
MULTIPLY = re.compile(r"mul|ml[as]|smul|smla|smml|umul|umla|smuad")
SIMD = re.compile(r"[su]xt|pkh|[su]sat|[su]h?(add|sub)(8|16)|sel|rev|[su]bfx|bfi|bfc|clz")
BRANCH = re.compile(r"(b|bl|bx|blx|cbz|cbnz|b(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le))$")
NO_RESULT = re.compile(r"cmp|cmn|tst|teq|it|nop|sev|vpst|vpt|vctp|vmsr|dls|wls|le$|letp")
TWO_RESULTS = re.compile(r"ldrd|[su]mull|[su]mlal")
SHIFTED = re.compile(r"(lsl|lsr|asr|ror) (#|r)")
EASY = re.compile(r"(add|sub)s?$|mov|[su]xt|it|nop")  # what M55 issues beside another instruction of 16 bits
VECTOR_INTEGER = re.compile(r"v(add|sub|shl|shr|rshl|qshl|rshr|max|min|and|orr|eor|bic|dup|idup|movl|movn|qmovn|abs|neg|psel"
                            r"|mvn|rev|hadd|rhadd|qadd|qsub)")


@dataclass
class Needs:
    pipe: str
    latency: int = 1
    beats: int = 1          # cycles for which it takes its pipe
    reads: list = field(default_factory=list)
    early: list = field(default_factory=list)        # read one cycle earlier: addresses and what is shifted
    accumulators: list = field(default_factory=list)
    writes: list = field(default_factory=list)
    alone: bool = False
    first: bool = False     # of two that issue together
    narrow: bool = False    # 16 bits
    easy: bool = False


def registers(text):
    return REGISTER.findall(text)


def operands_of(name, operands):
    """Registers that are written, read, and part of an address."""
    address = registers(" ".join(re.findall(r"\[(.*?)\]", operands)))
    if SEVERAL.match(name):
        listed, base = registers(operands.partition("{")[2]), registers(operands.partition("{")[0])
        return (listed, [], base) if LOADS.match(name) else ([], listed, base)
    plain = registers(re.sub(r"\[.*?\]", "", operands))
    if STORES.match(name):
        return [], plain, address
    if BRANCH.match(name) or NO_RESULT.match(name):
        return [], plain, address
    count = 2 if TWO_RESULTS.match(name) else 1
    return plain[:count], plain[count:], address


def decode(instruction, core):
    name, operands, size = instruction
    name = name.split(".")[0] if not name.startswith("v") else name
    writes, reads, address = operands_of(name, operands)
    needs = Needs("alu", reads=reads, early=address, writes=writes, narrow=size == 2)
    needs.easy = bool(EASY.match(name)) and ("#" in operands or not name.startswith(("add", "sub")))
    if name.startswith("v"):
        return vector(needs, name)
    accumulates = MULTIPLY.match(name) and len(registers(operands)) > 3 or TWO_RESULTS.match(name) and "l" in name[-3:]
    if SEVERAL.match(name):
        count = max(1, len(writes) + len(reads))
        needs.pipe, needs.alone, needs.beats = "load", True, count if core == "m55" else (count + 1) // 2
    elif LOADS.match(name):
        needs.pipe, needs.latency = "load", 2 if core == "m55" or name[3:] in ("b", "h", "sb", "sh", "d") else 1
    elif STORES.match(name):
        needs.pipe = "store"
    elif MULTIPLY.match(name):
        needs.pipe, needs.latency = "multiply", 2
        if accumulates:
            needs.accumulators = writes if TWO_RESULTS.match(name) else reads[-1:]
            needs.reads = reads if TWO_RESULTS.match(name) else reads[:-1]
    elif name.startswith(("udiv", "sdiv")):
        needs.alone, needs.beats = True, 7
    elif BRANCH.match(name):
        needs.pipe = "branch"
    elif SIMD.match(name):
        needs.first, needs.pipe = True, "simd"
        needs.latency = 2 if "sat" in name or core == "m55" and not name.startswith(("sxtb", "uxtb")) else 1
    elif SHIFTED.search(operands) or name.startswith(("lsl", "lsr", "asr", "ror")):
        needs.pipe = "shift"
        if SHIFTED.search(operands):
            needs.early, needs.reads = address + reads[-1:], reads[:-1]
            needs.latency = 2 if core == "m55" else 1
    if name in ("ldrd", "strd"):
        needs.alone = True
    return needs


def vector(needs, name):
    """M55's: two beats in a pipe, where the next one follows a beat behind in another pipe."""
    needs.beats, needs.latency = 2, 1
    if name.startswith(("vpst", "vpt", "vctp", "vpnot", "vmsr", "vmrs")):
        needs.pipe, needs.beats = "control", 1
    elif LOADS.match(name) or STORES.match(name):
        needs.pipe = "load"
    elif VECTOR_INTEGER.match(name):
        needs.pipe = "integer"
    else:
        needs.pipe, needs.latency = "float", 2
        if name.startswith(("vmla", "vmlada")):
            needs.accumulators = needs.writes
    return needs


class Core:
    """Issues instruction behind instruction; `now` is the cycle of the latest."""

    def __init__(self, name, loads):
        self.name = name
        self.pipes = {"alu": 2, "load": loads, "store": 1, "multiply": 1, "branch": 1, "simd": 1, "shift": 1}
        self.now = 0
        self.issued = []    # in this cycle
        self.free = {}      # pipe -> first cycle in which it is free
        self.ready = {}     # register -> first cycle in which it can be read
        self.summed = {}    # the same for the next accumulation into it

    def _ready(self, needs):
        cycles = [self.ready.get(register, 0) for register in needs.reads]
        if self.name == "m7":
            cycles += [self.ready.get(register, -1) + 1 for register in needs.early]
        else:
            cycles += [self.ready.get(register, 0) for register in needs.early]
        cycles += [self.summed.get(register, self.ready.get(register, 0)) for register in needs.accumulators]
        return max(cycles, default=0)

    def _together(self, needs):
        """May it issue beside what has issued in this cycle?"""
        if not self.issued:
            return True
        if len(self.issued) == 2 or needs.alone or self.issued[0].alone:
            return False
        if self.name == "m55":
            other = self.issued[0]
            return needs.narrow and other.narrow and (needs.easy or other.easy or "branch" in (needs.pipe, other.pipe))
        taken = sum(one.pipe == needs.pipe for one in self.issued)
        return not needs.first and taken < self.pipes[needs.pipe]

    def issue(self, needs):
        cycle = max(self.now, self._ready(needs), self.free.get(needs.pipe, 0))
        if cycle == self.now and not self._together(needs):
            cycle += 1
        if cycle > self.now:
            self.now, self.issued = cycle, []
        self.issued.append(needs)
        for register in needs.writes:
            self.ready[register] = cycle + needs.latency
            self.summed.pop(register, None)
            if register in needs.accumulators:
                self.summed[register] = cycle + 1
        if needs.alone and needs.beats > 1:
            self.now, self.issued = cycle + needs.beats - 1, [needs, needs]
        elif needs.beats > 1:
            self.free[needs.pipe] = cycle + needs.beats


def block_cycles(instructions, core, loads):
    """Cycles of a block that runs again and again, where so many loads issue in a cycle."""
    needs = [decode(one, core) for one in instructions if one[0] not in ("le", "letp")]
    pipeline, ends = Core(core, loads), []
    for _ in range(REPETITIONS):
        for one in needs:
            pipeline.issue(one)
        ends.append(pipeline.now)
    return (ends[-1] - ends[0]) / (REPETITIONS - 1)
