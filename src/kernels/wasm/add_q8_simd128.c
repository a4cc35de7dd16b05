/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD and SUB of equal shapes for WebAssembly, in the reference's integers: all lanes are shifted by the
 * same distance here. */
#include "kernels/kernels.h"

#ifdef MN_CPU_SIMD128_COMPILES

#include "kernels/wasm/q8.h"

/* Sums of two operands are within 2^29, and what rounds them must not take them out of 32 bits. */
enum { SHIFT_MAX = 29 };

static bool fits(const mn_operand *o) { return o->shift <= 0 && o->shift >= -SHIFT_MAX; }

static bool add_q8_need(const void *params, mn_kernel_need *need) {
    const mn_binary_params *p = params;
    *need = (mn_kernel_need){0};
    return p->same_shape && fits(&p->in[0]) && fits(&p->in[1]) && fits(&p->out);
}

const mn_kernel_traits mn_add_q8_simd128_traits = {.need = add_q8_need, .in_place = true};

/* What a value is multiplied and shifted by. */
typedef struct rescale {
    v128_t multiplier, half;
    int32_t zero, right;
} rescale;

static rescale rescale_of(const mn_operand *o) {
    return (rescale){.multiplier = wasm_i32x4_splat(o->multiplier),
                     .half = wasm_i32x4_splat(o->shift < 0 ? 1 << (-o->shift - 1) : 0),
                     .zero = o->zero,
                     .right = -o->shift};
}

/* mn_requantize() of halves of `twice`. */
Q8_INLINE v128_t rescaled(v128_t twice, const rescale *r) {
    const v128_t round = wasm_i64x2_const_splat(INT64_C(1) << 31);
    v128_t multiplier = r->multiplier;
    int32_t right = r->right;
    /* Where Clang takes them out of a loop, it forgets that the one was 32 bits wide and the other the same for all
     * lanes: it multiplies 64 bits and shifts lane by lane. */
    __asm__ volatile("" : "+r"(multiplier), "+r"(right));
    const v128_t low = wasm_i64x2_add(wasm_i64x2_extmul_low_i32x4(twice, multiplier), round);
    const v128_t high = wasm_i64x2_add(wasm_i64x2_extmul_high_i32x4(twice, multiplier), round);
    const v128_t product = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
    if (right == 0) return product;
    const v128_t away = wasm_i32x4_add(product, wasm_i32x4_shr(product, 31));
    return wasm_i32x4_shr(wasm_i32x4_add(away, r->half), (uint32_t)right);
}

/* Eight values, rescaled to the scale of the sum. */
Q8_INLINE void operand(const uint8_t *from, const rescale *r, mn_type type, v128_t out[MN_WASM_VECTORS]) {
    const v128_t x = wasm_i16x8_sub(mn_wasm_widen(from, type), wasm_i16x8_splat((int16_t)r->zero));
    out[0] = rescaled(wasm_i32x4_shl(wasm_i32x4_extend_low_i16x8(x), MN_ADD_SHIFT + 1), r);
    out[1] = rescaled(wasm_i32x4_shl(wasm_i32x4_extend_high_i16x8(x), MN_ADD_SHIFT + 1), r);
}

typedef struct job {
    mn_type type;
    bool subtract;
    rescale in[2], out;
    mn_wasm_finish finish;
} job;

Q8_INLINE void add_8(const job *j, const uint8_t *in0, const uint8_t *in1, mn_type type, uint8_t *out) {
    v128_t first[MN_WASM_VECTORS], second[MN_WASM_VECTORS];
    operand(in0, &j->in[0], type, first);
    operand(in1, &j->in[1], type, second);
    Q8_UNROLL for (int v = 0; v < MN_WASM_VECTORS; v++) {
        const v128_t sum = j->subtract ? wasm_i32x4_sub(first[v], second[v]) : wasm_i32x4_add(first[v], second[v]);
        first[v] = wasm_i32x4_add(rescaled(wasm_i32x4_shl(sum, 1), &j->out), wasm_i32x4_splat(j->out.zero));
    }
    const v128_t values = wasm_i16x8_narrow_i32x4(first[0], first[1]);
    mn_wasm_store(out, mn_wasm_stored(values, values, &j->finish), 0, MN_WASM_LANES);
}

Q8_INLINE void add_range(const job *j, const uint8_t *in0, const uint8_t *in1, mn_type type, int32_t begin, int32_t end,
                         uint8_t *out) {
    int32_t i = begin;
    for (; i + MN_WASM_LANES <= end; i += MN_WASM_LANES) add_8(j, in0 + i, in1 + i, type, out + i);
    if (i == end) return;
    uint8_t part[3][MN_WASM_LANES] = {{0}};
    memcpy(part[0], in0 + i, (size_t)(end - i));
    memcpy(part[1], in1 + i, (size_t)(end - i));
    add_8(j, part[0], part[1], type, part[2]);
    memcpy(out + i, part[2], (size_t)(end - i));
}

static void add_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_binary_params *p = task->params;
    const int32_t shift = type == MN_UINT8 ? 128 : 0;
    const mn_wasm_zeros zeros = {.flip = (uint8_t)shift, .range = {p->range.min - shift, p->range.max - shift}};
    job j = {.type = type,
             .subtract = p->subtract,
             .in = {rescale_of(&p->in[0]), rescale_of(&p->in[1])},
             .out = rescale_of(&p->out),
             .finish = mn_wasm_finish_of(&zeros)};
    j.out.zero -= shift;
    if (type == MN_INT8) {
        add_range(&j, task->inputs[0], task->inputs[1], MN_INT8, begin, end, task->output);
    } else {
        add_range(&j, task->inputs[0], task->inputs[1], MN_UINT8, begin, end, task->output);
    }
}

void mn_add_i8_simd128(const mn_task *task, int32_t begin, int32_t end) { add_run(task, begin, end, MN_INT8); }
void mn_add_u8_simd128(const mn_task *task, int32_t begin, int32_t end) { add_run(task, begin, end, MN_UINT8); }

#endif
