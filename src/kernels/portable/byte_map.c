/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators of one 8-bit operand. */
#include "kernels/portable/convert.h"

enum { BYTES = 256, FLIP = 0x80 };

bool mn_byte_map_need(const void *params, mn_kernel_need *need) {
    (void)params;
    *need = (mn_kernel_need){.packed_bytes = sizeof(mn_byte_map)};
    return true;
}

void mn_byte_map_fill(mn_byte_map *map, const void *params, mn_kernel_fn reference) {
    uint8_t all[BYTES];
    for (int32_t i = 0; i < BYTES; i++) all[i] = (uint8_t)i;
    const void *inputs[] = {all};
    reference(&(mn_task){.params = params, .inputs = inputs, .output = map->map}, 0, BYTES);
    map->flips = true;
    for (int32_t i = 0; i < BYTES; i++) map->flips = map->flips && map->map[i] == (i ^ FLIP);
}

static void clamp_i8_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    mn_byte_map_fill(packed, params, mn_clamp_i8_ref);
}

const mn_kernel_traits mn_clamp_i8_portable_traits = {
    .need = mn_byte_map_need, .pack = clamp_i8_pack, .in_place = true};

static void clamp_u8_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    mn_byte_map_fill(packed, params, mn_clamp_u8_ref);
}

const mn_kernel_traits mn_clamp_u8_portable_traits = {
    .need = mn_byte_map_need, .pack = clamp_u8_pack, .in_place = true};

static void unary_i8_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    mn_byte_map_fill(packed, params, mn_unary_i8_ref);
}

const mn_kernel_traits mn_unary_i8_portable_traits = {
    .need = mn_byte_map_need, .pack = unary_i8_pack, .in_place = true};

static void unary_u8_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    mn_byte_map_fill(packed, params, mn_unary_u8_ref);
}

const mn_kernel_traits mn_unary_u8_portable_traits = {
    .need = mn_byte_map_need, .pack = unary_u8_pack, .in_place = true};

void mn_clamp_i8_portable(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }
void mn_clamp_u8_portable(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }
void mn_unary_i8_portable(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }
void mn_unary_u8_portable(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }
