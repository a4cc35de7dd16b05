/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* QUANTIZE; between 8-bit types it is a map of bytes. */
#include "kernels/portable/convert.h"

static bool quantize_f32_need(const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){0};
    return ((const mn_convert_params *)params)->channels == 1;
}

const mn_kernel_traits mn_quantize_f32_portable_traits = {.need = quantize_f32_need};

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

static void quantize_i8_i8_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    mn_byte_map_fill(packed, params, mn_quantize_i8_i8_ref);
}

const mn_kernel_traits mn_quantize_i8_i8_portable_traits = {
    .need = mn_byte_map_need, .pack = quantize_i8_i8_pack, .in_place = true};

static void quantize_i8_u8_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    mn_byte_map_fill(packed, params, mn_quantize_i8_u8_ref);
}

const mn_kernel_traits mn_quantize_i8_u8_portable_traits = {
    .need = mn_byte_map_need, .pack = quantize_i8_u8_pack, .in_place = true};

static void quantize_u8_i8_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    mn_byte_map_fill(packed, params, mn_quantize_u8_i8_ref);
}

const mn_kernel_traits mn_quantize_u8_i8_portable_traits = {
    .need = mn_byte_map_need, .pack = quantize_u8_i8_pack, .in_place = true};

static void quantize_u8_u8_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    mn_byte_map_fill(packed, params, mn_quantize_u8_u8_ref);
}

const mn_kernel_traits mn_quantize_u8_u8_portable_traits = {
    .need = mn_byte_map_need, .pack = quantize_u8_u8_pack, .in_place = true};

void mn_quantize_i8_i8_portable(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }

void mn_quantize_i8_u8_portable(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }

void mn_quantize_u8_i8_portable(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }

void mn_quantize_u8_u8_portable(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }
