/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a model card tells of the photos that a model was made with. */
#ifndef MN_CLI_CARD_PHOTOS_H
#define MN_CLI_CARD_PHOTOS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/sha256.h"

typedef struct cli_card_photo {
    const char *path;
    const char *group; /* its class; NULL: the first folder on its path */
} cli_card_photo;

typedef struct cli_card_group {
    const char *name; /* [length], part of a path or a class */
    int32_t length, photos;
} cli_card_group;

/** Start with `cli_card_photos set = {0};`. */
typedef struct cli_card_photos {
    int32_t count, group_count;
    cli_card_group *groups; /* [group_count], sorted by name; owned */
    uint8_t digest[MN_SHA256_BYTES];
} cli_card_photos;

/** Looks at `count` photos of the folder `root`, whose paths and groups must outlive *out: how many belong to each
 *  group, and the SHA-256 of the sorted lines "PATH<tab>BYTES\n", paths beginning behind `root`. False after a
 *  sentence. */
bool cli_card_photos_look(const char *root, const cli_card_photo *photos, int32_t count, cli_card_photos *out);

/** The groups as a table, where there are few, and the digest. `heading` is what a group is: "class". */
void cli_card_photos_print(const cli_card_photos *set, const char *heading, FILE *out);

void cli_card_photos_free(cli_card_photos *set);

#endif
