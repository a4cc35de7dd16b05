/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "classify/answer.h"

#include <math.h>
#include <string.h>

#include "base/argument.h"
#include "base/extremes.h"
#include "graph/describe.h"
#include "graph/stored.h"

void mn_answer_dequantise(const mn_tensor *info, const void *data, int32_t count, float *out) {
    if (info->type == MN_FLOAT32) {
        memcpy(out, data, (size_t)count * sizeof *out);
        return;
    }
    float scale = info->quant.scale[0];
    int32_t zero = info->quant.zero_point[0];
    for (int32_t i = 0; i < count; i++) {
        out[i] = scale * (float)(mn_stored_at(info->type, data, (size_t)i) - zero);
    }
}

void mn_answer_softmax(float *values, int32_t count) {
    double sum = 0, largest = values[0];
    for (int32_t i = 1; i < count; i++) largest = mn_max_f64(largest, (double)values[i]);
    for (int32_t i = 0; i < count; i++) sum += exp((double)values[i] - largest);
    for (int32_t i = 0; i < count; i++) values[i] = (float)(exp((double)values[i] - largest) / sum);
}

void mn_answer_top_k(const float *values, int32_t count, int32_t k, int32_t *out) {
    int32_t held = 0;
    for (int32_t i = 0; i < count; i++) {
        if (held == k && !(values[i] > values[out[k - 1]])) continue;
        int32_t place = held < k ? held++ : k - 1;
        for (; place > 0 && values[i] > values[out[place - 1]]; place--) out[place] = out[place - 1];
        out[place] = i;
    }
}

/* ---- The same for callers whose arguments are not known to be good ---------------------------------------- */

mn_status mn_dequantise(const mn_tensor_info *info, const void *data, int32_t count, float *out) {
    MN_NEED(info);
    MN_NEED(data);
    MN_NEED(out);
    const mn_tensor tensor = mn_tensor_of(info);
    const bool stored = mn_is_stored(info->type) && info->quant.count == 1;
    if (info->type != MN_FLOAT32 && !stored)
        return mn_fail(MN_ERROR_ARGUMENT,
                       "a tensor of %s with %d scales cannot be read as real numbers; give float32, or int8, uint8 or "
                       "int16 with one scale",
                       mn_type_name(info->type), info->quant.count);
    if (count < 0 || (size_t)count > info->bytes / mn_type_size(info->type))
        return mn_fail(MN_ERROR_ARGUMENT, "%d elements are asked for of a tensor with %zu", count,
                       info->bytes / mn_type_size(info->type));
    mn_answer_dequantise(&tensor, data, count, out);
    return MN_OK;
}

mn_status mn_softmax(float *values, int32_t count) {
    MN_NEED(values);
    if (count < 1) return mn_fail(MN_ERROR_ARGUMENT, "a softmax over %d values is not possible; give 1 or more", count);
    mn_answer_softmax(values, count);
    return MN_OK;
}

mn_status mn_top_k(const float *values, int32_t count, int32_t k, int32_t *out) {
    MN_NEED(values);
    MN_NEED(out);
    if (k < 1 || k > count)
        return mn_fail(MN_ERROR_ARGUMENT, "the best %d of %d values are asked for; ask for 1 to %d", k, count, count);
    mn_answer_top_k(values, count, k, out);
    return MN_OK;
}
