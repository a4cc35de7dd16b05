/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A split as a folder of folders, one for each class. */
#ifndef SIGNS_DATASET_H
#define SIGNS_DATASET_H

#include "picture.h"

typedef struct dataset {
    const char *folder;
    split split;
    uint64_t seed;
    int count; /* pictures, over all classes */
    int side;
    int jobs;
    bool png;
} dataset;

/** Writes FOLDER/CLASS/NUMBER.jpg. On failure false, after a sentence on standard error. */
bool dataset_write(const dataset *d);

#endif
