/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float matrices for NEON. */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/f32_neon.h"

#include "kernels/tile/fully_connected_f32.h"

const mn_kernel_traits mn_fully_connected_f32_neon_traits = {.need = mn_fully_connected_f32_portable_need,
                                                             .pack = mn_fully_connected_f32_portable_pack};

void mn_fully_connected_f32_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }

#endif
