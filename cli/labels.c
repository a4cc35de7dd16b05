/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "labels.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "label_lines.h"
#include "labels/numbered.h"

enum { WNID_LENGTH = 9 };

/* Where every line begins with its number, as in Teachable Machine's lists, the number is not part of the name. */
static void drop_numbers(cli_lines *file) {
    for (size_t i = 0; i < file->count; i++) {
        if (mn_label_number_bytes(file->line[i], strlen(file->line[i]), (int32_t)i) == 0) return;
    }
    for (size_t i = 0; i < file->count; i++) {
        file->line[i] += mn_label_number_bytes(file->line[i], strlen(file->line[i]), (int32_t)i);
    }
}

bool cli_labels_open(cli_labels *labels, const char *path, const mn_class_names *known, int32_t classes,
                     bool one_unit) {
    *labels = (cli_labels){.file = {0}};
    mn_names_init(&labels->names, path == NULL ? known : NULL, classes, one_unit);
    if (path == NULL) return true;
    if (!cli_lines_read(path, &labels->file)) return false;
    drop_numbers(&labels->file);
    if (!cli_label_lines_number(path, &labels->file)) {
        cli_lines_free(&labels->file);
        return false;
    }
    const mn_class_names given = {(int32_t)labels->file.count, (const char *const *)labels->file.line};
    if (labels->file.count <= INT32_MAX && mn_names_give(&labels->names, given)) return true;
    cli_error("%s: has %zu lines, but the model has %d classes; write one label per line", path, labels->file.count,
              classes);
    cli_lines_free(&labels->file);
    return false;
}

void cli_labels_close(cli_labels *labels) { cli_lines_free(&labels->file); }

bool cli_labels_give(const char *path, mn_graph *graph) {
    cli_labels labels;
    const mn_tensor *output = &graph->tensors[graph->outputs[0]];
    const int32_t units = output->rank > 0 ? output->dims[output->rank - 1] : 1;
    if (path == NULL) return true;
    if (!cli_labels_open(&labels, path, NULL, units == 1 ? 2 : units, units == 1)) return false;
    mn_status status = mn_meaning_set_classes(&graph->meaning, &graph->region, 0, (const char *const *)labels.file.line,
                                              (int32_t)labels.file.count);
    if (status != MN_OK) cli_library_error(status);
    cli_labels_close(&labels);
    return status == MN_OK;
}

const char *cli_labels_name(cli_labels *labels, int32_t class_index) {
    return mn_names_get(&labels->names, class_index);
}

/* Labels may begin with the WordNet id, as the ImageNet synset lists do. */
static bool list_has_wnids(const cli_labels *labels) {
    const char *last = mn_names_listed(&labels->names, labels->names.classes - 1);
    return last && mn_is_wnid(last);
}

const char *cli_labels_wnid(const cli_labels *labels, int32_t class_index) {
    return mn_names_wnid(&labels->names, class_index);
}

int32_t cli_labels_find_wnid(const cli_labels *labels, const char *text) {
    if (!mn_is_wnid(text)) return -1;
    bool from_list = list_has_wnids(labels);
    if (!from_list && !labels->names.imagenet) return -1;
    for (int32_t i = from_list ? 0 : labels->names.shift; i < labels->names.classes; i++) {
        const char *id = from_list ? mn_names_listed(&labels->names, i) : mn_imagenet_wnid(i - labels->names.shift);
        if (strncmp(id, text, WNID_LENGTH) == 0) return i;
    }
    return -1;
}

int32_t cli_labels_find_name(cli_labels *labels, const char *name) {
    int32_t found = -1;
    int best = 0;
    if (!mn_names_listed(&labels->names, labels->names.classes - 1) && !labels->names.imagenet) return -1;
    for (int32_t i = 0; i < labels->names.classes; i++) {
        int quality = mn_names_match(cli_labels_name(labels, i), name);
        if (quality == 0 || quality < best) continue;
        found = quality == best ? -1 : i;
        best = quality;
    }
    return found;
}

int32_t cli_labels_from_number(const cli_labels *labels, int32_t number) {
    return number >= 0 && number < labels->names.classes - labels->names.shift ? number + labels->names.shift : -1;
}
