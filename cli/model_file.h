/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Models as commands open them: read into memory, as the file is the user's to change. */
#ifndef CLI_MODEL_FILE_H
#define CLI_MODEL_FILE_H

#include "base/map.h"
#include "mobilenet.h"

/** Reads a file of weights, which may be a pipe; "-" is standard input. Errors: those of mn_map_read(), IO (empty). */
mn_status cli_file_read(const char *path, mn_map *out);

/** Errors: those of mn_model_open_with(). */
mn_status cli_model_open(const char *path, mn_model **out);

#endif
