/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pictures to learn from: a folder with one folder for each class, or a list file. */
#ifndef MN_TRAIN_DATASET_H
#define MN_TRAIN_DATASET_H

#include <stdatomic.h>

#include "base/region.h"
#include "decode/decode.h"

typedef struct mn_example {
    const char *path;
    int32_t label;
    mn_picture image; /* kept from the first time on, while there is room */
    bool bad;         /* cannot be read */
} mn_example;

typedef struct mn_dataset {
    mn_region region;
    const char *path; /* where it came from; as given */
    int32_t class_count;
    const char **classes; /* names, sorted */
    int32_t count;
    mn_example *examples; /* sorted by class and path */
    size_t cache_limit;   /* bytes of decoded pictures to keep */
    bool as_stored;       /* pictures are not turned as their EXIF data says */
    atomic_size_t cached;
} mn_dataset;

/** Finds the photos below each class folder of the folder `path`; or, when `path` is a file, those that
 *  its lines name: a path relative to the file's folder, a blank or tab, and the name of the class.
 *  With `classes` from another data set, every class must be one of them, and numbers are theirs.
 *  Errors: IO, ARGUMENT (no classes, an unknown one; one class or an empty one when `classes` is NULL), MEMORY. */
mn_status mn_dataset_open(const char *path, const mn_dataset *classes, mn_dataset *out);

void mn_dataset_free(mn_dataset *dataset);

/** The picture of example `index`: kept, or decoded into `room`, to be emptied by the caller. Safe to call on several
 *  threads for different examples. Errors: those of mn_picture_open(); afterwards the example is marked as bad. */
mn_status mn_dataset_picture(mn_dataset *dataset, int32_t index, mn_picture *room, const mn_picture **out);

#endif
