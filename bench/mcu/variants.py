# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""A table of MobileNetV2 of all widths and sizes that Keras has weights for: what each takes on a microcontroller, and how
long. Weights are random, as nothing here depends on them. Needs what scripts/mcu.sh leaves in build-mcu/."""
import argparse
import pathlib
import re
import shutil
import subprocess
from dataclasses import dataclass

from runs import ROOT, measure, run
from speed import CLOCKS

VARIANTS = [(width, size) for width in (0.35, 0.5, 0.75, 1.0) for size in (96, 128, 160, 192, 224)]
VARIANTS += [(1.3, 224), (1.4, 224)]
RAMS = (32, 64, 96, 128, 192, 256, 320)  # KiB of activations
FEW = 1.2                                # times that all weights are read, with which a board is content
BOARDS = ("mps2-an500", "mps3-an547")
MOBILENET = ROOT / "build/mobilenet"


@dataclass
class Compiled:
    macs: int
    arena: int
    weights: int
    constants: int
    read: int

    @property
    def times(self):
        return self.read / self.weights


def compiled(model, folder, *options):
    """None if the memory is too little."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        text = run([MOBILENET, "compile", model, "-o", folder, "--name", "network", *options])
    except subprocess.CalledProcessError as error:
        if "not enough" in error.stdout:
            return None
        raise
    macs = int(re.search(r"(\d+) MACs", text)[1])
    numbers = re.search(r"activations +(\d+).*weights +(\d+) bytes, of which a run reads (\d+).*constants +(\d+)", text,
                        re.DOTALL)
    arena, weights, read, constants = map(int, numbers.groups())
    return Compiled(macs, arena, weights, constants, read)


def make_model(width, size, out):
    floats, model = out / "variant_float.tflite", out / "variant.tflite"
    run([MOBILENET, "new", "--width", width, "--size", size, "-o", floats])
    run([MOBILENET, "quantize", floats, "--images", ROOT / "models/signs", "--limit", 2, "-o", model])
    return model


def times_of(model, size, folder, plugin, out):
    """Predicted milliseconds at the highest clock of each board, and bytes of code."""
    image, scores = out / "variant.raw", out / "variant_scores.raw"
    image.write_bytes(bytes(i * 7 % 251 for i in range(3 * size * size)))
    run([MOBILENET, "run", "-m", model, "--input", image, "--output", scores])
    cells, code = [], 0
    for board in BOARDS:
        result = measure(folder, image, scores, board, plugin, out)
        if not result.same:
            raise SystemExit("%s: other scores than here" % board)
        clock, code = max(CLOCKS[result.pipeline]), max(code, result.sizes.code)
        cells.append("%.0f to %.0f" % (1000 * result.time.low / clock, 1000 * result.time.high / clock))
    return cells, code


def row(width, size, plugin, out):
    model, folder = make_model(width, size, out), out / "variant"
    held, least = compiled(model, folder, "--held"), compiled(model, folder)
    cells, best = [], least
    for ram in RAMS:
        found = compiled(model, folder, "--ram", "%dK" % ram) if best.times > 1 or ram * 1024 >= best.arena else None
        cells.append("%.1f" % found.times if found else "-")
        best = found or best
        if best.times <= FEW:
            break
    cells += [""] * (len(RAMS) - len(cells))
    times, code = times_of(model, size, folder, plugin, out)
    flash = least.weights + least.constants + code
    numbers = [least.macs / 1e6, flash // 1024, least.arena, held.arena, least.times]
    return "| %s @ %d | %.1f | %d | %d | %d | %.1f | %s |" % (width, size, *numbers, " | ".join(cells + times))


def main():
    parser = argparse.ArgumentParser(prog="scripts/mcu.sh --variants", description=__doc__)
    parser.add_argument("--plugin", type=pathlib.Path, required=True, help="count.c, built")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="where programs and counts are kept")
    parser.add_argument("--only", default="", help="one variant, such as 1.0@224")
    arguments = parser.parse_args()
    print("| | M MACs | flash, KiB | rows arriving | input held | weights read | %s | M7, 480 MHz, ms | M55, 400 MHz, ms |" %
          " | ".join("in %d KiB" % ram for ram in RAMS))
    print("|---|--:|--:|--:|--:|--:|%s--:|--:|" % ("--:|" * len(RAMS)))
    for width, size in VARIANTS:
        if arguments.only in ("", "%s@%d" % (width, size)):
            print(row(width, size, arguments.plugin, arguments.out), flush=True)


if __name__ == "__main__":
    main()
