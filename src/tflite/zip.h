/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Files that travel at the end of a .tflite, as a zip archive (PKWARE's APPNOTE.TXT, 4.3) behind the FlatBuffer: label
 * lists. TensorFlow's tools store them without compression, and only such files are read; so no other library is
 * needed, and whoever links this one sees the labels too. */
#ifndef MN_TFLITE_ZIP_H
#define MN_TFLITE_ZIP_H

#include "base/status.h"

/** One file, whose contents lie in the archive. */
typedef struct mn_zip_file {
    const uint8_t *name; /* [name_bytes], not terminated */
    size_t name_bytes;
    const uint8_t *data; /* NULL: compressed, encrypted or beyond the archive */
    size_t bytes;
    uint32_t sum; /* of the contents, as the directory has it; not read when writing */
} mn_zip_file;

typedef struct mn_zip {
    const uint8_t *data;
    size_t bytes;
    size_t prefix;    /* what stands before the archive and is not counted by its offsets */
    size_t next, end; /* in the directory */
} mn_zip;

/** Is there an archive at the end of `data`? Starts at its first file. */
bool mn_zip_open(const void *data, size_t bytes, mn_zip *out);

/** The next file in the order of the directory; false at the end, or where the directory is damaged. */
bool mn_zip_next(mn_zip *zip, mn_zip_file *out);

/** Are the contents those that the directory counted on? */
bool mn_zip_intact(const mn_zip_file *file);

/** Appends an archive of `count` stored files, whose offsets count from the start of *data, to the *bytes in *data,
 * which free() frees and which moves. Equal input gives equal bytes: there are no dates. Errors: MEMORY, LIMIT. */
mn_status mn_zip_append(const mn_zip_file *files, int32_t count, uint8_t **data, size_t *bytes);

#endif
