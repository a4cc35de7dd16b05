/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs for microcontrollers on this machine, beside sessions of reference kernels. */
#ifndef TESTS_PROGRAM_RUNS_H
#define TESTS_PROGRAM_RUNS_H

#include "mcu/program.h"

/** Runs a program and its model on the image that `seed` gives, and compares every byte of the output. The arena is as
 *  long as the program says, between guards. Returns NULL if all is well, else what is wrong. */
const char *pr_problem(const mn_model *model, const mn_mcu_built *built, uint32_t seed);

/** Does a run write the arena's last byte, or kernels of other processors do, so that one byte less would be too few?
 */
bool pr_needs_last_byte(const mn_mcu_built *built);

#endif
