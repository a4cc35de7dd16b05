/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/f32_avx512.h"

#include "kernels/tile/fully_connected_f32.h"

void mn_fully_connected_f32_avx512(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }

#endif
