/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 fully connected layers for NEON. */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/matrix_neon.h"

#include "kernels/arm/fully_connected_q8_tile.h"

static void pack_i8(const void *params, const void *const *constants, void *packed) {
    fully_connected_pack(params, MN_INT8, constants, packed);
}

const mn_kernel_traits mn_fully_connected_i8_neon_traits = {.need = fully_connected_need, .pack = pack_i8};

static void pack_u8(const void *params, const void *const *constants, void *packed) {
    fully_connected_pack(params, MN_UINT8, constants, packed);
}

const mn_kernel_traits mn_fully_connected_u8_neon_traits = {.need = fully_connected_need, .pack = pack_u8};

void mn_fully_connected_i8_neon(const mn_task *task, int32_t begin, int32_t end) {
    fully_connected_run(task, begin, end, MN_INT8);
}

void mn_fully_connected_u8_neon(const mn_task *task, int32_t begin, int32_t end) {
    fully_connected_run(task, begin, end, MN_UINT8);
}

#endif
