# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""One image through a compiled network on an emulated board, and what that took."""
import pathlib
import re
import subprocess
from dataclasses import dataclass

from linkmap import code_of, sizes_of, weights_of
from speed import predict

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARDS = {"mps2-an386": "Cortex-M4", "mps2-an500": "Cortex-M7", "mps3-an547": "Cortex-M55", "virt-rv32": "rv32imc"}
PIPELINES = {"mps2-an500": "m7", "mps3-an547": "m55"}
OUTSIDE = 1023  # measure.c's number for what is not the network's

# A line of the table of steps in network.c: chain, step, kind, output, slice, MACs, layer.
STEP = re.compile(r"^ \*\s+(\d+)\s+(\d+)\s+([A-Z_]+)\s+(\S+)\s+(\d+)\s+(\d+)  (.*)$", re.MULTILINE)


@dataclass
class Step:
    kind: str
    output: str
    macs: int
    layer: str


@dataclass
class Result:
    board: str
    counts: dict  # instructions by step
    read: int     # bytes of weights, or None
    stack: int
    sizes: object
    time: object  # or None
    same: bool

    @property
    def pipeline(self):
        return PIPELINES.get(self.board)


def read_steps(folder):
    source = (folder / "network.c").read_text(encoding="utf-8")
    return {int(step): Step(kind, output, int(macs), layer)
            for _, step, kind, output, _, macs, layer in STEP.findall(source)}


def run(command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options).stdout


def is_network(name):
    return name.startswith(("network", "mn_mcu_"))


def measure(folder, image, scores, board, plugin, out, flags=(), flash=False):
    """Of the network in `folder`; `scores` are the desktop's, `plugin` is count.c, built."""
    work = out / board
    work.mkdir(parents=True, exist_ok=True)
    elf = work / "measure.elf"
    run([ROOT / "mcu/build.sh", board, folder, elf, ROOT / "bench/mcu/measure.c", *flags])
    (work / "input.raw").write_bytes(image.read_bytes())
    options, linked = "%s,out=counts.txt,blocks=blocks.txt" % plugin.resolve(), elf.with_suffix(".elf.map")
    if flash:
        options += ",flash=%d:%d" % weights_of(linked)
    text = run([ROOT / "mcu/run.sh", board, elf.name, "-plugin", options], cwd=work)
    lines = [[int(word) for word in line.split()] for line in (work / "counts.txt").read_text("ascii").splitlines()]
    counts = {number: count for number, count, _ in lines if number != OUTSIDE}
    read = sum(count for number, _, count in lines if number != OUTSIDE) if flash else None
    time = predict(elf, work / "blocks.txt", code_of(linked, is_network), PIPELINES[board]) if board in PIPELINES else None
    same = (work / "scores.raw").read_bytes() == scores.read_bytes()
    return Result(board, counts, read, int(text.split()[1]), sizes_of(linked, is_network), time, same)
