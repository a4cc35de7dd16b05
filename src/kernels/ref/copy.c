/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <string.h>

void mn_copy_any_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_convert_params *p = task->params;
    const size_t offset = (size_t)begin * (size_t)p->element_bytes;
    const size_t bytes = (size_t)(end - begin) * (size_t)p->element_bytes;
    memcpy((uint8_t *)task->output + offset, (const uint8_t *)task->inputs[0] + offset, bytes);
}
