# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Cycles of blocks of instructions by llvm-mca, LLVM's own model of a core, which shares nothing with pipeline.py."""
import re
import shutil
import subprocess

ITERATIONS = 100
TOOLS = ("llvm-mca-19", "llvm-mca-16", "llvm-mca-14", "llvm-mca")
_TARGET = re.compile(r"#?0x[0-9a-f]+$")
_REGION = re.compile(r"Code Region - b(\d+)|Total Cycles:\s+(\d+)")


def tool():
    """The newest llvm-mca there is, or None."""
    return next((name for name in TOOLS if shutil.which(name)), None)


def line(instruction):
    """As llvm-mca reads it. Targets of branches mean nothing, and calls, for which it takes 100 cycles, are jumps."""
    name, operands = instruction.mnemonic, instruction.operands
    if name == "ret":
        return "br x30"
    if instruction.is_branch or name in ("adr", "adrp"):
        operands = _TARGET.sub("#8", operands)
        name = {"bl": "b", "blr": "br"}.get(name, name)
    return "%s %s" % (name, operands)


def block_cycles(blocks, cpu):
    """{key: cycles of one repetition among many}, of {key: instructions}; without those that the tool cannot read."""
    keys, text = list(blocks), []
    for number, key in enumerate(keys):
        text += ["# LLVM-MCA-BEGIN b%d" % number] + [line(one) for one in blocks[key]] + ["# LLVM-MCA-END"]
    command = [tool(), "-mtriple=aarch64", "-mcpu=" + cpu, "-mattr=+dotprod,+i8mm,+bf16,+lse",
               "-iterations=%d" % ITERATIONS]
    if tool() == "llvm-mca-19":
        command.append("--skip-unsupported-instructions=any")
    done = subprocess.run(command, input="\n".join(text) + "\n", capture_output=True, text=True, check=False)
    found, region = {}, None
    for number, cycles in _REGION.findall(done.stdout):
        if number:
            region = keys[int(number)]
        else:
            found[region] = int(cycles) / ITERATIONS
    if not found:
        raise SystemExit("bench/predict: %s reads nothing: %s" % (command[0], done.stderr.strip().split("\n")[0]))
    return found
