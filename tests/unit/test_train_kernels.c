/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Every kernel of training, on every tier of this machine, against its definition in double. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/region.h"
#include "net/random.h"
#include "train/kernels.h"
#include "train/optimiser.h"

static const mn_train_kernels *tier;
static mn_random source;
static mn_region region;

static float *draw(size_t count) {
    float *values = mn_region_alloc(&region, count, sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = (float)mn_random_uniform(&source, -1, 1);
    return values;
}

static void near(double got, double expected, double scale, const char *what, size_t i) {
    if (fabs(got - expected) <= 1e-5 * scale) return;
    fail_msg("%s, %s[%zu]: %.9g, not %.9g", tier->name, what, i, got, expected);
}

/* ---- Matrix product ---------------------------------------------------------------------------------- */

static void check_gemm(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, bool transposed, bool start) {
    ptrdiff_t ldb = n + 16, ldc = n + 32;
    float *a = draw((size_t)(m * k)), *b = draw((size_t)(k * ldb)), *c = draw((size_t)(m * ldc));
    float *before = mn_region_alloc(&region, (size_t)(m * ldc), sizeof *before);
    memcpy(before, c, (size_t)(m * ldc) * sizeof *c);
    mn_gemm g = {.m = m,
                 .n = n,
                 .k = k,
                 .a = a,
                 .a_row = transposed ? 1 : k,
                 .a_col = transposed ? m : 1,
                 .b = b,
                 .ldb = ldb,
                 .c = c,
                 .ldc = ldc,
                 .start = start ? before : NULL};
    tier->gemm(&g);
    for (ptrdiff_t i = 0; i < m; i++) {
        for (ptrdiff_t j = 0; j < ldc; j++) {
            size_t at = (size_t)(i * ldc + j);
            double sum = start || j >= n ? (double)before[at] : 0;
            for (ptrdiff_t p = 0; p < k && j < n; p++) {
                sum += (double)a[i * g.a_row + p * g.a_col] * (double)b[p * ldb + j];
            }
            near((double)c[at], sum, 1 + sqrt((double)k), "gemm", at);
        }
    }
}

static void matrix_products(void) {
    static const int rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 24};
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (int n = 16; n <= 112; n += 16) check_gemm(rows[r], n, 1 + n % 7, n % 32 == 0, rows[r] % 2);
    }
    check_gemm(27, 48, 301, true, true);
    check_gemm(100, 32, 27, false, false);
    check_gemm(5, 16, 0, false, true);
}

/* ---- Batch norm -------------------------------------------------------------------------------------- */

enum { CHANNELS = 48, PIXELS = 7, VALUES = CHANNELS * PIXELS };

static double apply(const mn_norm *n, size_t c, float z) {
    return ((double)z - (double)n->mean[c]) * (double)n->scale[c] + (double)n->beta[c];
}

static double passed(const mn_norm *n, size_t i, const float *z, const float *dy) {
    double y = apply(n, i % CHANNELS, z[i]);
    if (n->hard_swish) return (double)dy[i] * (y <= -3 ? 0 : y >= 3 ? 1 : (2 * y + 3) / 6);
    return y > (double)n->low && y < (double)n->high ? (double)dy[i] : 0;
}

static double bent(const mn_norm *n, double y) {
    if (n->hard_swish) return y * fmin(fmax(y + 3, 0), 6) / 6;
    return fmin(fmax(y, (double)n->low), (double)n->high);
}

/* Values of hard swish reach beyond where it is bent. */
static void check_norm(float low, float high, bool hard_swish) {
    float *z = draw(VALUES), *dy = draw(VALUES), *skip = draw(VALUES), *out = draw(VALUES);
    float *sum = draw(CHANNELS), *other = draw(CHANNELS);
    double sums[CHANNELS], others[CHANNELS];
    mn_norm n = {draw(CHANNELS), draw(CHANNELS), draw(CHANNELS), draw(CHANNELS), draw(CHANNELS), low, high, hard_swish};
    for (size_t i = 0; hard_swish && i < VALUES; i++) z[i] *= 8;
    tier->activate(&n, CHANNELS, PIXELS, z, skip, out);
    for (size_t i = 0; i < VALUES; i++) {
        double y = bent(&n, apply(&n, i % CHANNELS, z[i]));
        near((double)out[i], y + (double)skip[i], 8, "activate", i);
    }
    for (size_t c = 0; c < CHANNELS; c++) sums[c] = (double)sum[c], others[c] = (double)other[c];
    tier->gradient_sums(&n, CHANNELS, PIXELS, z, dy, sum, other);
    for (size_t i = 0; i < VALUES; i++) {
        double g = passed(&n, i, z, dy);
        sums[i % CHANNELS] += g;
        others[i % CHANNELS] += g * ((double)z[i] - (double)n.mean[i % CHANNELS]);
    }
    for (size_t c = 0; c < CHANNELS; c++) {
        near((double)sum[c], sums[c], 4, "gradient_sums", c);
        near((double)other[c], others[c], 16, "gradient_sums (products)", c);
    }
    tier->gradient(&n, CHANNELS, PIXELS, z, dy, out);
    for (size_t i = 0; i < VALUES; i++) {
        size_t c = i % CHANNELS;
        double bend = ((double)z[i] - (double)n.mean[c]) * (double)n.slope[c];
        near((double)out[i], (double)n.scale[c] * (passed(&n, i, z, dy) - (double)n.mean_g[c] - bend), 16, "gradient",
             i);
    }
}

static void check_moments(void) {
    float *z = draw(VALUES), *shift = draw(CHANNELS), *sum = draw(CHANNELS), *square = draw(CHANNELS);
    double sums[CHANNELS], squares[CHANNELS];
    for (size_t c = 0; c < CHANNELS; c++) sums[c] = (double)sum[c], squares[c] = (double)square[c];
    tier->moments(CHANNELS, PIXELS, z, shift, sum, square);
    for (size_t i = 0; i < VALUES; i++) {
        double d = (double)z[i] - (double)shift[i % CHANNELS];
        sums[i % CHANNELS] += d;
        squares[i % CHANNELS] += d * d;
    }
    for (size_t c = 0; c < CHANNELS; c++) {
        near((double)sum[c], sums[c], 8, "moments", c);
        near((double)square[c], squares[c], 16, "moments (squares)", c);
    }
}

static void check_scale(bool shifted) {
    float *gate = draw(CHANNELS), *shift = draw(CHANNELS), *values = draw(VALUES), before[VALUES];
    memcpy(before, values, sizeof before);
    tier->scale(CHANNELS, PIXELS, gate, shifted ? shift : NULL, values);
    for (size_t i = 0; i < VALUES; i++) {
        size_t c = i % CHANNELS;
        near((double)values[i], (double)before[i] * (double)gate[c] + (shifted ? (double)shift[c] : 0), 1, "scale", i);
    }
}

static void check_products(bool second) {
    float *a = draw(VALUES), *b = draw(VALUES), *sum = draw(CHANNELS);
    double sums[CHANNELS];
    for (size_t c = 0; c < CHANNELS; c++) sums[c] = (double)sum[c];
    tier->products(CHANNELS, PIXELS, a, second ? b : NULL, sum);
    for (size_t i = 0; i < VALUES; i++) sums[i % CHANNELS] += (double)a[i] * (second ? (double)b[i] : 1);
    for (size_t c = 0; c < CHANNELS; c++) near((double)sum[c], sums[c], 4, "products", c);
}

static void norms(void) {
    check_norm(0, 0.5f, false);
    check_norm(-INFINITY, INFINITY, false);
    check_norm(-INFINITY, INFINITY, true);
    check_moments();
    for (int i = 0; i < 2; i++) check_scale(i), check_products(i);
}

/* ---- Depthwise --------------------------------------------------------------------------------------- */

enum { DEEP = 32, COLUMNS = 9 };

static void check_depthwise(int32_t k, int32_t stride) {
    int32_t width = (COLUMNS - 1) * stride + k, taps = k * k;
    float *kernel = draw((size_t)taps * DEEP), *out = draw(COLUMNS * DEEP), *gradient = draw((size_t)taps * DEEP);
    float before[MN_TRAIN_TAPS * MN_TRAIN_TAPS * DEEP];
    const float *in[MN_TRAIN_TAPS];
    for (int i = 0; i < k; i++) in[i] = draw((size_t)width * DEEP);
    tier->depthwise(k, DEEP, COLUMNS, stride, in, kernel, out);
    for (int32_t i = 0; i < COLUMNS * DEEP; i++) {
        double sum = 0;
        for (int32_t t = 0; t < taps; t++) {
            float value = in[t / k][(i / DEEP * stride + t % k) * DEEP + i % DEEP];
            sum += (double)value * (double)kernel[t * DEEP + i % DEEP];
        }
        near((double)out[i], sum, 3, "depthwise", (size_t)i);
    }
    memcpy(before, gradient, (size_t)taps * DEEP * sizeof *before);
    tier->depthwise_kernel(k, DEEP, COLUMNS, stride, in, out, gradient);
    for (int32_t i = 0; i < taps * DEEP; i++) {
        double sum = (double)before[i];
        for (int32_t x = 0; x < COLUMNS; x++) {
            float value = in[i / DEEP / k][(x * stride + i / DEEP % k) * DEEP + i % DEEP];
            sum += (double)value * (double)out[x * DEEP + i % DEEP];
        }
        near((double)gradient[i], sum, 10, "depthwise_kernel", (size_t)i);
    }
}

static void check_depthwise_input(int32_t k, int32_t stride, int32_t pad, int32_t rows) {
    int32_t width = COLUMNS * stride, zeros = (k - 1) * DEEP;
    float *dx = draw((size_t)width * DEEP), *kernel = draw((size_t)(k * k) * DEEP);
    const float *dz[MN_TRAIN_TAPS] = {0}, *taps[MN_TRAIN_TAPS] = {0};
    for (int32_t i = 0; i < rows; i++) {
        float *row = draw((size_t)(COLUMNS * DEEP + 2 * zeros)); /* k - 1 columns of zeros on either side */
        memset(row, 0, (size_t)zeros * sizeof *row);
        memset(row + zeros + COLUMNS * DEEP, 0, (size_t)zeros * sizeof *row);
        dz[i] = row + zeros;
        taps[i] = kernel + k * i * DEEP;
    }
    tier->depthwise_input(k, DEEP, width, stride, pad, rows, dz, taps, dx);
    for (int32_t i = 0; i < width * DEEP; i++) {
        double sum = 0;
        for (int32_t t = 0; t < k * rows; t++) {
            int32_t scaled = i / DEEP + pad - t % k, x = scaled / stride;
            if (scaled < 0 || scaled % stride != 0 || x >= COLUMNS) continue;
            sum += (double)dz[t / k][x * DEEP + i % DEEP] * (double)taps[t / k][t % k * DEEP + i % DEEP];
        }
        near((double)dx[i], sum, 5, "depthwise_input", (size_t)i);
    }
}

static void depthwise_passes(void) {
    for (int32_t k = 3; k <= MN_TRAIN_TAPS; k += 2) {
        for (int32_t stride = 1; stride <= 2; stride++) {
            check_depthwise(k, stride);
            for (int32_t pad = 0; pad < k; pad++) {
                int32_t most = stride == 1 ? k : k / 2 + 1;
                for (int32_t rows = 0; rows <= most; rows++) check_depthwise_input(k, stride, pad, rows);
            }
        }
    }
}

/* ---- Optimisers -------------------------------------------------------------------------------------- */

enum { COUNT = 64 };

/* One weight, in double. TensorFlow's ApplyRMSProp, ApplyMomentum and ApplyAdam. */
static void define_step(mn_optimiser_kind kind, const mn_update *u, size_t i, double *w, double *square, double *mean) {
    double g = (double)u->gradient[i] + (double)u->weight_decay * *w;
    double decay = (double)u->decay, momentum = (double)u->momentum, rate = (double)u->rate;
    switch (kind) {
    case MN_RMSPROP:
        *square = decay * *square + (1 - decay) * g * g;
        *mean = momentum * *mean + rate * g / sqrt(*square + (double)u->epsilon);
        *w -= *mean;
        break;
    case MN_SGD:
        *mean = momentum * *mean + g;
        *w -= rate * *mean;
        break;
    case MN_ADAM:
        *square = decay * *square + (1 - decay) * g * g;
        *mean = momentum * *mean + (1 - momentum) * g;
        *w -= rate * *mean / (sqrt(*square) + (double)u->epsilon);
        break;
    }
}

static void check_optimiser(mn_optimiser_kind kind) {
    void (*const steps[])(const mn_update *) = {tier->rmsprop, tier->sgd, tier->adam};
    double w[COUNT], square[COUNT], mean[COUNT];
    mn_update u = {.count = COUNT,
                   .weights = draw(COUNT),
                   .slot = {draw(COUNT), draw(COUNT)},
                   .gradient = draw(COUNT),
                   .weight_decay = 0.01f,
                   .rate = 0.1f,
                   .decay = 0.8f,
                   .momentum = 0.7f,
                   .epsilon = 0.1f};
    for (size_t i = 0; i < COUNT; i++) {
        u.slot[0][i] = fabsf(u.slot[0][i]);
        w[i] = (double)u.weights[i];
        square[i] = (double)u.slot[0][i];
        mean[i] = (double)u.slot[1][i];
    }
    for (int step = 0; step < 3; step++) {
        steps[kind](&u);
        for (size_t i = 0; i < COUNT; i++) {
            define_step(kind, &u, i, &w[i], &square[i], &mean[i]);
            near((double)u.weights[i], w[i], 2, "optimiser", i);
            near((double)u.slot[0][i], square[i], 2, "mean square", i);
            near((double)u.slot[1][i], mean[i], 2, "momentum", i);
        }
    }
}

static void optimisers(void) {
    check_optimiser(MN_RMSPROP);
    check_optimiser(MN_SGD);
    check_optimiser(MN_ADAM);
    float *value = draw(COUNT), *mean = draw(COUNT), before[COUNT];
    memcpy(before, mean, sizeof before);
    tier->average(COUNT, value, 0.25f, mean);
    for (size_t i = 0; i < COUNT; i++) {
        near((double)mean[i], 0.75 * (double)before[i] + 0.25 * (double)value[i], 1, "average", i);
    }
}

/* ---- Tests ------------------------------------------------------------------------------------------- */

static void on_every_tier(void (*check)(void)) {
    for (const mn_train_kernels *const *next = mn_train_kernels_all(); *next; next++) {
        tier = *next;
        source.state = 11;
        check();
        mn_region_free(&region);
    }
}

static void test_matrix_products(void **state) { (void)state, on_every_tier(matrix_products); }
static void test_norms(void **state) { (void)state, on_every_tier(norms); }
static void test_depthwise(void **state) { (void)state, on_every_tier(depthwise_passes); }
static void test_optimisers(void **state) { (void)state, on_every_tier(optimisers); }

static void schedules(void **state) {
    (void)state;
    tier = mn_train_kernels_best();
    mn_schedule steps = {.kind = MN_SCHEDULE_STEPS,
                         .rate = 0.045,
                         .decay = 0.98,
                         .decay_epochs = 2.5,
                         .steps_per_epoch = 10,
                         .steps = 1000};
    near(mn_schedule_rate(&steps, 0), 0.045, 1e-3, "steps", 0);
    near(mn_schedule_rate(&steps, 24), 0.045, 1e-3, "steps", 24);
    near(mn_schedule_rate(&steps, 25), 0.045 * 0.98, 1e-3, "steps", 25);
    near(mn_schedule_rate(&steps, 100), 0.045 * pow(0.98, 4), 1e-3, "steps", 100);
    steps.warmup_epochs = 1; /* 10 steps rise to the whole rate at the eleventh */
    near(mn_schedule_rate(&steps, 0), 0.045 / 11, 1e-3, "warm-up", 0);
    near(mn_schedule_rate(&steps, 9), 0.045 * 10 / 11, 1e-3, "warm-up", 9);
    near(mn_schedule_rate(&steps, 10), 0.045, 1e-3, "warm-up", 10);
    mn_schedule cosine = {.kind = MN_SCHEDULE_COSINE, .rate = 2, .steps_per_epoch = 10, .steps = 100};
    near(mn_schedule_rate(&cosine, 0), 2, 1e-3, "cosine", 0);
    near(mn_schedule_rate(&cosine, 50), 1, 1e-3, "cosine", 50);
    near(mn_schedule_rate(&cosine, 100), 0, 1e-3, "cosine", 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix_products), cmocka_unit_test(test_norms), cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_optimisers),      cmocka_unit_test(schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
