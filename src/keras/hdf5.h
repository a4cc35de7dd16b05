/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Reading HDF5: text attributes, names of members, arrays of floats. Sizes are checked before anything is allocated,
 * and only data inside the file itself is read: no external files, virtual data sets or filter plugins. */
#ifndef MN_KERAS_HDF5_H
#define MN_KERAS_HDF5_H

#include "base/region.h"
#include "base/status.h"

#define MN_H5_MAX_RANK 4
#define MN_H5_MAX_ELEMENTS ((size_t)1 << 28) /* of one array: 1 GiB of floats */
#define MN_H5_MAX_TEXT ((size_t)64 << 20)    /* bytes of one attribute */
#define MN_H5_MAX_LIST 65536                 /* strings of one attribute, members of one group */

/** An open file. While one is open the HDF5 library prints no errors. Not thread safe, as the HDF5 library is not. */
typedef struct mn_h5 {
    const char *name; /* what error sentences call the file */
    int64_t file;     /* of HDF5; negative when nothing is open */
    int64_t access;   /* how links are followed */
    bool muted;       /* the library's printing of errors is to be restored */
    void (*old_handler)(void);
    void *old_data;
} mn_h5;

typedef struct mn_h5_list {
    int32_t count; /* -1: there is no such attribute or group */
    const char **item;
} mn_h5_list;

/** What is known of an array. */
typedef struct mn_h5_array {
    const char *path; /* in the file */
    int32_t rank;     /* 0..MN_H5_MAX_RANK */
    int32_t dims[MN_H5_MAX_RANK];
    size_t count;     /* elements, at most MN_H5_MAX_ELEMENTS */
    const char *type; /* NULL for floats of any size and byte order, which can be read; else what they are, in words */
} mn_h5_array;

/** Opens the file at `path`, or the one held in `data`, which is copied. `name` must outlive the file.
 *  Errors: IO, FORMAT, MEMORY. */
mn_status mn_h5_open(const char *path, const char *name, mn_h5 *out);
mn_status mn_h5_open_memory(const void *data, size_t bytes, const char *name, mn_h5 *out);

void mn_h5_close(mn_h5 *h5);

/** True when `path` leads to a group or an array of this very file. */
bool mn_h5_exists(const mn_h5 *h5, const char *path);

/** The strings of the text attribute `name` of the object at `path`; one for a single text. Anything empty gives
 *  count 0. Errors: FORMAT (not text, damaged), LIMIT, MEMORY. */
mn_status mn_h5_strings(const mn_h5 *h5, const char *path, const char *name, mn_region *region, mn_h5_list *out);

/** Names of the members of the group at `path`, in the order of the names.
 *  Errors: FORMAT (damaged), LIMIT, MEMORY. */
mn_status mn_h5_members(const mn_h5 *h5, const char *path, mn_region *region, mn_h5_list *out);

/** Looks at the array at `path`, which is kept in `out`. Errors: FORMAT (missing, damaged, empty), UNSUPPORTED, LIMIT.
 */
mn_status mn_h5_array_info(const mn_h5 *h5, const char *path, mn_h5_array *out);

/** Reads all floats of `array`, converted to float32. Errors: FORMAT. */
mn_status mn_h5_array_read(const mn_h5 *h5, const mn_h5_array *array, float *out);

#endif
