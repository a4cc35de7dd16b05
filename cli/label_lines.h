/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lists of labels as people have them: "0 Paper" of Teachable Machine, "1: rock", "3,scissors". */
#ifndef MN_CLI_LABEL_LINES_H
#define MN_CLI_LABEL_LINES_H

#include "common/file.h"

/** Where each line begins with a number, and these are 0, 1, 2, ... or 1, 2, 3, ... in any order, puts the lines into
 *  that order and leaves the numbers out. Other lists stay as they are. False, after a sentence, when out of memory. */
bool cli_label_lines_number(const char *path, cli_lines *lines);

#endif
