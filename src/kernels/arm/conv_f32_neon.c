/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float convolution for NEON: tiles of up to 6 pixels x 16 channels or 8 x 8, 24 or 16 accumulators. Each product is
 * fused with its addition, so results differ from the reference in the last bits. */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

/* Tiles take all registers; gcc's first scheduler, which does not count them, would move loads ahead of their turn and
 * others to the stack. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-schedule-insns")
#endif

#include "kernels/arm/f32_neon.h"
#include "kernels/arm/parts_f32.h"
#include "kernels/portable/conv_f32.h"

#ifdef __aarch64__
#include "kernels/arm/multiply_f32.h"
#endif

#include "kernels/tile/conv_f32.h"

const mn_kernel_traits mn_conv_f32_neon_traits = {.need = mn_conv_f32_portable_need, .pack = mn_conv_f32_portable_pack};

__attribute__((noinline)) void mn_tiles_f32_neon(const mn_tiles *t) { run_tiles(t); }

static void run_span(const mn_span *s) {
    const mn_tiles t = mn_tiles_of(s);
    mn_tiles_f32_neon(&t);
}

void mn_conv_f32_neon(const mn_task *task, int32_t begin, int32_t end) {
    mn_conv_f32_spans(task, begin, end, run_span);
}

#endif
