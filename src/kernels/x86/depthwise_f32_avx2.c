/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float depthwise convolution for AVX2 and FMA, products fused with additions. */
#include "base/checked.h"
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/params.h"
#include "kernels/portable/pack.h"
#include "kernels/portable/window.h"
#include "kernels/x86/f32_avx2.h"
#include "kernels/x86/parts_f32.h"

enum { STRIP_ROWS = 2, STRIP_TURNS = 0 };

#include "kernels/tile/depthwise_f32.h"

const mn_kernel_traits mn_depthwise_f32_avx2_traits = {.need = mn_depthwise_f32_portable_need};

void mn_strip_f32_avx2(const mn_strip *s) { run_strip(s); }

void mn_depthwise_f32_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }

#endif
