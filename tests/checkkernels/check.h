/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* checkkernels: every kernel of the registry against its reference, and the reference against itself.
 *   random.c             reproducible random numbers, sizes and data
 *   buffer.c             memory between guard bands
 *   layout.c             images in the layouts that kernels read and write
 *   make_*.c             random and benchmark cases of each operator family
 *   evex_*.c             kernels for instructions that few processors have, in another encoding
 *   emulated_*.c         and with others in their place
 *   run.c                a kernel with all that it needs to run a case
 *   verify.c             one kernel on one case
 *   rings.c              the same with a few rows in memory
 *   bench.c              its speed */
#ifndef CHECKKERNELS_CHECK_H
#define CHECKKERNELS_CHECK_H

#include "base/region.h"
#include "kernels/cut.h"
#include "kernels/params.h"

/* ---- random.c ---- */

typedef struct check_rng {
    uint64_t state;
    bool plain; /* for benchmarks: data, multipliers and clamps as real models have them, nothing extreme */
} check_rng;

/** A stream of its own for each case: depends on the seed, the kernel's name and the number of the case only. */
check_rng check_rng_for(uint64_t seed, const char *name, int32_t number);

uint32_t check_next(check_rng *r);
int32_t check_between(check_rng *r, int32_t low, int32_t high); /* both ends included */
bool check_one_in(check_rng *r, int32_t n);

/** A size in [1, limit], often one below, at or above a multiple of 4, 8, 16, 32 or 64. */
int32_t check_size(check_rng *r, int32_t limit);

/** A scale: most often of the order of real models, sometimes many powers of two away. */
float check_scale(check_rng *r);

/** Any value of int8 or uint8, often an end of the range; 0 of int16. */
int32_t check_zero_point(check_rng *r, mn_type type);

/** A clamp in stored units: the whole range, a part of it or a single value; and in float, -FLT_MAX and FLT_MAX being
 *  no bound. */
mn_range_i32 check_range_i32(check_rng *r, mn_type type);
mn_range_f32 check_range_f32(check_rng *r);

/** Activations of any type: uniform, at the ends of the range, mixed, or (float) signed zeros, subnormals and huge
 *  values, of one kind or mixed; no NaN, whose sign is not defined. MN_NONE: random bytes. */
void check_fill(check_rng *r, mn_type type, void *data, size_t count);

/** Symmetric weights in [-127, 127] for int8; otherwise as check_fill. */
void check_fill_weights(check_rng *r, mn_type type, void *data, size_t count);

/* ---- buffer.c ---- */

/** `bytes` bytes at `data`, between bands whose bytes are known; a sanitizer build traps any access to the bands. */
typedef struct check_buffer {
    uint8_t *block, *data;
    size_t bytes;
} check_buffer;

/** Aligned to `alignment` and, below 64, to no more than that. Contents are random. Exits when out of memory. */
void check_buffer_open(check_buffer *b, check_rng *r, size_t bytes, size_t alignment);
void check_buffer_close(check_buffer *b);

/** Fills with random bytes. */
void check_buffer_poison(check_buffer *b, check_rng *r);

/** Are the bands as they were? If not, `at` is the first damaged byte, counted from `data`. */
bool check_buffer_intact(const check_buffer *b, ptrdiff_t *at);

uint64_t check_hash(const void *data, size_t bytes);

/* ---- cases ---- */

enum { CHECK_INPUTS = 5 };

/** What a tensor of images has, where kernels may read or write it in another layout than NHWC. */
typedef struct check_images {
    int32_t count, height, width, channels;
} check_images;

typedef struct check_case {
    char shape[256];
    union {
        mn_conv_params conv;
        mn_fully_connected_params fully_connected;
        mn_binary_params binary;
        mn_pool_params pool;
        mn_mean_params mean;
        mn_softmax_params softmax;
        mn_l2_normalization_params l2_normalization;
        mn_convert_params convert;
        mn_unary_params unary;
        mn_pad_params pad;
        mn_transpose_params transpose;
        mn_concatenation_params concatenation;
        mn_resize_params resize;
        mn_space_params space;
        mn_conv_depthwise_params conv_depthwise;
        mn_project_params project;
        mn_conv_mean_params conv_mean;
        mn_hybrid_conv_params hybrid_conv;
        mn_hybrid_fully_connected_params hybrid_fully_connected;
    } params;
    int32_t input_count;
    check_buffer inputs[CHECK_INPUTS]; /* data NULL where left out */
    bool constant[CHECK_INPUTS];
    size_t out_bytes, out_alignment;
    int32_t units;                      /* as params.h has them; a kernel may cut otherwise */
    check_images in_images, out_images; /* of the first input and the output, of families that have layouts */
    int64_t macs;
    mn_region region; /* arrays that params point to */
} check_case;

/** Makes a case for types `in` and `out` (MN_NONE: any element size); false when the family has no such types. */
typedef bool check_make_fn(check_case *c, check_rng *r, mn_type in, mn_type out);

/** Makes benchmark case number `index`; false beyond the last one. */
typedef bool check_bench_fn(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index);

/** How to make cases of one family; NULL where there are none yet, which is a failure for any listed kernel. */
typedef struct check_maker {
    check_make_fn *make;
    check_bench_fn *bench;
} check_maker;

check_maker check_maker_of(mn_kernel_op op);

check_make_fn check_make_conv, check_make_depthwise, check_make_average_pool, check_make_max_pool;
check_make_fn check_make_fully_connected, check_make_add, check_make_mul, check_make_mean, check_make_softmax;
check_make_fn check_make_div, check_make_maximum, check_make_sum, check_make_reduce_max, check_make_log_softmax;
check_make_fn check_make_prelu, check_make_l2_normalization;
check_make_fn check_make_quantize, check_make_dequantize, check_make_clamp, check_make_unary;
check_make_fn check_make_copy, check_make_pad, check_make_transpose, check_make_concatenation;
check_make_fn check_make_resize_bilinear, check_make_resize_nearest;
check_make_fn check_make_space_to_batch, check_make_batch_to_space;
check_make_fn check_make_conv_depthwise, check_make_project, check_make_conv_mean;
check_make_fn check_make_hybrid_conv, check_make_hybrid_depthwise, check_make_hybrid_fully_connected;
check_bench_fn check_bench_hybrid_conv, check_bench_hybrid_depthwise, check_bench_hybrid_fully_connected;
check_bench_fn check_bench_conv, check_bench_depthwise, check_bench_average_pool, check_bench_max_pool;
check_bench_fn check_bench_fully_connected, check_bench_add, check_bench_mul, check_bench_mean, check_bench_softmax;
check_bench_fn check_bench_div, check_bench_maximum, check_bench_sum, check_bench_reduce_max, check_bench_log_softmax;
check_bench_fn check_bench_prelu, check_bench_l2_normalization;
check_bench_fn check_bench_quantize, check_bench_dequantize, check_bench_clamp, check_bench_unary;
check_bench_fn check_bench_copy, check_bench_pad, check_bench_transpose, check_bench_concatenation;
check_bench_fn check_bench_resize_bilinear, check_bench_resize_nearest;
check_bench_fn check_bench_space_to_batch, check_bench_batch_to_space;
check_bench_fn check_bench_conv_depthwise, check_bench_project, check_bench_conv_mean;

/** Adds an input of `count` elements; `constant` ones are handed to pack(). */
void *check_add_input(check_case *c, check_rng *r, mn_type type, size_t count, bool constant);
void check_set_output(check_case *c, mn_type type, size_t count, int32_t units);

/** Notes which images the first input and the output are, unless NULL. */
void check_set_layouts(check_case *c, const mn_window *in, const mn_window *out);

/** Zeroed memory that lives as long as the case. Exits when out of memory. */
void *check_case_alloc(check_case *c, size_t count, size_t bytes);
void check_case_close(check_case *c);

/** Is `type` one that quantised kernels take: int8, uint8 or int16? */
bool check_is_quantized(mn_type type);

/** Type names, and what stands for elements of 1, 2, 4 or 8 bytes when the type does not matter. */
mn_type check_any_type(check_rng *r);

/* ---- layout.c ---- */

/** Opens `b` with images of `type`, NHWC at `nhwc`, in `layout`; what stands for nothing is 0. */
void check_buffer_lay_out(check_buffer *b, check_rng *r, const check_images *images, mn_layout layout, mn_type type,
                          const void *nhwc);

/* ---- make_window.c, for cases of several operators as one ---- */

/** A random filter over a random input of at most 24 x 24, channels left at 1; `batches` 1 or 2. */
mn_window check_window(check_rng *r);

/** Fewer output pixels, so that the whole takes no more multiplications than a case may. */
void check_limit_pixels(mn_window *w, int64_t macs_per_pixel);

/** A window with padding as TFLite's SAME. */
mn_window check_same_window(int32_t in, int32_t in_c, int32_t out_c, int32_t k, int32_t stride);

/** Zero points, ranges, multipliers of an 8-bit convolution whose window is set; sums have `depth` products. */
void check_fill_conv(check_case *c, check_rng *r, mn_type type, mn_conv_params *p, int64_t depth);

/** Adds its weights and its bias, which may be left out, as inputs. */
void check_add_weights(check_case *c, check_rng *r, mn_type type, const mn_conv_params *p, int64_t depth);

int64_t check_out_pixels(const mn_window *w);

/** The window as text; returns the characters written. */
int32_t check_print_window(char *text, size_t size, const mn_window *w, int32_t groups);

/* ---- make_flat.c ---- */

/** Scales, zero points and ranges of ADD of int8 or uint8. */
void check_fill_add(check_rng *r, mn_type type, mn_binary_params *p);

/* ---- evex_conv.c, evex_depthwise.c ---- */

/** Kernel `i` that is not in the registry; NULL beyond the last. */
const mn_kernel *check_evex_conv(int32_t i);
const mn_kernel *check_evex_depthwise(int32_t i);

/* ---- emulated_*.c ---- */

/** The same. */
const mn_kernel *check_emulated_conv_depthwise(int32_t i);
const mn_kernel *check_emulated_project(int32_t i);
const mn_kernel *check_emulated_amx_conv_depthwise(int32_t i);
const mn_kernel *check_emulated_amx_project(int32_t i);
const mn_kernel *check_emulated_amx_conv_mean(int32_t i);

/* ---- run.c ---- */

/** A kernel and a case, ready to run. */
typedef struct check_run {
    const mn_kernel *kernel;
    const void *inputs[CHECK_INPUTS];
    check_buffer laid_out; /* the first input, in the layout that the kernel reads; data NULL where that is NHWC */
    mn_layout out_layout;
    mn_cut cut;
    check_buffer packed, workspace, out;
    mn_task task; /* of all of these */
} check_run;

/** False when the kernel refuses the case; then there is nothing to close. `run` must not move while it is open. */
bool check_run_open(check_run *run, const mn_kernel *kernel, const check_case *c, check_rng *r, int32_t threads);

/** Packs the constant inputs, if the kernel does. */
void check_run_pack(check_run *run, const check_case *c);

void check_run_close(check_run *run);

/* ---- verify.c ---- */

/** The kernel of the ref tier with the operator and types of `kernel`; NULL when there is none. */
const mn_kernel *check_twin(const mn_kernel *kernel);

typedef enum check_result { CHECK_PASSED, CHECK_REFUSED, CHECK_FAILED } check_result;

/** Runs `kernel` on `c` and judges it; prints a sentence when it fails. REFUSED: need() does not take the case. */
check_result check_verify(const mn_kernel *kernel, check_case *c, check_rng *r);

/* ---- rings.c ---- */

/** Runs a kernel that honours rings on a few rows at a time and collects the output in `got`; false when it wrote
 *  elsewhere, which it prints. `whole`: the task for all rows, with workspace. */
bool check_rings(const mn_kernel *kernel, const check_case *c, check_rng *r, const mn_task *whole, uint8_t *got);

/** Is all of the output made of parts that are alike and need the same part of the inputs alone: rows of a pointwise
 * convolution, or elements? */
bool check_is_alike(const mn_kernel *kernel, const check_case *c);

/** Runs a kernel for which that is so on one part after another as its first units, with nothing around it. As above.
 */
bool check_alike(const mn_kernel *kernel, const check_case *c, check_rng *r, const mn_task *whole, uint8_t *got);

/* ---- bench.c ---- */

/** Prints a line for each benchmark case of `kernel`. */
void check_bench(const mn_kernel *kernel);
void check_bench_title(void);

#endif
