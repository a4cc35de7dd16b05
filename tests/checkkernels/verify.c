/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One kernel on one case: the whole range at once, the range cut at random and its parts in random order, and one part
 * alone. Workspace and output hold noise before each call, so a kernel that counts on what is there, or that leaves
 * something unwritten, shows; unless the kernel noted that it keeps something. */
#include "base/checked.h"
#include "base/status.h"
#include "checkkernels/check.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const mn_kernel *check_twin(const mn_kernel *kernel) {
    for (int32_t i = 0; i < mn_kernel_count; i++) {
        const mn_kernel *other = &mn_kernels[i];
        if (other->tier == MN_TIER_REF && other->op == kernel->op && other->in == kernel->in &&
            other->out == kernel->out)
            return other;
    }
    return NULL;
}

typedef struct trial {
    check_case *c;
    check_rng *r;
    check_run run;
    check_buffer expected; /* what the reference wrote; after check_rounding() what the kernel must repeat */
} trial;

MN_PRINTF(2, 3) static bool fail(const trial *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("FAILED %s: %s: ", t->run.kernel->symbol, t->c->shape);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    return false;
}

static bool bands_intact(const trial *t, const char *when) {
    const struct {
        const char *name;
        const check_buffer *buffer;
    } buffers[] = {{"output", &t->run.out}, {"packed weights", &t->run.packed}, {"workspace", &t->run.workspace}};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
        ptrdiff_t at = 0;
        if (!check_buffer_intact(buffers[i].buffer, &at))
            return fail(t, "%s wrote byte %td of the %s, which has %zu", when, at, buffers[i].name,
                        buffers[i].buffer->bytes);
    }
    return true;
}

/* The element at `index` of a buffer as text; MN_NONE counts bytes. */
static void print_element(char *text, size_t size, mn_type type, const uint8_t *data, size_t index) {
    if (type == MN_FLOAT32) {
        float value;
        uint32_t bits;
        memcpy(&value, data + index * sizeof value, sizeof value);
        memcpy(&bits, &value, sizeof bits);
        snprintf(text, size, "%.9g (0x%08" PRIx32 ")", (double)value, bits);
    } else if (type == MN_INT16) {
        int16_t value;
        memcpy(&value, data + index * sizeof value, sizeof value);
        snprintf(text, size, "%d", value);
    } else {
        snprintf(text, size, "%d", type == MN_INT8 ? (int8_t)data[index] : data[index]);
    }
}

/* Are bytes [begin, end) of the output the expected ones? */
static bool same(const trial *t, const char *how, size_t begin, size_t end) {
    if (begin == end || memcmp(t->run.out.data + begin, t->expected.data + begin, end - begin) == 0) return true;
    size_t at = begin;
    while (t->run.out.data[at] == t->expected.data[at]) at++;
    mn_type type = t->run.kernel->out;
    size_t index = type == MN_NONE ? at : at / mn_type_size(type);
    char got[40], wanted[40];
    print_element(got, sizeof got, type, t->run.out.data, index);
    print_element(wanted, sizeof wanted, type, t->expected.data, index);
    return fail(t, "%s: %s %zu is %s, expected %s", how, type == MN_NONE ? "byte" : "element", index, got, wanted);
}

static void call(trial *t, int32_t begin, int32_t end) {
    const bool holds = t->run.task.kept != NULL && *t->run.task.kept >= 0;
    if (!holds) check_buffer_poison(&t->run.workspace, t->r);
    t->run.kernel->run(&t->run.task, begin, end);
}

/* Float sums above the portable tier may round and add otherwise than the reference (docs/numerics.md). */
static bool may_round(const mn_kernel *kernel) {
    if (kernel->out != MN_FLOAT32 || kernel->tier <= MN_TIER_PORTABLE) return false;
    switch (kernel->op) {
    case MN_K_CONV:
    case MN_K_DEPTHWISE:
    case MN_K_FULLY_CONNECTED:
    case MN_K_UNARY:
    case MN_K_CONV_DEPTHWISE:
    case MN_K_PROJECT:
    case MN_K_CONV_MEAN: return true;
    default: return false;
    }
}

/* The reference on all units of `c`, in the layout that the kernel writes. */
static void run_reference(const trial *t, const check_case *c, check_buffer *out) {
    const mn_kernel *twin = check_twin(t->run.kernel);
    const void *inputs[CHECK_INPUTS] = {0};
    mn_kernel_need need;
    check_buffer workspace, output;
    mn_kernel_needs(twin, &c->params, &need);
    for (int32_t i = 0; i < c->input_count; i++) inputs[i] = c->inputs[i].data;
    check_buffer_open(&workspace, t->r, need.workspace_bytes, mn_tier_get(twin->tier)->alignment);
    check_buffer_open(&output, t->r, c->out_bytes, c->out_alignment);
    const mn_task task = {.params = &c->params, .inputs = inputs, .output = output.data, .workspace = workspace.data};
    twin->run(&task, 0, c->units);
    check_buffer_close(&workspace);
    if (mn_layout_is_nhwc(t->run.out_layout)) {
        *out = output;
        return;
    }
    check_buffer_lay_out(out, t->r, &c->out_images, t->run.out_layout, t->run.kernel->out, output.data);
    check_buffer_close(&output);
}

/* Infinity stays, so that it shows behind a second convolution too. */
static void open_ranges(mn_kernel_op op, check_case *c) {
    const mn_range_f32 open = {-INFINITY, INFINITY};
    switch (op) {
    case MN_K_FULLY_CONNECTED: c->params.fully_connected.range_f32 = open; break;
    case MN_K_CONV_DEPTHWISE:
        c->params.conv_depthwise.conv.range_f32 = c->params.conv_depthwise.depthwise.range_f32 = open;
        break;
    case MN_K_PROJECT: c->params.project.conv.range_f32 = c->params.project.add.range_f32 = open; break;
    case MN_K_CONV_MEAN: c->params.conv_mean.conv.range_f32 = c->params.conv_mean.range_f32 = open; break;
    default: c->params.conv.range_f32 = open; break;
    }
}

/* Products and other terms in the sum behind one result; of two convolutions in a row, those of both. */
static float terms_of(const trial *t, size_t results) {
    if (t->run.kernel->op == MN_K_CONV_DEPTHWISE) {
        const mn_window *w = &t->c->params.conv_depthwise.conv.window;
        return (float)w->k_h * (float)w->k_w * (float)w->in_c + 9 + 4; /* with two biases and two roundings */
    }
    return (float)t->c->macs / (float)results + 3; /* with a bias and what ADD adds */
}

/* The reference on what change() makes of all inputs of `c`. */
static void run_changed(const trial *t, check_case c, float change(float), check_buffer *out) {
    for (int32_t i = 0; i < c.input_count; i++) {
        const float *from = (const float *)t->c->inputs[i].data;
        if (from == NULL) continue;
        const size_t count = c.inputs[i].bytes / sizeof(float);
        check_buffer_open(&c.inputs[i], t->r, count * sizeof(float), sizeof(float));
        for (size_t k = 0; k < count; k++) ((float *)c.inputs[i].data)[k] = change(from[k]);
    }
    run_reference(t, &c, out);
    for (int32_t i = 0; i < c.input_count; i++) {
        if (t->c->inputs[i].data != NULL) check_buffer_close(&c.inputs[i]);
    }
}

/* Sums of |x * w|, which bound rounding errors: the reference on magnitudes, not clamped. */
static void run_magnitudes(const trial *t, check_buffer *out) {
    check_case c = *t->c;
    open_ranges(t->run.kernel->op, &c);
    run_changed(t, c, fabsf, out);
}

static float without_subnormals(float x) { return fabsf(x) < FLT_MIN ? copysignf(0, x) : x; }

/* What the kernel has to give. Vectors of 32-bit Arm take subnormal numbers for zeros (docs/numerics.md). */
static void run_expected(const trial *t, check_buffer *out) {
    if (may_round(t->run.kernel) && t->run.kernel->tier == MN_TIER_NEON32)
        run_changed(t, *t->c, without_subnormals, out);
    else
        run_reference(t, t->c, out);
}

/* Functions of each element, which the tiers above portable compute within 1e-6 of the value. From here on the kernel
 * must repeat its own bits. */
static bool check_function(trial *t) {
    const float *got = (const float *)t->run.out.data, *wanted = (const float *)t->expected.data;
    bool passed = true;
    for (size_t i = 0; i < t->run.out.bytes / sizeof(float) && passed; i++) {
        if (got[i] == wanted[i] || (isnan(got[i]) && isnan(wanted[i]))) continue;
        float bound = 1e-6f * fabsf(wanted[i]) + FLT_MIN * 2;
        if (!(fabsf(got[i] - wanted[i]) <= bound))
            passed = fail(t, "element %zu is %.9g, the reference has %.9g", i, (double)got[i], (double)wanted[i]);
    }
    memcpy(t->expected.data, t->run.out.data, t->run.out.bytes);
    return passed;
}

/* Two float sums of n products differ by at most n * 2^-23 * (the sum of the products' magnitudes): Higham, Accuracy
 * and Stability of Numerical Algorithms, section 3.1. Where sums may overflow, nothing is compared here. From here on
 * the kernel must repeat its own bits, however the range is cut. */
static bool check_rounding(trial *t) {
    check_buffer magnitudes;
    run_magnitudes(t, &magnitudes);
    const float *got = (const float *)t->run.out.data, *wanted = (const float *)t->expected.data;
    const float *magnitude = (const float *)magnitudes.data;
    size_t count = t->run.out.bytes / sizeof(float);
    const float terms = terms_of(t, t->c->out_bytes / sizeof(float));
    bool passed = true;
    for (size_t i = 0; i < count && passed; i++) {
        if (!(magnitude[i] < FLT_MAX / 16)) continue;
        float bound = terms * 0x1p-23f * magnitude[i] + FLT_MIN;
        if (!(fabsf(got[i] - wanted[i]) <= bound))
            passed = fail(t, "element %zu is %.9g, the reference has %.9g; they may differ by %.3g", i, (double)got[i],
                          (double)wanted[i], (double)bound);
    }
    check_buffer_close(&magnitudes);
    memcpy(t->expected.data, t->run.out.data, t->run.out.bytes);
    return passed;
}

/* The kernel with the narrowest vectors of those of this family that may round; NULL if that is `kernel`. */
static const mn_kernel *narrowest(const mn_kernel *kernel) {
    for (int32_t i = 0; i < mn_kernel_count; i++) {
        const mn_kernel *other = &mn_kernels[i];
        if (other->op != kernel->op || other->in != kernel->in || !may_round(other)) continue;
        return other != kernel ? other : NULL;
    }
    return NULL;
}

/* However wide their vectors, the kernels of a family add in one order and round alike, to the bit. */
static bool check_widths(trial *t) {
    const mn_kernel *other = narrowest(t->run.kernel);
    check_run run;
    if (other == NULL || !check_run_open(&run, other, t->c, t->r, 1)) return true;
    check_run_pack(&run, t->c);
    run.kernel->run(&run.task, 0, run.cut.units);
    const float *got = (const float *)t->run.out.data, *wanted = (const float *)run.out.data;
    bool passed = run.out.bytes == t->run.out.bytes || fail(t, "its layout is not that of %s", other->symbol);
    for (size_t i = 0; passed && i < run.out.bytes / sizeof(float); i++) {
        if (got[i] == wanted[i] || (isnan(got[i]) && isnan(wanted[i]))) continue;
        passed = fail(t, "element %zu is %.9g, %s has %.9g", i, (double)got[i], other->symbol, (double)wanted[i]);
    }
    check_run_close(&run);
    return passed;
}

static bool check_whole(trial *t) {
    check_buffer_poison(&t->run.out, t->r);
    call(t, 0, t->run.cut.units);
    if (!bands_intact(t, "the whole range")) return false;
    if (!may_round(t->run.kernel)) return same(t, "the whole range", 0, t->run.out.bytes);
    return (t->run.kernel->op == MN_K_UNARY ? check_function(t) : check_rounding(t)) && check_widths(t);
}

static bool run_cuts(trial *t, const char *how) {
    enum { CUTS = 6 };
    int32_t cut[CUTS + 1], order[CUTS];
    cut[0] = 0, cut[CUTS] = t->run.cut.units;
    for (int32_t i = 1; i < CUTS; i++)
        cut[i] = check_between(t->r, cut[i - 1], mn_min_i32(t->run.cut.units, cut[i - 1] + t->run.cut.units / 2 + 1));
    for (int32_t i = 0; i < CUTS; i++) {
        int32_t other = check_between(t->r, 0, i);
        order[i] = order[other];
        order[other] = i;
    }
    check_buffer_poison(&t->run.out, t->r);
    for (int32_t i = 0; i < CUTS; i++) {
        int32_t begin = cut[order[i]], end = cut[order[i] + 1];
        if (begin < end) call(t, begin, end);
    }
    return bands_intact(t, how) && same(t, how, 0, t->run.out.bytes);
}

/* Parts that know nothing of each other, and those of a thread that keeps its workspace. */
static bool check_cuts(trial *t) {
    int64_t kept = -1;
    if (!run_cuts(t, "a cut range")) return false;
    t->run.task.kept = &kept;
    const bool done = run_cuts(t, "a cut range with its workspace kept");
    t->run.task.kept = NULL;
    return done;
}

/* Runs units [begin, end), or all others, over two noises of which no byte is the same in both, and marks what was
 * written with `mark`. */
static bool mark_written(trial *t, int32_t begin, int32_t end, bool others, uint8_t mark, uint8_t *marks) {
    const check_rng start = *t->r;
    for (int32_t pass = 0; pass < 2; pass++) {
        check_rng noise = start, again = start;
        check_buffer_poison(&t->run.out, &noise);
        for (size_t i = 0; i < t->run.out.bytes; i++) t->run.out.data[i] ^= (uint8_t)(pass * 0xff);
        if (!others) call(t, begin, end);
        if (others && begin > 0) call(t, 0, begin);
        if (others && end < t->run.cut.units) call(t, end, t->run.cut.units);
        if (!bands_intact(t, "a part")) return false;
        for (size_t i = 0; i < t->run.out.bytes; i++) {
            const uint8_t before = (uint8_t)(check_next(&again) ^ (uint32_t)(pass * 0xff));
            if (t->run.out.data[i] != before) marks[i] |= mark;
        }
        for (size_t i = 0; i < t->run.out.bytes; i++) {
            if ((marks[i] & mark) != 0 && t->run.out.data[i] != t->expected.data[i] && !same(t, "a part", i, i + 1))
                return false;
        }
    }
    return true;
}

/* Every byte belongs to one unit: some of them write it, or the others. */
static bool check_part(trial *t) {
    enum { PART = 1, REST = 2 };
    const int32_t begin = check_between(t->r, 0, t->run.cut.units - 1),
                  end = check_between(t->r, begin + 1, t->run.cut.units);
    uint8_t *marks = check_case_alloc(t->c, t->run.out.bytes, 1);
    if (!mark_written(t, begin, end, false, PART, marks) || !mark_written(t, begin, end, true, REST, marks))
        return false;
    for (size_t i = 0; i < t->run.out.bytes; i++) {
        if (marks[i] == PART || marks[i] == REST) continue;
        return fail(t, "byte %zu is written by %s units %d to %d and the others", i, marks[i] ? "both" : "neither",
                    begin, end);
    }
    return true;
}

/* Each operand in turn is the memory that the output is written to. */
static bool check_in_place(trial *t) {
    if (!t->run.kernel->traits->in_place) return true;
    for (int32_t i = 0; i < t->c->input_count; i++) {
        const void *operand = t->run.inputs[i];
        if (operand == NULL || t->c->inputs[i].bytes != t->run.out.bytes) continue;
        memcpy(t->run.out.data, operand, t->run.out.bytes);
        t->run.inputs[i] = t->run.out.data;
        call(t, 0, t->run.cut.units);
        t->run.inputs[i] = operand;
        if (!same(t, "over an operand", 0, t->run.out.bytes)) return false;
    }
    return true;
}

static bool check_parts_alike(trial *t) {
    if (!check_is_alike(t->run.kernel, t->c)) return true;
    check_buffer_poison(&t->run.out, t->r);
    return check_alike(t->run.kernel, t->c, t->r, &t->run.task, t->run.out.data) && bands_intact(t, "a part alone") &&
           same(t, "a part alone", 0, t->run.out.bytes);
}

static bool check_ringed(trial *t) {
    if (!t->run.kernel->traits->rings) return true;
    check_buffer_poison(&t->run.out, t->r);
    return check_rings(t->run.kernel, t->c, t->r, &t->run.task, t->run.out.data) && bands_intact(t, "with rings") &&
           same(t, "with rings", 0, t->run.out.bytes);
}

static uint64_t hash_inputs(const trial *t) {
    uint64_t hash = check_hash(t->run.packed.data, t->run.packed.bytes) * 31 +
                    check_hash(t->run.laid_out.data, t->run.laid_out.bytes);
    for (int32_t i = 0; i < t->c->input_count; i++) {
        hash = hash * 31 + check_hash(t->c->inputs[i].data, t->c->inputs[i].bytes);
    }
    return hash;
}

static bool run_trials(trial *t) {
    check_run_pack(&t->run, t->c);
    if (!bands_intact(t, "packing")) return false;
    uint64_t before = hash_inputs(t);
    if (!check_whole(t) || !check_cuts(t) || !check_part(t) || !check_in_place(t)) return false;
    if (!check_ringed(t) || !check_parts_alike(t)) return false;
    return hash_inputs(t) == before || fail(t, "an input or the packed weights changed during the run");
}

check_result check_verify(const mn_kernel *kernel, check_case *c, check_rng *r) {
    enum { THREADS = 16 };
    trial t = {.c = c, .r = r};
    if (!check_run_open(&t.run, kernel, c, r, check_between(r, 1, THREADS))) return CHECK_REFUSED;
    run_expected(&t, &t.expected);
    bool passed = run_trials(&t);
    check_run_close(&t.run);
    check_buffer_close(&t.expected);
    return passed ? CHECK_PASSED : CHECK_FAILED;
}
