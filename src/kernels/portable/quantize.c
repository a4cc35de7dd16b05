/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* QUANTIZE. Between 8-bit types the reference maps each of the 256 stored bytes once per model, then every element is
 * looked up; where only the type changes, the map is a flip of the top bit. */
#include "kernels/portable/convert.h"

enum { BYTES = 256, FLIP = 0x80 };

bool mn_quantize_f32_portable_need(const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){0};
    return ((const mn_convert_params *)params)->channels == 1;
}

static void quantize_floats(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    mn_quantize_floats(task->params, (const float *)task->inputs[0] + begin, (uint8_t *)task->output + begin,
                       end - begin, sign);
}

void mn_quantize_f32_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    quantize_floats(task, begin, end, MN_SIGN_I8);
}

void mn_quantize_f32_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    quantize_floats(task, begin, end, MN_SIGN_U8);
}

bool mn_quantize_8bit_portable_need(const void *params, mn_kernel_need *need) {
    (void)params;
    *need = (mn_kernel_need){.packed_bytes = sizeof(mn_byte_map)};
    return true;
}

static void pack(const void *params, mn_kernel_fn reference, mn_byte_map *out) {
    uint8_t all[BYTES];
    for (int32_t i = 0; i < BYTES; i++) all[i] = (uint8_t)i;
    const void *inputs[] = {all};
    reference(&(mn_task){.params = params, .inputs = inputs, .output = out->map}, 0, BYTES);
    out->flips = true;
    for (int32_t i = 0; i < BYTES; i++) out->flips = out->flips && out->map[i] == (i ^ FLIP);
}

static void look_up(const mn_task *task, int32_t begin, int32_t end) {
    mn_map_bytes(task->packed, (const uint8_t *)task->inputs[0] + begin, (uint8_t *)task->output + begin, end - begin);
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
