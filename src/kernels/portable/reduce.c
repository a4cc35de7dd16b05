/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* MEAN, SUM and REDUCE_MAX over neighbouring dimensions before the last, as global average pooling is: whole rows of
 * channels are added, so that compilers vectorise along the channels. */
#include "base/checked.h"
#include "kernels/kernels.h"
#include "kernels/params.h"
#include "kernels/ref/ref.h"

#include <float.h>
#include <string.h>

/* Channels whose sums are kept at hand. */
enum { STRIP = 64 };

/* The input seen as [outer][count][channels]; the output is [outer][channels]. */
static int32_t channels_of(const mn_mean_params *p) { return p->dims[p->rank - 1]; }

static bool mean_need(const void *params, mn_kernel_need *need) {
    const mn_mean_params *p = params;
    *need = (mn_kernel_need){0};
    int32_t d = p->rank - 1;
    if (d < 1 || p->reduced[d] || !p->reduced[d - 1]) return false;
    for (d--; d >= 0 && p->reduced[d]; d--) continue;
    for (; d >= 0; d--) {
        if (p->reduced[d]) return false;
    }
    return true;
}

const mn_kernel_traits mn_mean_portable_traits = {.need = mean_need};

/* The outputs [begin, end) in pieces of neighbouring channels of one outer index. */
typedef struct piece {
    size_t in; /* element of the input at the first channel of the first row */
    int32_t out, count;
} piece;

static piece next_piece(const mn_mean_params *p, int32_t begin, int32_t end) {
    const int32_t channels = channels_of(p), channel = begin % channels;
    return (piece){
        .in = (size_t)(begin / channels) * (size_t)p->count * (size_t)channels + (size_t)channel,
        .out = begin,
        .count = mn_min_i32(mn_min_i32(STRIP, channels - channel), end - begin),
    };
}

static void sum_f32(const mn_task *task, int32_t begin, int32_t end, bool mean) {
    const mn_mean_params *p = task->params;
    while (begin < end) {
        const piece s = next_piece(p, begin, end);
        const float *row = (const float *)task->inputs[0] + s.in;
        float sums[STRIP] = {0}, *out = (float *)task->output + s.out;
        for (int32_t k = 0; k < p->count; k++, row += channels_of(p)) {
            for (int32_t i = 0; i < s.count; i++) sums[i] += row[i];
        }
        for (int32_t i = 0; i < s.count; i++) out[i] = mean ? sums[i] / (float)p->count : sums[i];
        begin += s.count;
    }
}

void mn_mean_f32_portable(const mn_task *task, int32_t begin, int32_t end) { sum_f32(task, begin, end, true); }
void mn_sum_f32_portable(const mn_task *task, int32_t begin, int32_t end) { sum_f32(task, begin, end, false); }

void mn_reduce_max_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    const mn_mean_params *p = task->params;
    while (begin < end) {
        const piece s = next_piece(p, begin, end);
        const float *row = (const float *)task->inputs[0] + s.in;
        float *out = (float *)task->output + s.out;
        for (int32_t i = 0; i < s.count; i++) out[i] = -FLT_MAX;
        for (int32_t k = 0; k < p->count; k++, row += channels_of(p)) {
            for (int32_t i = 0; i < s.count; i++) out[i] = row[i] > out[i] ? row[i] : out[i];
        }
        begin += s.count;
    }
}

/* Stored bytes xor `sign` are in the order of the values. */
static void reduce_max_8bit(const mn_task *task, int32_t begin, int32_t end, uint8_t sign) {
    const mn_mean_params *p = task->params;
    while (begin < end) {
        const piece s = next_piece(p, begin, end);
        const uint8_t *row = (const uint8_t *)task->inputs[0] + s.in;
        uint8_t most[STRIP] = {0}, *out = (uint8_t *)task->output + s.out;
        for (int32_t k = 0; k < p->count; k++, row += channels_of(p)) {
            for (int32_t i = 0; i < s.count; i++) {
                const uint8_t x = row[i] ^ sign;
                most[i] = x > most[i] ? x : most[i];
            }
        }
        for (int32_t i = 0; i < s.count; i++) out[i] = most[i] ^ sign;
        begin += s.count;
    }
}

void mn_reduce_max_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    reduce_max_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_reduce_max_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    reduce_max_8bit(task, begin, end, MN_SIGN_U8);
}

static void mean_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_mean_params *p = task->params;
    while (begin < end) {
        const piece s = next_piece(p, begin, end);
        const uint8_t *row = (const uint8_t *)task->inputs[0] + s.in;
        uint32_t sums[STRIP] = {0}; /* modulo 2^32, as the reference's */
        uint8_t *out = (uint8_t *)task->output + s.out;
        for (int32_t k = 0; k < p->count; k++, row += channels_of(p)) {
            for (int32_t i = 0; i < s.count; i++) sums[i] += (uint32_t)(mn_stored(row[i], sign) - p->in_zero);
        }
        for (int32_t i = 0; i < s.count; i++) {
            out[i] = (uint8_t)mn_store_i32((int32_t)sums[i], p->multiplier, p->shift, p->out_zero, mn_sign_range(sign));
        }
        begin += s.count;
    }
}

void mn_mean_i8_portable(const mn_task *task, int32_t begin, int32_t end) { mean_8bit(task, begin, end, MN_SIGN_I8); }
void mn_mean_u8_portable(const mn_task *task, int32_t begin, int32_t end) { mean_8bit(task, begin, end, MN_SIGN_U8); }
