/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Runs a program for microcontrollers here, and compares it with the reference kernels. */
#ifndef MN_CLI_COMPILE_CHECK_H
#define MN_CLI_COMPILE_CHECK_H

#include "common/options.h"
#include "image/prepare.h"
#include "image_options.h"
#include "mcu/program.h"

typedef struct cli_compile_check {
    const mn_model *model;
    const mn_mcu_built *built;
    const cli_list *files;      /* photos, or the bytes of a model's input in files named *.raw */
    const mn_prepare *prepare;  /* of the model's input; NULL: it is not a picture */
    const cli_showing *showing; /* how photos are opened */
} cli_compile_check;

/** Do both give the same bytes for every file, and does the program write nothing outside its arena? False after a
 *  sentence. */
bool cli_compile_check_run(const cli_compile_check *check);

#endif
