/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Everything without weights, in portable C. */
#include "mn_mcu_kernels.h"

void mn_mcu_copy(int8_t *to, const int8_t *from, uint32_t n) {
#if defined __GNUC__ && defined __ARM_FEATURE_UNALIGNED
    for (; n >= 4; n -= 4, to += 4, from += 4) __builtin_memcpy(to, from, 4); /* one load, one store */
#endif
    for (; n > 0; n--) {
        *to++ = *from++;
        MN_MCU_IN_ORDER();
    }
}

void mn_mcu_fill(int8_t *to, int8_t value, uint32_t n) {
    for (; n > 0; n--) {
        *to++ = value;
        MN_MCU_IN_ORDER();
    }
}

/* ---- Bytes one by one ------------------------------------------------------------------------------------ */

/* An operand on the common scale of both, with 20 more bits. */
static inline int32_t operand(const mn_mcu_add *p, int i, int8_t x) {
    return mn_mcu_requantize((x - p->zero[i]) * (1 << 20), p->multiplier[i], p->shift[i]);
}

static int8_t add_two(const mn_mcu_add *p, int8_t a, int8_t b) {
    const int32_t x = operand(p, 0, a), y = operand(p, 1, b);
    const int32_t sum = mn_mcu_requantize(p->subtract ? x - y : x + y, p->out_multiplier, p->out_shift);
    return (int8_t)mn_mcu_clamp(mn_mcu_wrap_add(sum, p->out_zero), p->low, p->high);
}

/* The same for the shifts that mn_mcu_rescaled() takes, and 0, which has one rounding: `second` is 0, not all bits. */
typedef struct term {
    mn_mcu_rescale scale;
    int32_t second, zero;
} term;

static int is_tame(const mn_mcu_add *p) {
    const int8_t least = -22;
    return p->shift[0] >= least && p->shift[0] <= 0 && p->shift[1] >= least && p->shift[1] <= 0 &&
           p->out_shift >= least && p->out_shift < 0;
}

MN_MCU_INLINE term term_of(const mn_mcu_add *p, int i) {
    const int once = p->shift[i] == 0;
    term t;
    t.scale = mn_mcu_rescale_of(p->multiplier[i], p->shift[i], 0);
    t.second = once ? 0 : -1;
    t.zero = p->zero[i];
    if (once) t.scale.more = 0;
    return t;
}

MN_MCU_INLINE int32_t scaled(const term *t, int8_t x) {
    const int32_t a = (x - t->zero) * (1 << 20);
    const int32_t high = (int32_t)(((int64_t)(a * 2) * t->scale.multiplier) >> 32);
    return (high + t->scale.more + ((a >> 30 & t->second) | 1)) >> t->scale.shift;
}

static void add_tame(const mn_mcu_add *p, const int8_t *a, const int8_t *b, int8_t *out, uint32_t count) {
    const term first = term_of(p, 0), second = term_of(p, 1);
    const mn_mcu_rescale both = mn_mcu_rescale_of(p->out_multiplier, p->out_shift, p->out_zero);
    const int32_t low = p->low, high = p->high, minus = p->subtract ? -1 : 0;
    for (; count > 0; count--) {
        const int32_t x = scaled(&first, *a++), y = scaled(&second, *b++);
        *out++ = (int8_t)mn_mcu_clamp(mn_mcu_rescaled(both, x + (y ^ minus) - minus), low, high);
    }
}

void mn_mcu_add_c(const mn_mcu_add *p, const int8_t *a, const int8_t *b, int8_t *out, uint32_t count) {
    if (is_tame(p)) {
        add_tame(p, a, b, out, count);
        return;
    }
    for (; count > 0; count--) *out++ = add_two(p, *a++, *b++);
}

void mn_mcu_map_c(const int8_t *table, const int8_t *in, int8_t *out, uint32_t count) {
    for (; count > 0; count--) *out++ = table[*in++ + 128];
}

/* ---- Windows --------------------------------------------------------------------------------------------- */

/* Sum of channel c of the pixels under a window, and how many there are. */
static int32_t add_up(const int8_t *const *at, const mn_mcu_view *view, uint32_t c, int32_t *count) {
    int32_t sum = 0;
    *count = 0;
    for (uint32_t ky = 0; ky < view->k_h; ky++, at += view->columns) {
        for (uint32_t kx = 0; kx < view->k_w; kx++) {
            if (!at[kx]) continue;
            sum += at[kx][c];
            ++*count;
        }
    }
    return sum;
}

/* Halves away from 0. */
static int8_t average(int32_t sum, int32_t count, int32_t low, int32_t high) {
    const int32_t half = count / 2;
    return (int8_t)mn_mcu_clamp((sum > 0 ? sum + half : sum - half) / count, low, high);
}

void mn_mcu_average_pool_c(const mn_mcu_pool *p, const mn_mcu_view *view, int8_t *out, uint32_t n, uint32_t channels) {
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t c = 0; c < channels; c++) {
            int32_t count;
            const int32_t sum = add_up(view->at + i * view->stride, view, c, &count);
            *out++ = average(sum, count, p->low, p->high);
        }
    }
}

static int32_t largest(const int8_t *const *at, const mn_mcu_view *view, uint32_t c) {
    int32_t most = -128;
    for (uint32_t ky = 0; ky < view->k_h; ky++, at += view->columns) {
        for (uint32_t kx = 0; kx < view->k_w; kx++) {
            if (at[kx] && at[kx][c] > most) most = at[kx][c];
        }
    }
    return most;
}

void mn_mcu_max_pool_c(const mn_mcu_pool *p, const mn_mcu_view *view, int8_t *out, uint32_t n, uint32_t channels) {
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t c = 0; c < channels; c++) {
            *out++ = (int8_t)mn_mcu_clamp(largest(view->at + i * view->stride, view, c), p->low, p->high);
        }
    }
}

void mn_mcu_pad_c(const mn_mcu_pad *p, const mn_mcu_view *view, int8_t *out, uint32_t n, uint32_t channels) {
    for (uint32_t i = 0; i < n; i++, out += channels) {
        const int8_t *in = view->at[i * view->stride];
        if (in) {
            mn_mcu_copy(out, in, channels);
        } else {
            mn_mcu_fill(out, p->border, channels);
        }
    }
}

/* ---- Means ----------------------------------------------------------------------------------------------- */

void mn_mcu_sum_c(int32_t *sums, const int8_t *in, uint32_t n, uint32_t channels) {
    for (; n > 0; n--) {
        for (uint32_t c = 0; c < channels; c++) sums[c] = mn_mcu_wrap_add(sums[c], *in++);
    }
}

void mn_mcu_mean_c(const mn_mcu_mean *p, const int32_t *sums, uint32_t count, int8_t *out, uint32_t channels) {
    const int32_t zeros = (int32_t)(count * (uint32_t)p->in_zero); /* modulo 2^32, as the reference's sum */
    for (uint32_t c = 0; c < channels; c++) {
        const int32_t sum = (int32_t)((uint32_t)sums[c] - (uint32_t)zeros);
        const int32_t stored = mn_mcu_wrap_add(mn_mcu_requantize(sum, p->multiplier, p->shift), p->out_zero);
        *out++ = (int8_t)mn_mcu_clamp(stored, p->low, p->high);
    }
}

void mn_mcu_average_c(const mn_mcu_mean *p, const int32_t *sums, uint32_t count, int8_t *out, uint32_t channels) {
    for (uint32_t c = 0; c < channels; c++) *out++ = average(sums[c], (int32_t)count, p->low, p->high);
}

/* ---- SOFTMAX (docs/numerics.md) -------------------------------------------------------------------------- */

/* x * 2^n, saturated. */
static int32_t saturating_shift(int32_t x, int32_t n) {
    const int32_t most = (int32_t)(0x7fffffffu >> n);
    return x > most ? INT32_MAX : x < -most - 1 ? INT32_MIN : (int32_t)((uint32_t)x << n);
}

/* exp(a) in Q0.31 for a in [-1/4, 0), Q0.31: Taylor series around -1/8. */
static int32_t exp_near_zero(int32_t a) {
    const int32_t exp_minus_eighth = 1895147668, third = 715827883;
    const int32_t x = a + (1 << 28), x2 = mn_mcu_high(x, x), x3 = mn_mcu_high(x2, x), x4 = mn_mcu_high(x2, x2);
    const int32_t tail = mn_mcu_high(mn_mcu_round_shift(x4, 2) + x3, third) + x2;
    return exp_minus_eighth + mn_mcu_high(exp_minus_eighth, x + mn_mcu_round_shift(tail, 1));
}

/* exp(a) in Q0.31 for a <= 0 in Q5.26: the fraction below a quarter, then exp(-2^k), k = -2 to 4, for each bit. */
static int32_t exp_not_positive(int32_t a) {
    static const int32_t factor[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << 24;
    if (a == 0) return INT32_MAX;
    const int32_t fraction = (a & (quarter - 1)) - quarter;
    const int32_t quarters = fraction - a;
    int32_t result = exp_near_zero(saturating_shift(fraction, 5));
    for (int i = 0; i < 7; i++) {
        if ((quarters & (quarter << i)) != 0) result = mn_mcu_high(result, factor[i]);
    }
    return result;
}

/* 1 / (1 + a) in Q0.31 for a in [0, 1), Q0.31: three Newton-Raphson steps from 48/17 - 32/17 (1 + a) / 2, Q2.29. */
static int32_t reciprocal_of_one_plus(int32_t a) {
    const int32_t half = (int32_t)(((uint32_t)a + 0x80000000u) >> 1);
    int32_t x = 1515870810 + mn_mcu_high(half, -1010580540);
    for (int i = 0; i < 3; i++) x += saturating_shift(mn_mcu_high(x, (1 << 29) - mn_mcu_high(half, x)), 2);
    return saturating_shift(x, 1);
}

static int32_t exp_of(const mn_mcu_softmax *p, int32_t difference) {
    if (difference < p->diff_min) return 0;
    return exp_not_positive(mn_mcu_requantize(difference, p->multiplier, p->shift));
}

static void softmax_pixel(const mn_mcu_softmax *p, const int8_t *in, int8_t *out, uint32_t channels) {
    int32_t most = -128, shift = 23;
    uint64_t sum = 0; /* Q12.31 */
    for (uint32_t c = 0; c < channels; c++) most = in[c] > most ? in[c] : most;
    for (uint32_t c = 0; c < channels; c++) sum += (uint32_t)mn_mcu_round_shift(exp_of(p, in[c] - most), 12);
    sum <<= 12;
    for (; sum >> 32 != 0; shift++) sum >>= 1; /* (1 + a) * 2^31 */
    const int32_t factor = reciprocal_of_one_plus((int32_t)((uint32_t)sum - 0x80000000u));
    for (uint32_t c = 0; c < channels; c++) {
        const int32_t e = mn_mcu_high(factor, exp_of(p, in[c] - most));
        out[c] = (int8_t)(shift > 31 ? -128 : mn_mcu_clamp(mn_mcu_round_shift(e, shift) - 128, -128, 127));
    }
}

void mn_mcu_softmax_c(const mn_mcu_softmax *p, const int8_t *in, int8_t *out, uint32_t n, uint32_t channels) {
    for (; n > 0; n--, in += channels, out += channels) softmax_pixel(p, in, out, channels);
}
