/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The files of src/kernels/mcu as text, which the build puts into the command (cmake/embed.cmake). */
#ifndef MN_MCU_FILES_H
#define MN_MCU_FILES_H

#include <stddef.h>
#include <stdint.h>

typedef struct mn_mcu_file {
    const char *name; /* without a folder */
    const char *text; /* not ended by 0 */
    size_t bytes;
} mn_mcu_file;

extern const mn_mcu_file mn_mcu_files[];
extern const int32_t mn_mcu_file_count;

#endif
