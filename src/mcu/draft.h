/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The first half of a program: from the steps of a plan of reference kernels to steps of the microcontrollers' runtime,
 * with parameters, but without an order of slices and places in memory. */
#ifndef MN_MCU_DRAFT_H
#define MN_MCU_DRAFT_H

#include "kernels/mcu/mn_mcu.h"
#include "plan/plan.h"

typedef struct mn_draft_tensor {
    int32_t tensor; /* of the graph; -1: sums */
    int32_t memory; /* whose memory it is: itself, or a draft tensor that has its bytes as other pixels */
    int32_t height, width;
    size_t bytes; /* of a pixel */
    bool is_sum;
} mn_draft_tensor;

typedef struct mn_draft_step {
    mn_mcu_kind kind;
    void *params; /* the kind's */
    mn_mcu_window *window;
    int32_t inputs[2]; /* draft tensors, or -1 */
    int32_t output;
    const char *name;
    int32_t op;            /* operator of the graph */
    const int8_t *weights; /* as params has them; NULL: none */
    size_t weight_bytes;   /* of them */
    size_t constant_bytes; /* of all parameters that lie in flash */
} mn_draft_step;

typedef struct mn_draft {
    mn_region *region;
    const mn_plan *plan; /* of reference kernels, operator by operator */
    mn_draft_tensor *tensors;
    int32_t tensor_count;
    mn_draft_step *steps;
    int32_t step_count;
    int32_t *tensor_of;    /* [graph tensors]: the draft tensor with its memory, or -1 */
    int32_t input, output; /* draft tensors */
} mn_draft;

/** Memory is from `region`. Errors: MEMORY, UNSUPPORTED with a sentence that says what to do. */
mn_status mn_draft_make(const mn_plan *plan, mn_region *region, mn_draft *out);

/* ---- Parts of it ----------------------------------------------------------------------------------------- */

/** A new step behind the others, for a step of the plan. */
mn_draft_step *mn_draft_add(mn_draft *draft, const mn_step *from, mn_mcu_kind kind);

/** Fills params of CONV, DEPTHWISE and FULLY_CONNECTED (draft_product.c): `to` has kind and window. Errors: MEMORY,
 *  UNSUPPORTED. */
mn_status mn_draft_convolution(const mn_draft *draft, const mn_step *from, mn_draft_step *to);
mn_status mn_draft_fully_connected(const mn_draft *draft, const mn_step *from, mn_draft_step *to);

/** Fills params of ADD, pools, PAD, MEAN, SOFTMAX and functions of each byte (draft_params.c). */
mn_status mn_draft_add_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to);
mn_status mn_draft_pool_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to);
mn_status mn_draft_pad_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to);
mn_status mn_draft_mean_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to);
mn_status mn_draft_softmax_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to);
mn_status mn_draft_map_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to);

/** Refuses an operator with a sentence of what it is, and what to do. */
mn_status mn_draft_refuse(const mn_draft *draft, const mn_step *from, const char *what, const char *remedy);

#endif
