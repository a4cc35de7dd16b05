/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a model to a program for microcontrollers, in memory: steps with their parameters, the order of slices that
 * takes the least memory or, in given memory, reads the fewest weights, and a place in the arena for every tensor. */
#ifndef MN_MCU_PROGRAM_H
#define MN_MCU_PROGRAM_H

#include "kernels/mcu/mn_mcu.h"
#include "session/model.h"

typedef struct mn_mcu_options {
    bool held;     /* the input lies in the arena as a whole; else its rows arrive */
    size_t ram;    /* bytes that the arena may have; 0: as few as can be */
    bool no_loads; /* weights are never copied to the arena */
    /* MB/s that are read from flash; 0: 40, as from quad SPI. The slower it is, the less a slice counts beside the
     * weights that it reads; where it is as fast as RAM, from 400 on, weights are not copied. */
    double flash_speed;
} mn_mcu_options;

/** What there is to tell of a step. */
typedef struct mn_mcu_step_report {
    const char *name; /* of the layer */
    int32_t op;       /* operator of the graph; -1: the input */
    uint32_t slices;
    size_t weight_bytes;    /* in flash; of LOAD those that it copies */
    size_t constant_bytes;  /* of all parameters, weights included */
    int64_t read_bytes;     /* of weights from flash in a run */
    size_t workspace_bytes; /* in the arena */
} mn_mcu_step_report;

/** What there is to tell of a tensor: program steps that use its memory, -1: before the first, step_count: behind the
 *  last. Tensors of the same bytes as other pixels lie in the same place. */
typedef struct mn_mcu_tensor_report {
    const char *name;
    int32_t first, last;
    bool is_view; /* the memory is that of another tensor */
    bool is_load; /* copied weights */
} mn_mcu_tensor_report;

typedef struct mn_mcu_built {
    mn_region region;
    const char *file; /* of the model */
    mn_mcu_program program;
    mn_mcu_step_report *steps;     /* [program.step_count] */
    mn_mcu_tensor_report *tensors; /* [program.tensor_count] */
    int32_t input, output;         /* tensors of the graph, of int8 or uint8 */
    size_t weight_bytes, constant_bytes;
    int64_t read_bytes;
} mn_mcu_built;

/** Makes a program of `model`, which must outlive it: weights stay where they are. Errors: MEMORY, UNSUPPORTED (an
 *  operator, type or shape; the sentence says what to do), LIMIT (options->ram is not enough; it says what is). On
 *  failure there is nothing to free. */
mn_status mn_mcu_build(const mn_model *model, const mn_mcu_options *options, mn_mcu_built *out);

void mn_mcu_built_free(mn_mcu_built *built);

#endif
