#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes src/labels/imagenet.c: the names of ImageNet's 1000 classes.

usage: scripts/make_imagenet_labels.py [WNIDS [DATA_NOUN]] > src/labels/imagenet.c

WNIDS      WordNet 3.0 ids in class order, one a line ("n01440764")
DATA_NOUN  WordNet's data.noun (Debian: apt-get install wordnet-base)

A class is called by the first word of its synset ("boxer"). Classes that share that word are told apart by
the first word of what they are a kind of: "crane (wading bird)".
The format of data.noun is described in WordNet's manual page wndb(5WN).
"""
import collections
import re
import sys

WNIDS = "../shared/reference/imagenet_wnids.txt"
DATA_NOUN = "/usr/share/wordnet/data.noun"

HEADER = """\
/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The names of ImageNet's classes: words of WordNet 3.0 (its licence: NOTICE).
 * Written by scripts/make_imagenet_labels.py; change it there. */

#include "mobilenet.h"

#define CLASSES 1000
#define WNID_BYTES 10 /* "n01440764" with its end */

/* clang-format off */

/* Id and label of every class, one after the other. */
static const char text[] =
"""

FOOTER = """\

/* clang-format on */

const char *mn_imagenet_label(int32_t index) {
    return index < 0 || index >= CLASSES ? NULL : text + start[index] + WNID_BYTES;
}

const char *mn_imagenet_wnid(int32_t index) { return index < 0 || index >= CLASSES ? NULL : text + start[index]; }
"""


def read_synsets(path):
    """WordNet id -> (first word, WordNet id of what it is a kind of, or None)."""
    synsets = {}
    with open(path, encoding="latin-1") as lines:
        for line in lines:
            if line.startswith(" "):  # the licence, at the head of the file
                continue
            data = line.split(" | ")[0]
            fields = data.split()
            parent = re.search(r" @ (\d{8}) n ", data)
            synsets["n" + fields[0]] = (fields[4].replace("_", " "), "n" + parent.group(1) if parent else None)
    return synsets


def choose_labels(ids, synsets):
    uses = collections.Counter(synsets[i][0] for i in ids)
    labels = []
    for i in ids:
        word, parent = synsets[i]
        labels.append(word if uses[word] == 1 else "%s (%s)" % (word, synsets[parent][0]))
    if len(set(labels)) != len(labels):
        sys.exit("make_imagenet_labels.py: two classes have the same label")
    return labels


def main():
    ids = open(sys.argv[1] if len(sys.argv) > 1 else WNIDS, encoding="ascii").read().split()
    synsets = read_synsets(sys.argv[2] if len(sys.argv) > 2 else DATA_NOUN)
    labels = choose_labels(ids, synsets)

    starts = [0]
    for i, label in zip(ids, labels):
        starts.append(starts[-1] + len(i) + len(label) + 2)
    out = sys.stdout
    out.write(HEADER)
    lines = ['    "%s\\0" "%s\\0"' % pair for pair in zip(ids, labels)]
    out.write("\n".join(lines) + ";\n\n/* Where each class begins in text. */\n")
    out.write("static const uint16_t start[CLASSES] = {\n")
    for row in range(0, len(ids), 16):
        out.write("    " + ", ".join(map(str, starts[row : min(row + 16, len(ids))])) + ",\n")
    out.write("};\n")
    out.write(FOOTER)


if __name__ == "__main__":
    main()
