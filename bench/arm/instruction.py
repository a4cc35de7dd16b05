# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Instructions of 64-bit Arm: what words mean, and to which class each belongs."""
import re
import struct
import subprocess
import tempfile
from dataclasses import dataclass, field

OBJDUMP = "aarch64-linux-gnu-objdump"
BRANCHES = {"b", "bl", "br", "blr", "ret", "cbz", "cbnz", "tbz", "tbnz"}
WIDENING = re.compile(r"[su]ml[as]l2?$|[su]mull2?$|sqdml[as]l2?$|sqdmull2?$")
DOT = re.compile(r"(s|u|us|su)dot$|(s|u|us)mmla$")
PAIRWISE = {"sadalp", "uadalp", "saddlp", "uaddlp"}
VECTOR_MULTIPLIES = {"mla", "mls", "mul", "fmla", "fmls", "fmul", "fmadd", "fmsub", "fnmsub", "fnmul", "sqrdmulh",
                     "sqdmulh", "sqrdmlah"}
MULTIPLIES = {"madd", "msub", "mul", "mneg", "smull", "umull", "smaddl", "umaddl", "smulh", "umulh"}
VECTOR_REGISTER = re.compile(r"\b(?:[vqdsbh]\d+)\b")


@dataclass(frozen=True)
class Instruction:
    """One word as the disassembler writes it."""
    word: int
    mnemonic: str
    operands: str
    vector: bool = field(init=False)  # reads or writes a vector register

    def __post_init__(self):
        object.__setattr__(self, "vector", VECTOR_REGISTER.search(self.operands) is not None)

    @property
    def is_branch(self):
        return self.mnemonic in BRANCHES or self.mnemonic.startswith("b.")

    @property
    def is_load(self):
        return self.mnemonic.startswith("ld") and "[" in self.operands

    @property
    def is_store(self):
        return self.mnemonic.startswith("st") and "[" in self.operands

    @property
    def kind(self):
        """The class that reports count it in."""
        name = self.mnemonic
        if self.is_branch:
            return "branches"
        if name.startswith("prf"):
            return "prefetches"
        if self.is_load or self.is_store:
            return ("vector " if self.vector else "integer ") + ("loads" if self.is_load else "stores")
        if DOT.match(name):
            return "dot products"
        if self.vector:
            if WIDENING.match(name):
                return "widening multiplies"
            if name in PAIRWISE:
                return "pairwise adds"
            return "other vector multiplies" if name in VECTOR_MULTIPLIES else "other vector"
        return "integer multiplies" if name in MULTIPLIES else "other integer"


def disassemble(words):
    """{word: Instruction} for all the given words, by one run of the disassembler."""
    words = sorted(set(words))
    found = {}
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(struct.pack("<%dI" % len(words), *words))
        file.flush()
        text = subprocess.run([OBJDUMP, "-D", "-z", "-b", "binary", "-m", "aarch64", file.name], check=True,
                              capture_output=True, text=True).stdout
    for line in text.splitlines():
        parts = line.split("\t")
        if len(parts) < 3 or not parts[0].strip().endswith(":"):
            continue
        word = int(parts[1], 16)
        operands = parts[3].split("//")[0].strip() if len(parts) > 3 else ""
        found[word] = Instruction(word, parts[2].strip(), operands)
    missing = [word for word in words if word not in found]
    if missing:
        raise ValueError("%s does not show %08x" % (OBJDUMP, missing[0]))
    return found
