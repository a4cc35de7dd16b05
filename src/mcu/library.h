/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Files that make a folder of compiled models a library for the Arduino IDE, PlatformIO, Zephyr and CMSIS-Pack at once:
 * each reads its own description, all compile what lies in src/. */
#ifndef MN_MCU_LIBRARY_H
#define MN_MCU_LIBRARY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Where compiled models and the runtime lie in a library. */
#define MN_MCU_LIBRARY_SOURCES "src"

typedef struct mn_mcu_library {
    const char *name;           /* of the first model, a C identifier: the library is called so */
    const char *const *sources; /* [source_count]: names of the .c files in src/ */
    int32_t source_count;
} mn_mcu_library;

/** How many files there are beside src/. */
int32_t mn_mcu_library_files(void);

/** The path of file `i` below the library's folder, with '/' and at most `size` - 1 characters. */
void mn_mcu_library_path(const mn_mcu_library *library, int32_t i, char *path, size_t size);

/** The text of file `i`. Errors of writing stay in `out`. */
void mn_mcu_library_emit(const mn_mcu_library *library, int32_t i, FILE *out);

#endif
