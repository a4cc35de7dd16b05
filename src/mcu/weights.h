/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Where the weights of each step lie in the one array that holds those of a program. */
#ifndef MN_MCU_WEIGHTS_H
#define MN_MCU_WEIGHTS_H

#include "kernels/mcu/mn_mcu.h"

/** Weights that a step reads from constant memory: a product, or a LOAD for one. */
typedef struct mn_mcu_weights {
    const int8_t *from; /* NULL: none */
    uint32_t bytes;
    uint32_t offset; /* in the array, a multiple of MN_MCU_WORD */
} mn_mcu_weights;

/** Those of step `step`, behind what earlier steps have: `end` is where these end, and moves on. */
mn_mcu_weights mn_mcu_weights_of(const mn_mcu_program *program, const mn_mcu_step *step, uint32_t *end);

/** Bytes of that array, which is never empty. */
uint32_t mn_mcu_weight_bytes(const mn_mcu_program *program);

/** Multiply-accumulates of a step over a whole run. */
uint64_t mn_mcu_macs(const mn_mcu_program *program, const mn_mcu_step *step);

#endif
