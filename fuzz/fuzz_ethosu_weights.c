/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Compressed weights of Ethos-U: eight bytes choose a filter, the rest are its stream. What is taken has been written
 * in full, with weights of 9 bits. */
#include <stdlib.h>

#include "ethosu/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { CHOICES = 8, NOT_YET = 12345 };
    if (size < CHOICES) return 0;
    const bool depthwise = data[0] & 1;
    const mn_ethosu_filter f = {.out_c = 1 + data[1] % 24,
                                .k_h = 1 + data[2] % 10,
                                .k_w = 1 + data[2] / 10 % 10,
                                .in_c = depthwise ? 1 : 1 + data[3] % 40,
                                .depthwise = depthwise,
                                .part_kernel = !depthwise && data[0] & 2,
                                .dilation_h = 1 + (data[0] >> 2 & 1),
                                .dilation_w = 1 + (data[0] >> 3 & 1),
                                .in_bits = data[0] & 16 ? 16 : 8,
                                .block_depth = 1 + data[4],
                                .cores = 1 + (data[0] >> 5 & 1),
                                .micro_in = 8,
                                .micro_out = data[0] & 64 ? 4 : 8};
    const size_t depth = (size_t)(f.k_h * f.k_w * f.in_c), count = depth * (size_t)f.out_c;
    int16_t *weights = malloc(count * sizeof *weights);
    if (weights == NULL) return 0;
    for (size_t i = 0; i < count; i++) weights[i] = NOT_YET;
    const int32_t core = (data[0] >> 7) % f.cores;
    const mn_status status = mn_ethosu_weights_decode(&f, core, data + CHOICES, size - CHOICES, weights);
    for (size_t i = 0; i < count; i++) {
        const bool is_ours = (int32_t)(i / depth) % f.cores == core;
        const bool is_weight = weights[i] >= -255 && weights[i] <= 255;
        if (!is_weight && weights[i] != NOT_YET) abort();
        if (!is_ours && is_weight) abort();
        if (status == MN_OK && is_ours && !is_weight) abort();
    }
    mn_ethosu_scale scales[24];
    (void)mn_ethosu_scales_decode(&f, core, data + CHOICES, size - CHOICES, scales);
    free(weights);
    return 0;
}
