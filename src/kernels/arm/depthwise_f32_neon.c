/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float depthwise convolution for NEON, products fused with additions. */
#include "base/checked.h"
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/f32_neon.h"
#include "kernels/arm/parts_f32.h"
#include "kernels/params.h"
#include "kernels/portable/pack.h"
#include "kernels/portable/window.h"

enum { STRIP_ROWS = MN_STRIP_F32_NEON_ROWS, STRIP_TURNS = 1 };

#include "kernels/tile/depthwise_f32.h"

const mn_kernel_traits mn_depthwise_f32_neon_traits = {.need = mn_depthwise_f32_portable_need};

void mn_strip_f32_neon(const mn_strip *s) { run_strip(s); }

void mn_depthwise_f32_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }

#endif
