/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Opening and reading files. Paths are UTF-8 on every system. */
#ifndef MN_BASE_FILE_H
#define MN_BASE_FILE_H

#include <stdint.h>

#include "base/status.h"

typedef enum mn_file_kind { MN_FILE_REGULAR, MN_FILE_FOLDER, MN_FILE_OTHER } mn_file_kind;

typedef struct mn_file {
    intptr_t handle; /* the system's */
    mn_file_kind kind;
    uint64_t bytes; /* of a regular file, as far as the system tells; 0 for others */
} mn_file;

/** Opens the file at `path` for reading bytes as they are, and looks at it. Errors: IO, with a sentence. */
mn_status mn_file_open(const char *path, mn_file *out);

/** The same for standard input, which `name` stands for; it is not closed by mn_file_close(). */
mn_status mn_file_standard_input(const char *name, mn_file *out);

/** Reads up to `most` bytes; 0 at the end, less than 0 on failure, with errno set. */
ptrdiff_t mn_file_read(const mn_file *file, void *to, size_t most);

void mn_file_close(mn_file *file);

/** Makes a folder; false, where it was not made, or is there already. */
bool mn_file_make_folder(const char *path);

/** Is there anything at `path`? */
bool mn_file_exists(const char *path);

#endif
