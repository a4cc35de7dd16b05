/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 fully connected layers with 256-bit vectors of bytes. Weights are read once in a run and come from far
 * away, so their rows stay in order, in large pages, filled up with zeros to whole vectors. The including file has
 * dot(), which adds four products to each of 8 sums, and DOT_MAX, the largest activation with which it is exact for all
 * weights: what is above is multiplied again. It gets fully_connected_need(), pack() and run(). */
#include "kernels/x86/fully_connected_q8_ymm.h"

/* Products go to several accumulators in turn, so that none waits for the one before. */
enum { STEP = 32, CHAINS = 4, SPLITS = DOT_MAX < 255 };

static size_t pitch_of(const mn_fully_connected_params *p) { return mn_round_up((size_t)p->in_c, STEP); }

/* Packed: weights as signed bytes, [out_c][pitch]; behind them what each sum of products begins with. */
static size_t weight_bytes(const mn_fully_connected_params *p) { return (size_t)p->out_c * pitch_of(p); }

static bool fully_connected_need(const void *params, mn_kernel_need *need) {
    const mn_fully_connected_params *p = params;
    *need = (mn_kernel_need){.packed_bytes = weight_bytes(p) + (size_t)p->out_c * sizeof(int32_t),
                             .workspace_bytes = pitch_of(p)};
    if (SPLITS) need->workspace_bytes += pitch_of(p) + pitch_of(p) / STEP * sizeof(int32_t);
    return true;
}

/* Zero points of unsigned activations and signed weights. */
static int32_t in_zero(const mn_fully_connected_params *p, mn_type type) {
    return type == MN_INT8 ? p->in_zero + 128 : p->in_zero;
}

static int32_t weight_zero(const mn_fully_connected_params *p, mn_type type) {
    return type == MN_INT8 ? p->weight_zero : p->weight_zero - 128;
}

/* Copies `count` bytes ^ `flip` and zeros up to a whole vector; returns their sum, as unsigned or signed ones. */
Q8_INLINE int32_t copy_row(bool is_signed, const uint8_t *from, int32_t count, uint8_t flip, uint8_t *to) {
    const __m256i flips = _mm256_set1_epi8((char)flip), ones = _mm256_set1_epi8(1);
    __m256i sum = _mm256_setzero_si256();
    for (int32_t i = 0; i < count; i += STEP) {
        uint8_t rest[STEP];
        __m256i bytes;
        if (count - i >= STEP) {
            bytes = _mm256_xor_si256(q8_load(from + i), flips);
        } else {
            memset(rest, flip, sizeof rest);
            memcpy(rest, from + i, (size_t)(count - i));
            bytes = _mm256_xor_si256(q8_load(rest), flips);
        }
        _mm256_storeu_si256((__m256i *)(void *)(to + i), bytes);
        sum = is_signed ? dot(sum, ones, bytes) : dot(sum, bytes, ones);
    }
    int32_t lanes[Q8_LANES], total = 0;
    _mm256_storeu_si256((__m256i *)(void *)lanes, sum);
    for (int i = 0; i < Q8_LANES; i++) total += lanes[i];
    return total;
}

Q8_TARGET static void pack(const mn_fully_connected_params *p, mn_type type, const void *const *constants,
                           uint8_t *to) {
    const uint8_t *from = constants[1], flip = type == MN_INT8 ? 0 : 0x80;
    const int32_t *bias = constants[2], zero = in_zero(p, type);
    const int32_t zeros = mn_q8_product(p->in_c, mn_q8_product(zero, weight_zero(p, type)));
    int32_t *begin = (int32_t *)(void *)(to + weight_bytes(p));
    for (int32_t c = 0; c < p->out_c; c++, from += p->in_c, to += pitch_of(p)) {
        const int32_t sum = copy_row(true, from, p->in_c, flip, to);
        begin[c] = mn_wrap_add(bias ? bias[c] : 0, mn_wrap_add(zeros, mn_q8_product(-zero, sum)));
    }
}

/* A row of activations: bytes up to DOT_MAX, and the vectors of what is above that are not 0. */
typedef struct input {
    const uint8_t *bytes, *above;
    const int32_t *at;
    int32_t count;
} input;

/* Takes what is above DOT_MAX off the copy in `workspace`. */
Q8_INLINE input split_row(size_t pitch, uint8_t *workspace) {
    uint8_t *above = workspace + pitch;
    int32_t *at = (int32_t *)(void *)(above + pitch);
    input in = {.bytes = workspace, .above = above, .at = at};
    for (size_t k = 0; SPLITS && k < pitch; k += STEP) {
        const __m256i x = q8_load(workspace + k), low = _mm256_min_epu8(x, _mm256_set1_epi8((char)DOT_MAX));
        const __m256i rest = _mm256_sub_epi8(x, low);
        _mm256_storeu_si256((__m256i *)(void *)(workspace + k), low);
        _mm256_storeu_si256((__m256i *)(void *)(above + k), rest);
        at[in.count] = (int32_t)k;
        in.count += !_mm256_testz_si256(rest, rest);
    }
    return in;
}

Q8_INLINE __m256i multiply_row(const input *in, const uint8_t *weights, size_t pitch) {
    __m256i acc[CHAINS];
    size_t k = 0;
    Q8_UNROLL for (int i = 0; i < CHAINS; i++) acc[i] = _mm256_setzero_si256();
    for (; k + CHAINS * STEP <= pitch; k += CHAINS * STEP) {
        /* The same place of the rows that are computed together next. */
        const uintptr_t next = (uintptr_t)(weights + k) + CHANNELS * pitch;
        Q8_UNROLL for (int i = 0; i < CHAINS * STEP; i += 64)
            _mm_prefetch((const char *)(next + (size_t)i), _MM_HINT_T0);
        Q8_UNROLL for (int i = 0; i < CHAINS; i++) {
            acc[i] = dot(acc[i], q8_load(in->bytes + k + i * STEP), q8_load(weights + k + i * STEP));
        }
    }
    for (; k < pitch; k += STEP) acc[0] = dot(acc[0], q8_load(in->bytes + k), q8_load(weights + k));
    for (int32_t i = 0; SPLITS && i < in->count; i++) {
        acc[0] = dot(acc[0], q8_load(in->above + in->at[i]), q8_load(weights + in->at[i]));
    }
    return _mm256_add_epi32(_mm256_add_epi32(acc[0], acc[1]), _mm256_add_epi32(acc[2], acc[3]));
}

/* Outputs [first, last) of one row. */
Q8_TARGET static void run_row(const mn_task *task, mn_type type, int32_t row, int32_t first, int32_t last) {
    const mn_fully_connected_params *p = task->params;
    const size_t pitch = pitch_of(p);
    const uint8_t *weights = task->packed, *in = (const uint8_t *)task->inputs[0] + (ptrdiff_t)row * p->in_c;
    const int32_t *begin = (const int32_t *)(const void *)(weights + weight_bytes(p));
    const int32_t sum = copy_row(false, in, p->in_c, type == MN_INT8 ? 0x80 : 0, task->workspace);
    const input split = split_row(pitch, task->workspace);
    const __m256i over = _mm256_set1_epi32(mn_q8_product(weight_zero(p, type), sum));
    for (int32_t c = first; c < last; c += CHANNELS) {
        const int32_t count = mn_min_i32(CHANNELS, last - c);
        __m256i acc[CHANNELS];
        for (int32_t i = 0; i < CHANNELS; i++) {
            acc[i] = multiply_row(&split, weights + (size_t)(c + mn_min_i32(i, count - 1)) * pitch, pitch);
        }
        store_outputs(p, begin, _mm256_sub_epi32(mn_add_lanes(acc), over), c, count,
                      (uint8_t *)task->output + (ptrdiff_t)row * p->out_c);
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const int32_t out_c = ((const mn_fully_connected_params *)task->params)->out_c;
    for (int32_t unit = begin, last; unit < end; unit += last - unit % out_c) {
        last = mn_min_i32(out_c, unit % out_c + end - unit);
        run_row(task, type, unit / out_c, unit % out_c, last);
    }
}
