/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What goes into the model: shapes, random values or files, as the --input_layer flags say. */
#ifndef MN_BENCHMARK_MODEL_INPUTS_H
#define MN_BENCHMARK_MODEL_INPUTS_H

#include "benchmark_model_flags.h"
#include "mobilenet.h"

typedef struct bench_input {
    const char *name; /* as the flags call it, [name_length]; otherwise as the model does */
    size_t name_length;
    bool ranged;       /* `low` and `high` were given */
    int32_t low, high; /* bounds of random values, both included */
    char *file;        /* raw contents come from here; NULL: random */
    void *data;        /* [bytes], copied into the session before every run */
    size_t bytes;
} bench_input;

typedef struct bench_inputs {
    int32_t count;
    bench_input *input;    /* [count] */
    mn_input_shape *shape; /* [count], for mn_session_options */
} bench_inputs;

/** Reads the flags against the inputs of `model`. Returns CLI_OK, or an exit code after printing a sentence; in
 *  every case `inputs` must be freed. */
int bench_inputs_create(const mn_model *model, const bench_params *params, bench_inputs *inputs);

/** Makes or reads the values. Random ones are the same in every process. Returns as bench_inputs_create. */
int bench_inputs_fill(const mn_model *model, const mn_session *session, bench_inputs *inputs);

/** Copies the values into the session. */
void bench_inputs_copy(const bench_inputs *inputs, mn_session *session);

void bench_inputs_free(bench_inputs *inputs);

#endif
