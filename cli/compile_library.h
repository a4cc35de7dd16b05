/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Writes what makes a folder of compiled models a library (mcu/library.h). */
#ifndef MN_CLI_COMPILE_LIBRARY_H
#define MN_CLI_COMPILE_LIBRARY_H

#include <stdbool.h>

#include "mcu/library.h"

/** Writes all files, with the folders that they lie in, into a folder that is there. False after a sentence; then none
 * of them stays. */
bool cli_compile_library_write(const mn_mcu_library *library, const char *folder);

#endif
