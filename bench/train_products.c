/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The matrix products of a training step, here and in a BLAS, which is loaded when it is measured and needed nowhere
 * else:
 *
 *     train_products LIBRARY [WIDTH SIZE BATCH ROUNDS]
 *
 * LIBRARY has cblas_sgemm, or scipy_cblas_sgemm64_ as NumPy's copy of OpenBLAS. For each pointwise convolution the
 * three products of a step run one after another: ours on tiles, as training does, the BLAS on the same tiles, and the
 * BLAS on all pictures at once. All take turns; the least CPU time of all rounds counts. One thread. */

#define _POSIX_C_SOURCE 200809L /* clock_gettime */

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/mobilenet_v2.h"
#include "net/random.h"
#include "train/network.h"

enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };
enum { FORWARD, BY_KERNEL, BY_INPUT, PRODUCTS };
enum { OURS, BLAS_ON_TILES, BLAS_AT_ONCE, WAYS };

typedef void (*sgemm_32)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *,
                         int);
typedef void (*sgemm_64)(int, int, int, int64_t, int64_t, int64_t, float, const float *, int64_t, const float *,
                         int64_t, float, float *, int64_t);

static sgemm_32 narrow_sgemm;
static sgemm_64 wide_sgemm;

/* A unit's arrays: x [rows][in_p], dz and z [rows][out_p], kernel and its gradient [in_c][out_p], transposed
 * [out_c][in_p], dx [rows][in_p]. */
typedef struct arrays {
    const mn_train_kernels *kernels;
    const mn_unit *unit;
    size_t rows;
    float *x, *dz, *z, *dx, *kernel, *gradient, *transposed;
} arrays;

static void blas(const mn_gemm *g, bool transposed) {
    int a = transposed ? TRANSPOSED : PLAIN;
    ptrdiff_t lda = transposed ? g->a_col : g->a_row;
    float beta = g->start ? 1 : 0;
    if (narrow_sgemm) {
        narrow_sgemm(ROW_MAJOR, a, PLAIN, (int)g->m, (int)g->n, (int)g->k, 1, g->a, (int)lda, g->b, (int)g->ldb, beta,
                     g->c, (int)g->ldc);
    } else {
        wide_sgemm(ROW_MAJOR, a, PLAIN, g->m, g->n, g->k, 1, g->a, lda, g->b, g->ldb, beta, g->c, g->ldc);
    }
}

/* One product that writes rows [first, first + rows). */
static mn_gemm describe(const arrays *s, int product, size_t first, ptrdiff_t rows) {
    const mn_unit *u = s->unit;
    const float *x = s->x, *dz = s->dz;
    if (product == FORWARD) {
        return (mn_gemm){.m = rows,
                         .n = u->out_p,
                         .k = u->in_c,
                         .a = x,
                         .a_row = u->in_p,
                         .a_col = 1,
                         .b = s->kernel,
                         .ldb = u->out_p,
                         .c = s->z + first * (size_t)u->out_p,
                         .ldc = u->out_p};
    }
    if (product == BY_KERNEL) {
        return (mn_gemm){.m = u->in_c,
                         .n = u->out_p,
                         .k = rows,
                         .a = x,
                         .a_row = 1,
                         .a_col = u->in_p,
                         .b = dz,
                         .ldb = u->out_p,
                         .c = s->gradient,
                         .ldc = u->out_p,
                         .start = s->gradient};
    }
    return (mn_gemm){.m = rows,
                     .n = u->in_p,
                     .k = u->out_c,
                     .a = dz,
                     .a_row = u->out_p,
                     .a_col = 1,
                     .b = s->transposed,
                     .ldb = u->in_p,
                     .c = s->dx + first * (size_t)u->in_p,
                     .ldc = u->in_p};
}

static void multiply(const arrays *s, int product, int way) {
    size_t tile = way == BLAS_AT_ONCE ? s->rows : (size_t)mn_unit_tile(s->unit);
    for (size_t first = 0; first < s->rows; first += tile) {
        size_t rows = s->rows - first < tile ? s->rows - first : tile;
        mn_gemm g = describe(s, product, first, (ptrdiff_t)rows);
        if (way == OURS) {
            s->kernels->gemm(&g);
        } else {
            blas(&g, product == BY_KERNEL);
        }
    }
}

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* All ways must give the same for one tile, but for rounding. */
static void compare(arrays s, int product) {
    size_t tile = (size_t)mn_unit_tile(s.unit);
    s.rows = s.rows < tile ? s.rows : tile;
    mn_gemm g = describe(&s, product, 0, (ptrdiff_t)s.rows);
    size_t count = (size_t)g.m * (size_t)g.ldc;
    float *kept = malloc(count * sizeof *kept);
    if (!kept) abort();
    for (int way = 0; way < WAYS; way++) {
        memset(g.c, 0, count * sizeof *kept);
        multiply(&s, product, way);
        if (way == OURS) memcpy(kept, g.c, count * sizeof *kept);
        for (size_t i = 0; i < count; i++) {
            if (fabsf(kept[i] - g.c[i]) <= 1e-3f) continue;
            fprintf(stderr, "products differ: %g, %g\n", (double)kept[i], (double)g.c[i]);
            exit(1);
        }
    }
    free(kept);
}

static float *draw(size_t count) {
    static mn_random random = {1};
    float *values = aligned_alloc(64, (count * sizeof *values + 63) / 64 * 64);
    if (!values) abort();
    for (size_t i = 0; i < count; i++) values[i] = (float)mn_random_uniform(&random, -1, 1);
    return values;
}

static void measure(const mn_unit *u, size_t rows, int rounds, double best[PRODUCTS][WAYS]) {
    size_t in = (size_t)u->in_p, out = (size_t)u->out_p;
    arrays s = {mn_train_kernels_best(),
                u,
                rows,
                draw(rows * in),
                draw(rows * out),
                draw(rows * out),
                draw(rows * in),
                draw(in * out),
                draw(in * out),
                draw(in * out)};
    for (int p = 0; p < PRODUCTS; p++) {
        compare(s, p);
        for (int w = 0; w < WAYS; w++) best[p][w] = INFINITY;
        for (int i = 0; i < rounds * WAYS; i++) {
            double start = cpu_seconds();
            multiply(&s, p, i % WAYS);
            best[p][i % WAYS] = fmin(best[p][i % WAYS], cpu_seconds() - start);
        }
    }
    float *all[] = {s.x, s.dz, s.z, s.dx, s.kernel, s.gradient, s.transposed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

static void report(const mn_train_net *t, int32_t batch, int rounds) {
    static const char *const names[] = {"forward", "by kernel", "by input"};
    double sums[PRODUCTS][WAYS] = {{0}};
    printf("| product | rows | in | out | ours, GFLOP/s | BLAS on tiles | BLAS at once "
           "|\n|---|---|---|---|---|---|---|\n");
    for (int32_t i = 0; i < t->unit_count; i++) {
        const mn_unit *u = &t->units[i];
        if (u->kind != MN_UNIT_POINTWISE) continue;
        double best[PRODUCTS][WAYS];
        size_t rows = (size_t)batch * (size_t)u->out_h * (size_t)u->out_w;
        measure(u, rows, rounds, best);
        for (int p = 0; p < PRODUCTS; p++) {
            double flops = 2e-9 * (double)rows * u->in_c * u->out_c;
            printf("| %s | %zu | %d | %d |", names[p], rows, u->in_c, u->out_c);
            for (int w = 0; w < WAYS; w++) {
                printf(" %.1f |", flops / best[p][w]);
                sums[p][w] += best[p][w];
            }
            printf("\n");
            fflush(stdout);
        }
    }
    printf("\n| a whole step | ours, ms | BLAS on tiles | BLAS at once |\n|---|---|---|---|\n");
    for (int p = 0; p < PRODUCTS; p++) {
        printf("| %s | %.1f | %.1f | %.1f |\n", names[p], sums[p][0] * 1e3, sums[p][1] * 1e3, sums[p][2] * 1e3);
    }
}

static bool load(const char *path) {
    void *library = dlopen(path, RTLD_NOW);
    if (!library) return false;
    void *narrow = dlsym(library, "cblas_sgemm"), *wide = dlsym(library, "scipy_cblas_sgemm64_");
    memcpy(&narrow_sgemm, &narrow, sizeof narrow);
    memcpy(&wide_sgemm, &wide, sizeof wide);
    return narrow || wide;
}

int main(int count, char **arguments) {
    if (count != 2 && count != 6) return 2;
    if (!load(arguments[1])) {
        fprintf(stderr, "%s: is no library with cblas_sgemm\n", arguments[1]);
        return 1;
    }
    mn_v2_spec spec;
    mn_v2_defaults(&spec);
    spec.width = count == 6 ? atof(arguments[2]) : 0.35;
    spec.height = spec.width_px = count == 6 ? atoi(arguments[3]) : 96;
    int32_t batch = count == 6 ? atoi(arguments[4]) : 96;
    mn_net net = {0};
    mn_train_net t = {0};
    mn_train_net_options options = {.batch = 1, .threads = 1};
    mn_status status = mn_v2_build(&spec, &net);
    if (status == MN_OK) status = mn_train_net_create(&net, &options, &t, NULL);
    if (status == MN_OK) {
        report(&t, batch, count == 6 ? atoi(arguments[5]) : 10);
    } else {
        fprintf(stderr, "%s\n", mn_error_detail());
    }
    mn_train_net_free(&t);
    mn_net_free(&net);
    return status == MN_OK ? 0 : 1;
}
