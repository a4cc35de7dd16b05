# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Elements of charts as SVG, in the look that src/chart has in C. Only the standard library is used."""

from xml.sax.saxutils import escape

NAVY, RED = "#1b6ca8", "#c8553d"  # the usual colour, and that of what is compared with it
COLOURS = [NAVY, RED, "#e0a458", "#5b8e7d", "#8d6a9f", "#7a7a7a", "#b0b0b0"]
LETTERS, TITLE = 11, 15
MARGIN, TITLE_BASE = 16, 24
# Where the reader's screen is dark. The sheet is opaque, so that a page of the other kind shows it as well.
DARK = ("<style>@media (prefers-color-scheme: dark) { svg { fill: #e6edf3 } [fill=\"#fff\"] { fill: #0d1117 } "
        "[fill=\"#555\"], [fill=\"#777\"] { fill: #9aa4af } line { stroke: #30363d } "
        "text[fill=\"%s\"] { fill: #58a6ff } text[fill=\"%s\"] { fill: #ff8f73 } }</style>" % (NAVY, RED))


class Drawing:
    """A white sheet, or a dark one. Lengths are pixels when nothing scales the picture; y grows downwards."""

    def __init__(self, width, height):
        self.parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" '
                      'font-family="sans-serif" font-size="%d" fill="#222">' % (width, height, width, height, LETTERS), DARK,
                      '<rect width="100%" height="100%" fill="#fff"/>']

    def text(self, x, y, words, **attributes):
        self.parts.append('<text x="%.1f" y="%.1f"%s>%s</text>' % (x, y, self._more(attributes), escape(words)))

    def title(self, words):
        self.text(MARGIN, TITLE_BASE, words, font_size=TITLE, font_weight="bold")

    def bar(self, x, y, width, height, colour, **attributes):
        self.parts.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"%s/>' % (
            x, y, width, height, colour, self._more(attributes)))

    def grid(self, x0, y0, x1, y1):
        self.parts.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/>' % (x0, y0, x1, y1))

    def path(self, words, **attributes):
        self.parts.append('<path d="%s"%s/>' % (words, self._more(attributes)))

    @staticmethod
    def _more(attributes):
        return "".join(' %s="%s"' % (name.replace("_", "-"), value) for name, value in attributes.items())

    def finish(self):
        return "\n".join(self.parts + ["</svg>\n"])
