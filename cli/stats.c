/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "stats.h"

#include <math.h>
#include <string.h>

#include "base/extremes.h"
#include "graph/stored.h"

void cli_dequantise(const mn_tensor *info, const void *data, int32_t count, float *out) {
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

void cli_softmax(float *values, int32_t count) {
    double sum = 0, largest = values[0];
    for (int32_t i = 1; i < count; i++) largest = mn_max_f64(largest, (double)values[i]);
    for (int32_t i = 0; i < count; i++) sum += exp((double)values[i] - largest);
    for (int32_t i = 0; i < count; i++) values[i] = (float)(exp((double)values[i] - largest) / sum);
}

void cli_top_k(const float *values, int32_t count, int32_t k, int32_t *out) {
    int32_t held = 0;
    for (int32_t i = 0; i < count; i++) {
        if (held == k && !(values[i] > values[out[k - 1]])) continue;
        int32_t place = held < k ? held++ : k - 1;
        for (; place > 0 && values[i] > values[out[place - 1]]; place--) out[place] = out[place - 1];
        out[place] = i;
    }
}

cli_interval cli_wilson(int32_t successes, int32_t trials) {
    const double z = 1.959963984540054; /* 97.5 % quantile of the normal distribution */
    double n = trials, p = successes / n;
    double centre = p + z * z / (2 * n);
    double reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    double scale = 1 + z * z / n;
    return (cli_interval){.low = fmax(0, (centre - reach) / scale), .high = fmin(1, (centre + reach) / scale)};
}

double cli_largest_difference(const float *p, const float *q, int32_t count) {
    double largest = 0;
    for (int32_t i = 0; i < count; i++) largest = mn_max_f64(largest, fabs((double)p[i] - (double)q[i]));
    return largest;
}
