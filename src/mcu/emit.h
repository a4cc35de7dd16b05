/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A program as C that is compiled with the files of src/kernels/mcu: C99, and valid C++. */
#ifndef MN_MCU_EMIT_H
#define MN_MCU_EMIT_H

#include <stdbool.h>
#include <stdio.h>

#include "image/prepare.h"
#include "kernels/mcu/mn_mcu.h"

/** What is written. */
typedef struct mn_mcu_model {
    const char *name; /* mn_mcu_is_name() */
    const char *file; /* of the model, for comments */
    const mn_mcu_program *program;
    const char *const *step_names; /* [program->step_count]: what the layers are called */
    const mn_prepare *prepare;     /* of the input, if it is a picture; else NULL */
    float in_scale, out_scale;     /* real = scale * (stored - zero) */
    int32_t in_zero, out_zero;
} mn_mcu_model;

/** Most characters of a name: compilers promise to tell 63 apart. */
enum { MN_MCU_MOST_NAME = 40 };

/** Does a name begin with a letter and go on with letters, digits and underscores? It may be no keyword of C and C++,
 *  and not be mn, or begin with mn_, in whatever case. */
bool mn_mcu_is_name(const char *name);

/** NAME.h, NAME.c and NAME_weights.c. Errors of writing stay in `out`. */
void mn_mcu_emit_header(const mn_mcu_model *model, FILE *out);
void mn_mcu_emit_source(const mn_mcu_model *model, FILE *out);
void mn_mcu_emit_weights(const mn_mcu_model *model, FILE *out);

#endif
