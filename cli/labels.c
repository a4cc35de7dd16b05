/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "labels.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"

enum { IMAGENET_CLASSES = 1000, WNID_LENGTH = 9 };

bool cli_labels_open(cli_labels *labels, const char *path, int32_t classes) {
    *labels = (cli_labels){.classes = classes};
    labels->imagenet = classes == IMAGENET_CLASSES || classes == IMAGENET_CLASSES + 1;
    labels->shift = classes == IMAGENET_CLASSES + 1;
    if (path == NULL) return true;
    if (!cli_lines_read(path, &labels->file)) return false;
    if (labels->file.count == (size_t)classes) return true;
    cli_error("%s: has %zu lines, but the model has %d classes; write one label per line", path, labels->file.count,
              classes);
    cli_lines_free(&labels->file);
    return false;
}

void cli_labels_close(cli_labels *labels) { cli_lines_free(&labels->file); }

const char *cli_labels_name(cli_labels *labels, int32_t class_index) {
    if (labels->file.count > 0) return labels->file.line[class_index];
    if (labels->imagenet && class_index >= labels->shift) return mn_imagenet_label(class_index - labels->shift);
    if (labels->imagenet) return "background";
    snprintf(labels->number, sizeof labels->number, "class %d", class_index);
    return labels->number;
}

bool cli_is_wnid(const char *text) {
    if (text[0] != 'n') return false;
    for (int i = 1; i < WNID_LENGTH; i++) {
        if (!isdigit((unsigned char)text[i])) return false;
    }
    return !isalnum((unsigned char)text[WNID_LENGTH]);
}

/* Label files may begin each line with the WordNet id, as the ImageNet synset lists do. */
static bool file_has_wnids(const cli_labels *labels) {
    return labels->file.count > 0 && cli_is_wnid(labels->file.line[labels->file.count - 1]);
}

const char *cli_labels_wnid(const cli_labels *labels, int32_t class_index) {
    if (labels->file.count > 0 || !labels->imagenet || class_index < labels->shift) return NULL;
    return mn_imagenet_wnid(class_index - labels->shift);
}

int32_t cli_labels_find_wnid(const cli_labels *labels, const char *text) {
    if (!cli_is_wnid(text)) return -1;
    bool listed = file_has_wnids(labels);
    if (!listed && !labels->imagenet) return -1;
    for (int32_t i = listed ? 0 : labels->shift; i < labels->classes; i++) {
        const char *id = listed ? labels->file.line[i] : mn_imagenet_wnid(i - labels->shift);
        if (strncmp(id, text, WNID_LENGTH) == 0) return i;
    }
    return -1;
}

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

int32_t cli_labels_find_name(cli_labels *labels, const char *name) {
    int32_t found = -1;
    int best = 0;
    if (labels->file.count == 0 && !labels->imagenet) return -1;
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
