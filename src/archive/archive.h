/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Zip archives: what Keras 3 saves a model into, and PyTorch a state dict. The only place that knows libzip. */
#ifndef MN_ARCHIVE_ARCHIVE_H
#define MN_ARCHIVE_ARCHIVE_H

#include "base/status.h"

typedef struct mn_archive {
    const char *name; /* what error sentences call the archive */
    void *zip;        /* of libzip */
} mn_archive;

/** Opens the archive held in `data`, which must outlive it, as must `name`. Errors: FORMAT, MEMORY. */
mn_status mn_archive_open(const void *data, size_t bytes, const char *name, mn_archive *out);

void mn_archive_close(mn_archive *archive);

bool mn_archive_has(const mn_archive *archive, const char *member);

/** The one member whose name ends in `end`; its whole name belongs to the archive. NULL when there is none or several.
 */
const char *mn_archive_find(const mn_archive *archive, const char *end);

/** Unpacks one member; nothing is believed of its size, and at most `limit` bytes are unpacked. A zero byte that
 *  *bytes does not count follows. On success the caller owns *data, to be freed with free().
 *  Errors: FORMAT (missing, damaged, encrypted), LIMIT, MEMORY. */
mn_status mn_archive_read(const mn_archive *archive, const char *member, size_t limit, uint8_t **data, size_t *bytes);

/** Copies a member that is stored as it is, not packed, and `bytes` long. Errors: FORMAT (missing, damaged, packed,
 *  of another length). */
mn_status mn_archive_copy(const mn_archive *archive, const char *member, void *to, size_t bytes);

/** Length of such a member; 0 when there is none. */
size_t mn_archive_stored_bytes(const mn_archive *archive, const char *member);

#endif
