/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* As much of TensorFlow Lite's interpreter as a delegate sees, for models of a few kinds of operators (those of
 * tests/golden/tiny_v2_int8.tflite) that follow each other. What the delegate leaves is run by the reference kernels of
 * the library. It is as unkind as an interpreter may be: parts are prepared several times, tensors lie elsewhere in
 * each run, tensors inside parts have no memory, and functions for graphs fail once the delegate's `prepare` is over.
 */
#ifndef MN_SUPPORT_TFL_INTERPRETER_H
#define MN_SUPPORT_TFL_INTERPRETER_H

#include "delegate/tflite_abi.h"
#include "session/model.h"

/** Where it breaks. */
typedef enum tfl_fault {
    TFL_FAULT_NONE,
    TFL_FAULT_PLAN,   /* no execution plan is shown */
    TFL_FAULT_INIT,   /* nodes are no longer shown when parts begin */
    TFL_FAULT_RESIZE, /* no tensor can be resized */
    TFL_FAULT_MEMORY, /* the first output of a part has no memory */
} tfl_fault;

/** An operator that no part has. */
typedef struct tfl_stay {
    mn_model *model;
    mn_session *session; /* NULL until it runs */
} tfl_stay;

typedef struct tfl_interpreter {
    tfl_context context; /* first, so that functions find the rest */
    const mn_model *model;
    tfl_tensor *tensors; /* [context.tensors_size] */
    int32_t node_count, op_count;
    tfl_node *nodes; /* [node_count]: the model's operators, then parts */
    tfl_registration *registrations;
    tfl_int_array *plan;
    bool in_prepare;
    tfl_fault fault;
    void **memory;     /* [context.tensors_size]: owned */
    tfl_stay *stays;   /* [op_count] */
    char errors[4096]; /* what was reported, a line each */
} tfl_interpreter;

/** `vetoed`: an operator of one operand that is shown as CUSTOM, so that nobody claims it; -1: none. */
tfl_interpreter *tfl_open(const mn_model *model, int32_t vetoed);
void tfl_close(tfl_interpreter *it);

/** Lets the delegate claim. */
tfl_status tfl_delegate_to(tfl_interpreter *it, tfl_delegate *delegate);

/** Gives input 0 another shape, and prepares. */
tfl_status tfl_resize(tfl_interpreter *it, int32_t rank, const int32_t *dims);
tfl_status tfl_prepare(tfl_interpreter *it);

/** Runs; `input` and `output` are of the first input and output. */
tfl_status tfl_run(tfl_interpreter *it, const void *input, void *output);

/** How many parts there are. */
int32_t tfl_parts(const tfl_interpreter *it);

#endif
