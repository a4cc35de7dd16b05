/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Zip archives: what Keras 3 saves a model into. */
#ifndef MN_KERAS_ARCHIVE_H
#define MN_KERAS_ARCHIVE_H

#include "base/status.h"

typedef struct mn_archive {
    const char *name; /* what error sentences call the archive */
    void *zip;        /* of libzip */
} mn_archive;

/** Opens the archive held in `data`, which must outlive it, as must `name`. Errors: FORMAT, MEMORY. */
mn_status mn_archive_open(const void *data, size_t bytes, const char *name, mn_archive *out);

void mn_archive_close(mn_archive *archive);

bool mn_archive_has(const mn_archive *archive, const char *member);

/** Unpacks one member; nothing is believed of its size, and at most `limit` bytes are unpacked. A zero byte that
 *  *bytes does not count follows. On success the caller owns *data, to be freed with free().
 *  Errors: FORMAT (missing, damaged, encrypted), LIMIT, MEMORY. */
mn_status mn_archive_read(const mn_archive *archive, const char *member, size_t limit, uint8_t **data, size_t *bytes);

#endif
