/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Functions of floats. */
#include "kernels/portable/unary.h"

void mn_unary_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    const float *in = (const float *)task->inputs[0] + begin;
    if (mn_unary_plain(task->params, in, (float *)task->output + begin, end - begin)) return;
    mn_unary_f32_ref(task, begin, end);
}
