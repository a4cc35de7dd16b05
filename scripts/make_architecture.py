#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes docs/architecture.svg: how a file becomes a graph, a plan and a session.

usage: scripts/make_architecture.py > docs/architecture.svg"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench", "peers"))
from svg import LETTERS, NAVY, RED, Drawing  # noqa: E402

WIDTH, HEIGHT = 968, 508
BOX_WIDTH, BOX_HEIGHT = 128, 58
LINE = 15

# Columns and rows of boxes.
COLUMNS = [28, 224, 420, 616, 812]
MAKING, RUNNING, KERNELS, BASE = 84, 224, 358, 440


def box(drawing, x, y, name, words, colour, width=BOX_WIDTH, height=BOX_HEIGHT, fill="#fff"):
    drawing.bar(x, y, width, height, fill, stroke=colour, rx=4)
    drawing.text(x + width / 2, y + 20, name, text_anchor="middle", font_weight="bold", fill=colour)
    for i, line in enumerate(words):
        drawing.text(x + width / 2, y + 20 + LINE * (i + 1), line, text_anchor="middle")


def arrow(drawing, points, words=(), at=None):
    """Along points; the words stand at `at` or above the middle of the first stretch."""
    drawing.path("M" + " L".join("%.1f %.1f" % point for point in points), fill="none", stroke="#555")
    (x0, y0), (x1, y1) = points[-2:]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    drawing.path("M%.1f %.1f L%.1f %.1f L%.1f %.1f z" % (
        x1, y1, x1 - 8 * dx - 4 * dy, y1 - 8 * dy + 4 * dx, x1 - 8 * dx + 4 * dy, y1 - 8 * dy - 4 * dx), fill="#555")
    x, y = at or ((points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2 - 6)
    for i, line in enumerate(words):
        drawing.text(x, y - LINE * (len(words) - 1 - i), line, text_anchor="middle", fill="#555")


def across(drawing, row, column, words):
    """From the box in that column to the next one."""
    y = row + BOX_HEIGHT / 2
    arrow(drawing, [(COLUMNS[column] + BOX_WIDTH, y), (COLUMNS[column + 1], y)], words)


def label(drawing, column, y, words):
    drawing.text(COLUMNS[column], y - 22, words, font_size=LETTERS + 1, font_weight="bold", fill="#555")


def main():
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.title("From a file to an answer")

    label(drawing, 0, MAKING, "Making a model: the commands' part")
    box(drawing, COLUMNS[0], MAKING, "weights", [".h5 .keras .pth", ".safetensors .onnx"], RED)
    box(drawing, COLUMNS[1], MAKING, "network", ["Keras layers,", "batch norm apart"], RED)
    box(drawing, COLUMNS[2], MAKING, "float graph", ["operators and", "float32 tensors"], RED)
    box(drawing, COLUMNS[3], MAKING, "int8 graph", ["scales and", "zero points"], RED)
    box(drawing, COLUMNS[4], MAKING, ".tflite file", ["float or int8"], RED)
    across(drawing, MAKING, 0, ["keras", "torch", "onnx"])
    across(drawing, MAKING, 1, ["net:", "fold"])
    across(drawing, MAKING, 2, ["quant"])
    across(drawing, MAKING, 3, ["tflite:", "write"])

    label(drawing, 1, RUNNING, "Running it: the library")
    box(drawing, COLUMNS[0], RUNNING, ".tflite file", ["FlatBuffer, mapped", "or read"], NAVY)
    box(drawing, COLUMNS[1], RUNNING, "graph", ["operators in order,", "checked once"], NAVY)
    box(drawing, COLUMNS[2], RUNNING, "plan", ["steps with kernels,", "order, places"], NAVY)
    box(drawing, COLUMNS[3], RUNNING, "session", ["arena and threads;", "allocates no more"], NAVY)
    box(drawing, COLUMNS[4], RUNNING, "outputs", ["the same bits on", "every processor"], NAVY)
    across(drawing, RUNNING, 0, ["tflite:", "read"])
    across(drawing, RUNNING, 1, ["plan"])
    across(drawing, RUNNING, 2, ["session"])
    across(drawing, RUNNING, 3, ["run"])
    entry, corner, between = COLUMNS[0] + BOX_WIDTH / 2, COLUMNS[4] + BOX_WIDTH / 2, MAKING + BOX_HEIGHT + 32
    arrow(drawing, [(corner, MAKING + BOX_HEIGHT), (corner, between), (entry, between), (entry, RUNNING)])

    wide = COLUMNS[3] + BOX_WIDTH - COLUMNS[1]
    box(drawing, COLUMNS[1], KERNELS, "kernels", ["ref defines every result; portable and the processor's tiers give "
                                                   "the same bytes, faster"], NAVY, width=wide, height=44)
    middle = COLUMNS[2] + BOX_WIDTH / 2
    arrow(drawing, [(middle, RUNNING + BOX_HEIGHT), (middle, KERNELS)], ["chooses"], at=(middle + 28, KERNELS - 12))
    caller = COLUMNS[3] + BOX_WIDTH / 2
    arrow(drawing, [(caller, RUNNING + BOX_HEIGHT), (caller, KERNELS)], ["calls"], at=(caller + 22, KERNELS - 12))
    box(drawing, COLUMNS[0], KERNELS, "photo", ["decoded or pixels"], NAVY, height=44)
    arrow(drawing, [(entry, KERNELS), (entry, KERNELS - 32), (COLUMNS[3] + 20, KERNELS - 32),
                    (COLUMNS[3] + 20, RUNNING + BOX_HEIGHT)], ["decode, image: the input tensor"],
          at=(entry + 96, KERNELS - 38))
    box(drawing, COLUMNS[4], KERNELS, "answer", ["the best classes"], NAVY, height=44)
    arrow(drawing, [(corner, RUNNING + BOX_HEIGHT), (corner, KERNELS)], ["classify"], at=(corner + 26, KERNELS - 12))
    box(drawing, COLUMNS[0], BASE, "base", ["status, checked arithmetic, memory, files, threads: the C library and POSIX "
                                            "alone"], NAVY, width=COLUMNS[4] + BOX_WIDTH - COLUMNS[0], height=44)
    sys.stdout.write(drawing.finish())


if __name__ == "__main__":
    main()
