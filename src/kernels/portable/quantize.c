/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* QUANTIZE between 8-bit types: the reference maps each of the 256 stored bytes once, then every element is looked up.
 * Where only the type changes, the map is a flip of the top bit, which compilers vectorise. */
#include "kernels/kernels.h"
#include "kernels/params.h"

enum { BYTES = 256, FLIP = 0x80 };

static void make_map(const mn_task *task, mn_kernel_fn reference, uint8_t map[BYTES]) {
    uint8_t all[BYTES];
    for (int32_t i = 0; i < BYTES; i++) all[i] = (uint8_t)i;
    const void *inputs[] = {all};
    reference(&(mn_task){.params = task->params, .inputs = inputs, .output = map}, 0, BYTES);
}

static bool is_flip(const uint8_t map[BYTES]) {
    for (int32_t i = 0; i < BYTES; i++) {
        if (map[i] != (i ^ FLIP)) return false;
    }
    return true;
}

static void look_up(const mn_task *task, mn_kernel_fn reference, int32_t begin, int32_t end) {
    const uint8_t *restrict in = task->inputs[0];
    uint8_t *restrict out = task->output;
    uint8_t map[BYTES];
    make_map(task, reference, map);
    if (is_flip(map)) {
        for (int32_t i = begin; i < end; i++) out[i] = in[i] ^ FLIP;
    } else {
        for (int32_t i = begin; i < end; i++) out[i] = map[in[i]];
    }
}

void mn_quantize_i8_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    look_up(task, mn_quantize_i8_i8_ref, begin, end);
}

void mn_quantize_i8_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    look_up(task, mn_quantize_i8_u8_ref, begin, end);
}

void mn_quantize_u8_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    look_up(task, mn_quantize_u8_i8_ref, begin, end);
}

void mn_quantize_u8_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    look_up(task, mn_quantize_u8_u8_ref, begin, end);
}
