/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* QUANTIZE between 8-bit types: the reference maps each of the 256 stored bytes once per model, then every element is
 * looked up. Where only the type changes, the map is a flip of the top bit, which compilers vectorise. */
#include "kernels/kernels.h"
#include "kernels/params.h"

enum { BYTES = 256, FLIP = 0x80 };

/* Packed. */
typedef struct table {
    uint8_t map[BYTES];
    bool flips;
} table;

bool mn_quantize_8bit_portable_need(const void *params, mn_kernel_need *need) {
    (void)params;
    *need = (mn_kernel_need){.packed_bytes = sizeof(table)};
    return true;
}

static void pack(const void *params, mn_kernel_fn reference, table *out) {
    uint8_t all[BYTES];
    for (int32_t i = 0; i < BYTES; i++) all[i] = (uint8_t)i;
    const void *inputs[] = {all};
    reference(&(mn_task){.params = params, .inputs = inputs, .output = out->map}, 0, BYTES);
    out->flips = true;
    for (int32_t i = 0; i < BYTES; i++) out->flips = out->flips && out->map[i] == (i ^ FLIP);
}

static void look_up(const mn_task *task, int32_t begin, int32_t end) {
    const table *t = task->packed;
    const uint8_t *restrict in = task->inputs[0];
    uint8_t *restrict out = task->output;
    if (t->flips) {
        for (int32_t i = begin; i < end; i++) out[i] = in[i] ^ FLIP;
    } else {
        for (int32_t i = begin; i < end; i++) out[i] = t->map[in[i]];
    }
}

void mn_quantize_i8_i8_portable_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    pack(params, mn_quantize_i8_i8_ref, packed);
}

void mn_quantize_i8_u8_portable_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    pack(params, mn_quantize_i8_u8_ref, packed);
}

void mn_quantize_u8_i8_portable_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    pack(params, mn_quantize_u8_i8_ref, packed);
}

void mn_quantize_u8_u8_portable_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    pack(params, mn_quantize_u8_u8_ref, packed);
}

void mn_quantize_i8_i8_portable(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }
void mn_quantize_i8_u8_portable(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }
void mn_quantize_u8_i8_portable(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }
void mn_quantize_u8_u8_portable(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }
