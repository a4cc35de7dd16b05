/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 fully connected layers for AVX-VNNI. Weights are read once in a run and come from far away, so their
 * rows stay in order, in large pages, filled up with zeros to whole vectors. */
#include "kernels/kernels.h"

#ifdef MN_CPU_AVX_VNNI_COMPILES

#include "kernels/x86/q8_avxvnni.h"

#include "kernels/x86/fully_connected_q8_ymm.h"

/* Products go to several accumulators in turn, so that none waits for the one before. */
enum { STEP = 32, CHAINS = 4 };

static size_t pitch_of(const mn_fully_connected_params *p) { return mn_round_up((size_t)p->in_c, STEP); }

/* Packed: weights as signed bytes, [out_c][pitch]; behind them what each sum of products begins with. */
static size_t weight_bytes(const mn_fully_connected_params *p) { return (size_t)p->out_c * pitch_of(p); }

static bool fully_connected_q8_need(const void *params, mn_kernel_need *need) {
    const mn_fully_connected_params *p = params;
    *need = (mn_kernel_need){.packed_bytes = weight_bytes(p) + (size_t)p->out_c * sizeof(int32_t),
                             .workspace_bytes = pitch_of(p)};
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
        sum = is_signed ? q8_dot(sum, ones, bytes) : q8_dot(sum, bytes, ones);
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

static void fully_connected_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, MN_INT8, constants, packed);
}

static void fully_connected_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, MN_UINT8, constants, packed);
}

const mn_kernel_traits mn_fully_connected_i8_avxvnni_traits = {.need = fully_connected_q8_need,
                                                               .pack = fully_connected_i8_pack};
const mn_kernel_traits mn_fully_connected_u8_avxvnni_traits = {.need = fully_connected_q8_need,
                                                               .pack = fully_connected_u8_pack};

Q8_INLINE __m256i multiply_row(const uint8_t *in, const uint8_t *weights, size_t pitch) {
    __m256i acc[CHAINS];
    size_t k = 0;
    Q8_UNROLL for (int i = 0; i < CHAINS; i++) acc[i] = _mm256_setzero_si256();
    for (; k + CHAINS * STEP <= pitch; k += CHAINS * STEP) {
        Q8_UNROLL for (int i = 0; i < CHAINS; i++) {
            acc[i] = q8_dot(acc[i], q8_load(in + k + i * STEP), q8_load(weights + k + i * STEP));
        }
    }
    for (; k < pitch; k += STEP) acc[0] = q8_dot(acc[0], q8_load(in + k), q8_load(weights + k));
    return _mm256_add_epi32(_mm256_add_epi32(acc[0], acc[1]), _mm256_add_epi32(acc[2], acc[3]));
}

/* Outputs [first, last) of one row. */
Q8_TARGET static void run_row(const mn_task *task, mn_type type, int32_t row, int32_t first, int32_t last) {
    const mn_fully_connected_params *p = task->params;
    const size_t pitch = pitch_of(p);
    const uint8_t *weights = task->packed, *in = (const uint8_t *)task->inputs[0] + (ptrdiff_t)row * p->in_c;
    const int32_t *begin = (const int32_t *)(const void *)(weights + weight_bytes(p));
    const int32_t sum = copy_row(false, in, p->in_c, type == MN_INT8 ? 0x80 : 0, task->workspace);
    const __m256i over = _mm256_set1_epi32(mn_q8_product(weight_zero(p, type), sum));
    for (int32_t c = first; c < last; c += CHANNELS) {
        const int32_t count = mn_min_i32(CHANNELS, last - c);
        __m256i acc[CHANNELS];
        for (int32_t i = 0; i < CHANNELS; i++) {
            acc[i] = multiply_row(task->workspace, weights + (size_t)(c + mn_min_i32(i, count - 1)) * pitch, pitch);
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

void mn_fully_connected_i8_avxvnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_fully_connected_u8_avxvnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
