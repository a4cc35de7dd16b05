#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the two pictures that README.md begins with.

usage: scripts/make_first_screen.py speed > docs/speed.svg
       scripts/make_first_screen.py classified WEIGHTS.h5 > docs/classified.svg

speed: bars of the figures in docs/benchmarks.md, which scripts/peers.sh measures. classified: a photo, and what the
commands in build/ answer to it with ImageNet's weights of MobileNetV2 as Keras publishes them."""

import base64
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "bench", "peers"))
from svg import COLOURS, Drawing  # noqa: E402

WIDTH, HEIGHT = 410, 400  # two side by side fill a page, one a phone
EDGE = 14

# ---- speed ------------------------------------------------------------------------------------------------

MODEL = "tf2_mobilenet_v2_1.0_224_ptq int8"
ENGINES = ["mobilenet.c", "LiteRT (XNNPACK)", "OpenVINO", "ONNX Runtime"]
GROUPS = [("Milliseconds of one inference", "Milliseconds of one inference"),
          ("Milliseconds to load and prepare", "Milliseconds to load and prepare"),
          ("MiB of memory", "MiB of memory, library and model")]
NAMES, BAR, GROUP = 126, 17, 112
LONGEST = 5.0  # times the shortest; longer bars are cut


def figures(page, heading):
    """What docs/benchmarks.md says of the model with one thread, engine by engine: the sum of a cell's parts."""
    section = page.split("#### " + heading + "\n")[1].split("\n####")[0]
    rows = [[cell.strip(" *") for cell in line.strip("|").split("|")]
            for line in section.splitlines() if line.startswith("|")]
    names = rows[0]
    row = next(r for r in rows if r[0] == MODEL and r[1] == "1")
    return [sum(float(part.strip("* ")) for part in row[names.index(engine)].split("(")[0].split("+"))
            for engine in ENGINES]


def draw_group(drawing, top, words, values):
    drawing.text(EDGE, top, words, font_size=13, font_weight="bold")
    unit = (WIDTH - 2 * EDGE - NAMES - 110) / LONGEST
    for i, (engine, value) in enumerate(zip(ENGINES, values)):
        y = top + 8 + i * (BAR + 4)
        times = value / min(values)
        drawing.text(EDGE + NAMES - 6, y + 13, engine, text_anchor="end", font_size=12,
                     **({"font_weight": "bold"} if i == 0 else {}))
        length = min(times, LONGEST) * unit
        drawing.bar(EDGE + NAMES, y, length, BAR, COLOURS[0] if i == 0 else COLOURS[5])
        if times > LONGEST:
            drawing.path("M%.1f %.1f l5 %d h4 l-5 -%d z" % (EDGE + NAMES + length - 14, y, BAR, BAR), fill="#fff")
        label = "%.3g" % value if i == 0 else "%.3g (%.*f times)" % (value, times < 10, times)
        drawing.text(EDGE + NAMES + length + 5, y + 13, label, font_size=12)


def speed():
    with open(os.path.join(ROOT, "docs", "benchmarks.md"), encoding="utf-8") as file:
        page = file.read()
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.text(EDGE, 24, "MobileNetV2 1.0, 224x224, int8", font_size=15, font_weight="bold")
    drawing.text(EDGE, 42, "one thread of an Intel Xeon with AMX; shorter is better", font_size=12, fill="#555")
    for i, (heading, words) in enumerate(GROUPS):
        draw_group(drawing, 72 + i * GROUP, words, figures(page, heading))
    return drawing.finish()


# ---- classified -------------------------------------------------------------------------------------------

PHOTO, PHOTO_WIDTH, PHOTO_HEIGHT = os.path.join("examples", "chelsea.jpg"), 451, 300
LINE, LETTER = 17, 11.5
PICTURE = 180  # height of the photo's part


def session(weights):
    """Lines of a terminal: commands, and the classes that they print."""
    program = os.path.join(ROOT, "build", "mobilenet")
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        models = [os.path.join(folder, name) for name in ("float.tflite", "int8.tflite")]
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([program, "convert", weights, "-o", models[0]], **quiet)
        subprocess.run([program, "quantize", weights, "--data-free", "-o", models[1]], **quiet)
        for model in models:
            lines.append("$ mobilenet classify -m %s %s | grep %%" % (os.path.basename(model), os.path.basename(PHOTO)))
            answer = subprocess.run([program, "classify", "-m", model, os.path.join(ROOT, PHOTO)], check=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8").stdout
            lines += [line for line in answer.splitlines() if "%" in line]
    return lines


def classified(weights):
    with open(os.path.join(ROOT, PHOTO), "rb") as file:
        photo = base64.b64encode(file.read()).decode()
    lines = session(weights)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">' % (
        WIDTH, HEIGHT, WIDTH, HEIGHT),
        '<rect width="100%" height="100%" fill="#0d1117"/>',
        '<svg width="%d" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="xMidYMin slice">' % (
            WIDTH, PICTURE, PHOTO_WIDTH, PHOTO_WIDTH * PICTURE / WIDTH),
        '<image width="%d" height="%d" href="data:image/jpeg;base64,%s"/></svg>' % (PHOTO_WIDTH, PHOTO_HEIGHT, photo),
        '<g font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="%s">' % LETTER]
    for i, line in enumerate(lines):
        colour = "#7ee787" if line.startswith("$") else "#e6edf3"
        parts.append('<text x="%d" y="%d" fill="%s" xml:space="preserve">%s</text>' % (
            EDGE, PICTURE + 26 + i * LINE, colour, line))
    return "\n".join(parts + ["</g>", "</svg>\n"])


def main():
    if sys.argv[1:] == ["speed"]:
        sys.stdout.write(speed())
    elif len(sys.argv) == 3 and sys.argv[1] == "classified":
        sys.stdout.write(classified(sys.argv[2]))
    else:
        sys.stderr.write(__doc__ + "\n")
        return 0 if set(sys.argv[1:]) & {"--help", "-h"} else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
