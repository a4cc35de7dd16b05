/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the classes of a model are called. */
#ifndef MN_CLI_LABELS_H
#define MN_CLI_LABELS_H

#include "classify/names.h"
#include "common/file.h"
#include "graph/graph.h"
#include "mobilenet.h"

typedef struct cli_labels {
    mn_names names;
    cli_lines file; /* of --labels; line c names output c */
} cli_labels;

/** Labels for a model with `classes` outputs: from the file at `path` unless NULL (it must have one line per class),
 *  else those that the model brings, `known`, which may be NULL and must outlive the labels; else ImageNet's for 1000
 * and 1001 classes, else class numbers. With `one_unit` (and 2 classes) one name is enough, that of class 1. Prints a
 * sentence and gives false on failure. */
bool cli_labels_open(cli_labels *labels, const char *path, const mn_class_names *known, int32_t classes, bool one_unit);
void cli_labels_close(cli_labels *labels);

/** Lets `graph` say what the file at `path` does (nothing for NULL), which has a line for each class of its first
 * output. False after a sentence. */
bool cli_labels_give(const char *path, mn_graph *graph);

/** Name of output `class_index`; valid until the next call. */
const char *cli_labels_name(cli_labels *labels, int32_t class_index);

/** WordNet id of output `class_index`; NULL when it has none. */
const char *cli_labels_wnid(const cli_labels *labels, int32_t class_index);

/** Output of the class with a WordNet id in text[0..9), or -1. */
int32_t cli_labels_find_wnid(const cli_labels *labels, const char *text);

/** Output of the class called `name`: the whole label or one of its comma-separated words, in any case, with '_' for
 *  ' '. -1 when there is none, or when several are meant equally. */
int32_t cli_labels_find_name(cli_labels *labels, const char *name);

/** Output of class `number` of the data set, which has no background class; -1 out of range. */
int32_t cli_labels_from_number(const cli_labels *labels, int32_t number);

#endif
