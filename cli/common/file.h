/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Files of the commands: whole or not at all. Every function that fails has printed its sentence. */
#ifndef MN_CLI_FILE_H
#define MN_CLI_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "host/output.h"

/** A file being written. It appears under its name only when committed; a name that is not a regular file (a device,
 *  a pipe) is written directly. Start with `cli_output output = {0};`. */
typedef mn_output cli_output;

bool cli_output_open(cli_output *output, const char *path);

/** Closes the file and puts it in its place. On failure the old file, if any, is as it was. */
bool cli_output_commit(cli_output *output);

/** Drops what was written; nothing to do after a commit or a failed open. */
void cli_output_abort(cli_output *output);

/** What a command writes, for cli_output_suits(). */
typedef enum cli_written { CLI_WRITES_TFLITE, CLI_WRITES_H5 } cli_written;

/** Is `path` no name of a model in another format? Else it prints a sentence that names `command` and gives false. */
bool cli_output_suits(const char *command, const char *path, cli_written written);

/** Says, before the work begins, that a file of this name is there already and will be replaced. */
void cli_output_tell(const char *path);

/** Writes `bytes` bytes as the whole file `path`. */
bool cli_write_file(const char *path, const void *data, size_t bytes);

/** Reads the file at `path`, which must hold exactly `bytes` bytes; `what` names their purpose ("input 0"). */
bool cli_read_exact(const char *path, void *data, size_t bytes, const char *what);

/** The lines of a text file, without line ends, blank lines at the end or a byte order mark. */
typedef struct cli_lines {
    char *text; /* owns the characters */
    char **line;
    size_t count;
} cli_lines;

bool cli_lines_read(const char *path, cli_lines *out);
void cli_lines_free(cli_lines *lines);

#endif
