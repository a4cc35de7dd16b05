/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "labels.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "label_lines.h"
#include "labels/numbered.h"

enum { IMAGENET_CLASSES = 1000, WNID_LENGTH = 9 };

static bool same_words(const char *a, const char *b, size_t length) {
    for (size_t i = 0; i < length; i++) {
        int x = a[i] == '_' ? ' ' : tolower((unsigned char)a[i]);
        int y = b[i] == '_' ? ' ' : tolower((unsigned char)b[i]);
        if (x != y) return false;
    }
    return true;
}

/* 2: `name` is the whole label; 1: one of its comma-separated words; 0: neither. */
static int match(const char *label, const char *name) {
    size_t length = strlen(name);
    if (length == strlen(label) && same_words(label, name, length)) return 2;
    for (const char *word = label; *word != '\0';) {
        size_t end = strcspn(word, ",");
        if (end == length && same_words(word, name, length)) return 1;
        word += end;
        word += strspn(word, ", ");
    }
    return 0;
}

/* Are a model's own names those of ImageNet's classes, in its order? Lists shorten and spell some differently. */
static bool names_imagenet(const mn_class_names *known, int32_t shift) {
    int32_t same = 0;
    for (int32_t i = shift; i < known->count; i++) {
        char first[64];
        snprintf(first, sizeof first, "%.*s", (int)strcspn(known->name[i], ","), known->name[i]);
        same += match(mn_imagenet_label(i - shift), first) > 0;
    }
    return same > known->count * 3 / 4;
}

/* Where every line begins with its number, as in Teachable Machine's lists, the number is no part of the name. */
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
    *labels = (cli_labels){.classes = classes, .one_unit = one_unit};
    if (known && (known->count == classes || (one_unit && known->count == 1))) labels->known = known;
    labels->imagenet = classes == IMAGENET_CLASSES || classes == IMAGENET_CLASSES + 1;
    labels->shift = classes == IMAGENET_CLASSES + 1;
    if (path == NULL) {
        labels->imagenet = labels->imagenet && (!labels->known || names_imagenet(labels->known, labels->shift));
        return true;
    }
    if (!cli_lines_read(path, &labels->file)) return false;
    drop_numbers(&labels->file);
    if (!cli_label_lines_number(path, &labels->file)) {
        cli_lines_free(&labels->file);
        return false;
    }
    if (labels->file.count == (size_t)classes || (one_unit && labels->file.count == 1)) return true;
    cli_error("%s: has %zu lines, but the model has %d classes; write one label per line", path, labels->file.count,
              classes);
    cli_lines_free(&labels->file);
    return false;
}

void cli_labels_close(cli_labels *labels) { cli_lines_free(&labels->file); }

const mn_class_names *cli_labels_known(const mn_meaning *meaning, int32_t output) {
    return output < meaning->output_count ? &meaning->classes[output] : NULL;
}

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

/* The name that the file or the model gives; NULL where neither does, and of class 0 where there is one name for both.
 */
static const char *listed(const cli_labels *labels, int32_t class_index) {
    int32_t count = labels->file.count > 0 ? (int32_t)labels->file.count : labels->known ? labels->known->count : 0;
    int32_t line = class_index - (labels->classes - count);
    if (count == 0 || line < 0) return NULL;
    return labels->file.count > 0 ? labels->file.line[line] : labels->known->name[line];
}

static const char *behind_wnid(const char *label) {
    if (!cli_is_wnid(label)) return label;
    const char *name = label + WNID_LENGTH + strspn(label + WNID_LENGTH, " \t:,;");
    return *name != '\0' ? name : label;
}

const char *cli_labels_name(cli_labels *labels, int32_t class_index) {
    const char *name = listed(labels, class_index);
    if (name) return behind_wnid(name);
    name = labels->one_unit && class_index == 0 ? listed(labels, 1) : NULL;
    if (name) {
        snprintf(labels->made, sizeof labels->made, "not %s", name);
        return labels->made;
    }
    if (labels->imagenet && class_index >= labels->shift) return mn_imagenet_label(class_index - labels->shift);
    if (labels->imagenet) return "background";
    snprintf(labels->made, sizeof labels->made, "class %d", class_index);
    return labels->made;
}

bool cli_is_wnid(const char *text) {
    if (text[0] != 'n') return false;
    for (int i = 1; i < WNID_LENGTH; i++) {
        if (!isdigit((unsigned char)text[i])) return false;
    }
    return !isalnum((unsigned char)text[WNID_LENGTH]);
}

/* Labels may begin with the WordNet id, as the ImageNet synset lists do. */
static bool list_has_wnids(const cli_labels *labels) {
    const char *last = listed(labels, labels->classes - 1);
    return last && cli_is_wnid(last);
}

const char *cli_labels_wnid(const cli_labels *labels, int32_t class_index) {
    if (labels->file.count > 0 || !labels->imagenet || class_index < labels->shift) return NULL;
    return mn_imagenet_wnid(class_index - labels->shift);
}

int32_t cli_labels_find_wnid(const cli_labels *labels, const char *text) {
    if (!cli_is_wnid(text)) return -1;
    bool from_list = list_has_wnids(labels);
    if (!from_list && !labels->imagenet) return -1;
    for (int32_t i = from_list ? 0 : labels->shift; i < labels->classes; i++) {
        const char *id = from_list ? listed(labels, i) : mn_imagenet_wnid(i - labels->shift);
        if (strncmp(id, text, WNID_LENGTH) == 0) return i;
    }
    return -1;
}

int32_t cli_labels_find_name(cli_labels *labels, const char *name) {
    int32_t found = -1;
    int best = 0;
    if (!listed(labels, labels->classes - 1) && !labels->imagenet) return -1;
    for (int32_t i = 0; i < labels->classes; i++) {
        int quality = match(cli_labels_name(labels, i), name);
        if (quality == 0 || quality < best) continue;
        found = quality == best ? -1 : i;
        best = quality;
    }
    return found;
}

int32_t cli_labels_from_number(const cli_labels *labels, int32_t number) {
    return number >= 0 && number < labels->classes - labels->shift ? number + labels->shift : -1;
}
