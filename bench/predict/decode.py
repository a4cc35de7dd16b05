# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What an instruction needs from an in-order core: registers, a pipe, and how long its results take."""
import re
from dataclasses import dataclass

from instruction import DOT, MULTIPLIES, PAIRWISE, VECTOR_MULTIPLIES, WIDENING

_REGISTER = re.compile(r"\b([vqdsbhxw])(\d+)\b|\b(sp|wsp)\b")
_RANGE = re.compile(r"v(\d+)(\.\d+\w)-v(\d+)\.\d+\w")
_FULL = re.compile(r"\.(16b|8h|4s|2d)\b|\bq\d")
_LANE = re.compile(r"\.[bhsd]\[")
_REGISTER_BYTES = {"q": 16, "d": 8, "s": 4, "h": 2, "b": 1, "x": 8, "w": 4}

FLAGS = ("f", 0)
_SET_FLAGS = {"cmp", "cmn", "tst", "ccmp", "ccmn", "fcmp", "fcmpe", "fccmp"}
_SET_FLAGS_TOO = {"adds", "subs", "ands", "bics", "negs", "adcs", "sbcs"}
_USE_FLAGS = {"csel", "cset", "csinc", "cinc", "csetm", "csneg", "csinv", "cneg", "cinv", "ccmp", "ccmn", "adc", "sbc",
              "fcsel", "fccmp"}
_ACCUMULATE = re.compile(r"(s|u|us|su)dot$|(s|u|us)mmla$|[su]ml[as]l2?$|sqdml[as]l2?$|ml[as]$|sqrdml[as]h$|[su]adalp$|"
                         r"[su]aba(l2?)?$|[su]sra$|[su]rsra$")
_FLOAT_ACCUMULATE = re.compile(r"fml[as]$")
_KEEP_OTHERS = re.compile(r"(ins|bsl|bit|bif|tbx|sli|sri|movk|bfi|bfxil|\w*n2)$")
_COMPLEX = re.compile(r"(scvtf|ucvtf|fcvt\w*|frint\w*|[su]q?r?shl|[su]rshr|r?shrn2?|[su]?q\w+|addhn2?|raddhn2?|f(add|sub|max|"
                      r"min|maxnm|minnm|cm\w+|addp|abs|neg)\w*)$")
_ACROSS = re.compile(r"([su]?(add|max|min)l?v|fmaxv|fminv)$")


@dataclass(frozen=True)
class Needs:
    """Of one instruction."""
    pipe: str                    # alu, multiply, memory, vector, branch
    reads: tuple
    writes: tuple
    latency: int
    accumulators: tuple = ()     # read late by instructions of the same kind
    accumulate: int = 0          # their latency from one to the next
    address_written: tuple = ()  # pre- and post-indexed
    beats: int = 1               # cycles for which the pipe is taken
    halves: int = 0              # 64-bit halves of the vector unit, of two
    alone: bool = False          # nothing issues beside it, for all its beats


def registers(text):
    """Registers in order: ("v", n) for vectors, ("x", n), ("x", "sp"); without zero registers."""
    def expand(match):
        first, last = int(match.group(1)), int(match.group(3))
        return ", ".join("v%d%s" % (n % 32, match.group(2)) for n in range(first, first + (last - first) % 32 + 1))
    return [("x", "sp") if stack else ("v" if kind in "vqdsbh" else "x", number)
            for kind, number, stack in _REGISTER.findall(_RANGE.sub(expand, text))]


def _bytes_moved(moved):
    """Of the registers of a load or store."""
    if _LANE.search(moved):
        return 8
    if "." in moved:
        return len(registers(moved)) * (16 if _FULL.search(moved) else 8)
    return sum(_REGISTER_BYTES.get(kind, 8) for kind, _, _ in _REGISTER.findall(moved))


def _memory(instruction, timing):
    moved, address = instruction.operands.split("[", 1)
    data, base = registers(moved), registers(address)
    written = tuple(base[:1]) if "!" in address or re.search(r"\],", address) else ()
    if instruction.mnemonic.startswith("prf"):
        return Needs("memory", tuple(base), (), 1, address_written=written)
    size = _bytes_moved(moved)
    if instruction.is_store:
        beats = max(1, -(-size // timing.store_bytes))
        return Needs("memory", tuple(data + base), (), 1, address_written=written, beats=beats, alone=beats > 1)
    if instruction.mnemonic.endswith("r") and instruction.mnemonic.startswith("ld") and "{" in moved:
        size = 8 * len(data)  # one element for all lanes
    beats = max(1, -(-size // 8)) + (instruction.mnemonic in ("ld2", "ld3", "ld4"))
    latency = (timing.vector_load if instruction.vector else timing.load) + beats - 1
    reads = data + base if _LANE.search(moved) else base
    pair = instruction.mnemonic.startswith("ldp")
    return Needs("memory", tuple(reads), tuple(data), latency, address_written=written, beats=beats,
                 halves=timing.vector_load_halves if instruction.vector else 0, alone=beats > 1 or pair)


def _vector_latency(name, timing, to_integer):
    if name in ("fdiv", "fsqrt"):
        return timing.float_divide
    if to_integer:
        return timing.vector_to_integer
    if DOT.match(name) or WIDENING.match(name) or name in PAIRWISE or name in VECTOR_MULTIPLIES:
        return timing.vector_multiply
    if _ACROSS.match(name):
        return timing.across
    return timing.vector_complex if _COMPLEX.match(name) else timing.vector


def _vector(instruction, timing):
    name, used = instruction.mnemonic, registers(instruction.operands)
    writes, reads, accumulators, accumulate = used[:1], used[1:], (), 0
    target = instruction.operands.split(",")[0]
    if name in _SET_FLAGS:
        writes, reads = [FLAGS], used
    elif _ACCUMULATE.match(name) or _FLOAT_ACCUMULATE.match(name):
        accumulators = tuple(writes)
        accumulate = timing.float_accumulate if _FLOAT_ACCUMULATE.match(name) else timing.accumulate
    elif _KEEP_OTHERS.match(name) or "[" in target:
        reads = used
    if name in _USE_FLAGS:
        reads = reads + [FLAGS]
    halves = 1 if "[" in target or not _FULL.search(instruction.operands) else 2
    to_integer = bool(writes) and writes[0][0] == "x"
    beats = timing.float_divide - 3 if name in ("fdiv", "fsqrt") else 1
    return Needs("vector", tuple(reads), tuple(writes), _vector_latency(name, timing, to_integer), accumulators, accumulate,
                 beats=beats, halves=halves)


def _integer(instruction, timing):
    name, used = instruction.mnemonic, registers(instruction.operands)
    writes, reads = used[:1], used[1:]
    if name in _SET_FLAGS:
        writes, reads = [FLAGS], used
    elif name in _SET_FLAGS_TOO:
        writes = writes + [FLAGS]
    elif _KEEP_OTHERS.match(name):
        reads = used
    if name in _USE_FLAGS:
        reads = reads + [FLAGS]
    if name in MULTIPLIES:
        return Needs("multiply", tuple(reads), tuple(writes), timing.multiply)
    if name in ("sdiv", "udiv"):
        return Needs("multiply", tuple(reads), tuple(writes), timing.divide, beats=timing.divide)
    return Needs("alu", tuple(reads), tuple(writes), 1)


def decode(instruction, timing):
    """The Needs of an instruction of bench/arm."""
    if instruction.is_branch:
        conditional = instruction.mnemonic.startswith("b.")
        return Needs("branch", (FLAGS,) if conditional else tuple(registers(instruction.operands)), (), 1)
    if instruction.is_load or instruction.is_store or instruction.mnemonic.startswith("prf"):
        return _memory(instruction, timing)
    return _vector(instruction, timing) if instruction.vector else _integer(instruction, timing)
