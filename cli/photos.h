/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The photos of an evaluation, and what is in them. Functions that fail have printed their sentence. */
#ifndef MN_CLI_PHOTOS_H
#define MN_CLI_PHOTOS_H

#include "labels.h"

typedef struct cli_photo {
    char *path;
    int32_t truth; /* output of the model that is right; -1 when not known */
} cli_photo;

typedef struct cli_photos {
    int32_t count;
    cli_photo *items; /* from a folder: sorted by path */
} cli_photos;

/** Every photo under `folder`, by the ends of their names. The class is read from a WordNet id that
 *  starts the file name, or else from the name of the first folder below `folder`: a WordNet id or a label; or,
 *  when none of these folders is either and there are as many as classes, their sorted order. `folder` may also be a
 *  single photo, or "-". `lists`: the command takes --truth, too, and a sentence may advise it. */
bool cli_photos_from_folder(const char *folder, cli_labels *labels, bool lists, cli_photos *out);

/** The photos that are named, and those in the folders that are; no class is known. False after a sentence for each
 *  folder that has none or cannot be read; the rest is in `out` all the same. */
bool cli_photos_from_paths(const char *const *paths, int32_t count, cli_photos *out);

/** The photos of a list file: each line a path, blanks (or one tab, when the class has blanks) and a class: its
 *  number, WordNet id or label. Paths are relative to `folder` (NULL: the current one). */
bool cli_photos_from_list(const char *list, const char *folder, cli_labels *labels, cli_photos *out);

/** Keeps `limit` photos spread evenly over the list. */
void cli_photos_limit(cli_photos *photos, int32_t limit);

/** Keeps the photos with keep[i], in their order. */
void cli_photos_keep(cli_photos *photos, const bool *keep);

void cli_photos_free(cli_photos *photos);

#endif
