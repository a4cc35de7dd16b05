/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float convolution for AVX2 and FMA: tiles of up to 6 pixels x 16 channels or 4 x 24, 12 accumulators. Each
 * product is fused with its addition, so results differ from the reference in the last bits. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/portable/conv_f32.h"
#include "kernels/x86/f32_avx2.h"
#include "kernels/x86/multiply_f32_avx2.h"
#include "kernels/x86/parts_f32.h"

#include "kernels/tile/conv_f32.h"

__attribute__((noinline)) void mn_tiles_f32_avx2(const mn_tiles *t) { run_tiles(t); }

static void run_span(const mn_span *s) {
    const mn_tiles t = mn_tiles_of(s);
    mn_tiles_f32_avx2(&t);
}

void mn_conv_f32_avx2(const mn_task *task, int32_t begin, int32_t end) {
    mn_conv_f32_spans(task, begin, end, run_span);
}

#endif
