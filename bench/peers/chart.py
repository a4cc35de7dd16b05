# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Results as bars: how many times as long as this library each engine takes. Only the standard library is used."""

from report import number, ours_of, title
from svg import COLOURS, Drawing

PANEL_WIDTH, PANEL_GAP, MARGIN = 560, 30, 20
BAR_HEIGHT, BAR_GAP, GROUP_GAP = 13, 3, 24
NAME_WIDTH, LABEL_WIDTH = 150, 110
HEAD = 58
LIMIT = 8.0  # longer bars are cut there, and say so by their end


def torn_end(drawing, x, y):
    """A white cut near the end of a bar that is longer than drawn."""
    drawing.path("M%.1f %.1f l5 %d h4 l-5 -%d z" % (x - 14, y, BAR_HEIGHT, BAR_HEIGHT), fill="#fff")


def bars_of(found, result):
    """Name, colour, times as long as ours and milliseconds of each engine that ran."""
    bars = []
    for i, name in enumerate(found["order"]):
        facts = result["engines"].get(name, {})
        if "ratio" in facts:
            bars.append((name, COLOURS[i % len(COLOURS)], facts["ratio"]["median"], facts["time"]["median"]))
    return bars


def group_height(found, result):
    return len(bars_of(found, result)) * (BAR_HEIGHT + BAR_GAP) + GROUP_GAP


def draw_group(drawing, found, result, left, top):
    """The bars of one model."""
    drawing.text(left, top + 11, "%s %s" % (result["model"], result["type"]), font_weight="bold")
    start = left + NAME_WIDTH
    unit = (PANEL_WIDTH - NAME_WIDTH - LABEL_WIDTH) / LIMIT
    y = top + 17
    for name, colour, ratio, milliseconds in bars_of(found, result):
        drawing.text(start - 6, y + 10, title(name), text_anchor="end")
        drawing.bar(start, y, max(min(ratio, LIMIT) * unit, 0.5), BAR_HEIGHT, colour)
        if ratio > LIMIT:
            torn_end(drawing, start + LIMIT * unit, y)
        label = "%s ms" % number(milliseconds)
        if name != ours_of(found):
            label += ", %sx" % number(ratio)
        drawing.text(start + min(ratio, LIMIT) * unit + 5, y + 10, label)
        y += BAR_HEIGHT + BAR_GAP


def draw_panel(drawing, found, threads, left, bottom):
    results = [r for r in found["results"] if r["threads"] == threads and bars_of(found, r)]
    drawing.text(left, HEAD - 14, "%d thread%s" % (threads, "s" if threads > 1 else ""), font_size=14)
    unit = (PANEL_WIDTH - NAME_WIDTH - LABEL_WIDTH) / LIMIT
    for times in range(1, int(LIMIT) + 1):
        x = left + NAME_WIDTH + times * unit
        drawing.grid(x, HEAD, x, bottom)
        drawing.text(x, HEAD - 3, "%dx" % times, text_anchor="middle", fill="#777")
    top = HEAD + 4
    for result in results:
        draw_group(drawing, found, result, left, top)
        top += group_height(found, result)


def svg(found):
    """The chart: a panel for each number of threads."""
    threads = sorted({r["threads"] for r in found["results"]})
    heights = [sum(group_height(found, r) for r in found["results"] if r["threads"] == t and bars_of(found, r))
               for t in threads]
    height = HEAD + max(heights, default=0) + MARGIN
    panels = max(len(threads), 1)
    drawing = Drawing(2 * MARGIN + panels * PANEL_WIDTH + (panels - 1) * PANEL_GAP, height)
    drawing.title("Time of one inference, as a multiple of %s's; shorter is faster" % title(ours_of(found)))
    for i, count in enumerate(threads):
        draw_panel(drawing, found, count, MARGIN + i * (PANEL_WIDTH + PANEL_GAP), height - MARGIN)
    return drawing.finish()
