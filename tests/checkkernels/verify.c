/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One kernel on one case: the whole range at once, the range cut at random and its parts in random order, and one part
 * alone. Workspace and output hold noise before each call, so a kernel that counts on what is there, or that leaves
 * something unwritten, shows. */
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
    const mn_kernel *kernel;
    const check_case *c;
    check_rng *r;
    const void *inputs[CHECK_INPUTS];
    check_buffer packed, workspace, out;
    check_buffer expected; /* what the reference wrote; after check_rounding() what the kernel must repeat */
} trial;

MN_PRINTF(2, 3) static bool fail(const trial *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("FAILED %s: %s: ", t->kernel->symbol, t->c->shape);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    return false;
}

static bool bands_intact(const trial *t, const char *when) {
    const struct {
        const char *name;
        const check_buffer *buffer;
    } buffers[] = {{"output", &t->out}, {"packed weights", &t->packed}, {"workspace", &t->workspace}};
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
    if (begin == end || memcmp(t->out.data + begin, t->expected.data + begin, end - begin) == 0) return true;
    size_t at = begin;
    while (t->out.data[at] == t->expected.data[at]) at++;
    mn_type type = t->kernel->out;
    size_t index = type == MN_NONE ? at : at / mn_type_size(type);
    char got[40], wanted[40];
    print_element(got, sizeof got, type, t->out.data, index);
    print_element(wanted, sizeof wanted, type, t->expected.data, index);
    return fail(t, "%s: %s %zu is %s, expected %s", how, type == MN_NONE ? "byte" : "element", index, got, wanted);
}

static mn_task task_of(trial *t) {
    return (mn_task){
        .params = &t->c->params,
        .inputs = t->inputs,
        .output = t->out.data,
        .packed = t->packed.bytes > 0 ? t->packed.data : NULL,
        .workspace = t->workspace.bytes > 0 ? t->workspace.data : NULL,
    };
}

static void call(trial *t, int32_t begin, int32_t end) {
    check_buffer_poison(&t->workspace, t->r);
    const mn_task task = task_of(t);
    t->kernel->run(&task, begin, end);
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
    case MN_K_PROJECT: return true;
    default: return false;
    }
}

/* The reference on all units. */
static void run_reference(const mn_kernel *twin, const check_case *c, check_rng *r, const void *const *inputs,
                          void *output) {
    mn_kernel_need need;
    check_buffer workspace;
    mn_kernel_needs(twin, &c->params, &need);
    check_buffer_open(&workspace, r, need.workspace_bytes, mn_tier_get(twin->tier)->alignment);
    const mn_task task = {.params = &c->params, .inputs = inputs, .output = output, .workspace = workspace.data};
    twin->run(&task, 0, c->units);
    check_buffer_close(&workspace);
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
    default: c->params.conv.range_f32 = open; break;
    }
}

/* Products and other terms in the sum behind one result; of two convolutions in a row, those of both. */
static float terms_of(const trial *t, size_t results) {
    if (t->kernel->op == MN_K_CONV_DEPTHWISE) {
        const mn_window *w = &t->c->params.conv_depthwise.conv.window;
        return (float)w->k_h * (float)w->k_w * (float)w->in_c + 9 + 4; /* with two biases and two roundings */
    }
    return (float)t->c->macs / (float)results + 3; /* with a bias and what ADD adds */
}

/* Sums of |x * w|, which bound rounding errors: the reference on magnitudes, not clamped. */
static void run_magnitudes(trial *t, check_buffer *out) {
    check_case c = *t->c;
    open_ranges(t->kernel->op, &c);
    const void *inputs[CHECK_INPUTS] = {0};
    for (int32_t i = 0; i < c.input_count; i++) {
        if (t->inputs[i] == NULL) continue;
        size_t count = c.inputs[i].bytes / sizeof(float);
        check_buffer_open(&c.inputs[i], t->r, count * sizeof(float), sizeof(float));
        for (size_t k = 0; k < count; k++) ((float *)c.inputs[i].data)[k] = fabsf(((const float *)t->inputs[i])[k]);
        inputs[i] = c.inputs[i].data;
    }
    run_reference(check_twin(t->kernel), &c, t->r, inputs, out->data);
    for (int32_t i = 0; i < c.input_count; i++) {
        if (t->inputs[i] != NULL) check_buffer_close(&c.inputs[i]);
    }
}

/* Functions of each element, which the tiers above portable compute within 1e-6 of the value. From here on the kernel
 * must repeat its own bits. */
static bool check_function(trial *t) {
    const float *got = (const float *)t->out.data, *wanted = (const float *)t->expected.data;
    bool passed = true;
    for (size_t i = 0; i < t->out.bytes / sizeof(float) && passed; i++) {
        if (got[i] == wanted[i] || (isnan(got[i]) && isnan(wanted[i]))) continue;
        float bound = 1e-6f * fabsf(wanted[i]) + FLT_MIN * 2;
        if (!(fabsf(got[i] - wanted[i]) <= bound))
            passed = fail(t, "element %zu is %.9g, the reference has %.9g", i, (double)got[i], (double)wanted[i]);
    }
    memcpy(t->expected.data, t->out.data, t->out.bytes);
    return passed;
}

/* Two float sums of n products differ by at most n * 2^-23 * (the sum of the products' magnitudes): Higham, Accuracy
 * and Stability of Numerical Algorithms, section 3.1. Where sums may overflow, nothing is compared here. From here on
 * the kernel must repeat its own bits, however the range is cut. */
static bool check_rounding(trial *t) {
    check_buffer magnitudes;
    check_buffer_open(&magnitudes, t->r, t->out.bytes, sizeof(float));
    run_magnitudes(t, &magnitudes);
    const float *got = (const float *)t->out.data, *wanted = (const float *)t->expected.data;
    const float *magnitude = (const float *)magnitudes.data;
    size_t count = t->out.bytes / sizeof(float);
    const float terms = terms_of(t, count);
    bool passed = true;
    for (size_t i = 0; i < count && passed; i++) {
        if (!(magnitude[i] < FLT_MAX / 16)) continue;
        float bound = terms * 0x1p-23f * magnitude[i] + FLT_MIN;
        if (!(fabsf(got[i] - wanted[i]) <= bound))
            passed = fail(t, "element %zu is %.9g, the reference has %.9g; they may differ by %.3g", i, (double)got[i],
                          (double)wanted[i], (double)bound);
    }
    check_buffer_close(&magnitudes);
    memcpy(t->expected.data, t->out.data, t->out.bytes);
    return passed;
}

static bool check_whole(trial *t) {
    check_buffer_poison(&t->out, t->r);
    call(t, 0, t->c->units);
    if (!bands_intact(t, "the whole range")) return false;
    if (may_round(t->kernel) && t->kernel->op == MN_K_UNARY) return check_function(t);
    return may_round(t->kernel) ? check_rounding(t) : same(t, "the whole range", 0, t->out.bytes);
}

static bool check_cuts(trial *t) {
    enum { CUTS = 6 };
    int32_t cut[CUTS + 1], order[CUTS];
    cut[0] = 0, cut[CUTS] = t->c->units;
    for (int32_t i = 1; i < CUTS; i++)
        cut[i] = check_between(t->r, cut[i - 1], mn_min_i32(t->c->units, cut[i - 1] + t->c->units / 2 + 1));
    for (int32_t i = 0; i < CUTS; i++) {
        int32_t other = check_between(t->r, 0, i);
        order[i] = order[other];
        order[other] = i;
    }
    check_buffer_poison(&t->out, t->r);
    for (int32_t i = 0; i < CUTS; i++) {
        int32_t begin = cut[order[i]], end = cut[order[i] + 1];
        if (begin < end) call(t, begin, end);
    }
    return bands_intact(t, "a cut range") && same(t, "a cut range", 0, t->out.bytes);
}

/* The first byte of a unit. */
static size_t unit_at(const trial *t, int32_t unit) {
    if (t->c->unit_at != NULL) return t->c->unit_at[unit];
    return t->out.bytes / (size_t)t->c->units * (size_t)unit;
}

/* Does byte `i` of the output belong to units [begin, end)? */
static bool belongs(const trial *t, size_t i, int32_t begin, int32_t end) {
    if (t->c->unit_of != NULL) return t->c->unit_of[i] >= begin && t->c->unit_of[i] < end;
    return i >= unit_at(t, begin) && i < unit_at(t, end);
}

/* Units that nobody asked for belong to another thread. */
static bool check_part(trial *t) {
    int32_t begin = check_between(t->r, 0, t->c->units - 1), end = check_between(t->r, begin + 1, t->c->units);
    check_rng noise = *t->r, again = noise;
    check_buffer_poison(&t->out, &noise);
    call(t, begin, end);
    if (!bands_intact(t, "a part")) return false;
    for (size_t i = 0; i < t->out.bytes; i++) {
        uint8_t before = (uint8_t)check_next(&again);
        if (belongs(t, i, begin, end)) {
            if (!same(t, "a part", i, i + 1)) return false;
        } else if (t->out.data[i] != before) {
            return fail(t, "units %d to %d alone wrote byte %zu, which belongs to another", begin, end, i);
        }
    }
    return true;
}

static bool check_ringed(trial *t) {
    if (!t->kernel->traits->rings) return true;
    const mn_task task = task_of(t);
    check_buffer_poison(&t->out, t->r);
    return check_rings(t->kernel, t->c, t->r, &task, t->out.data) && bands_intact(t, "with rings") &&
           same(t, "with rings", 0, t->out.bytes);
}

static uint64_t hash_inputs(const trial *t) {
    uint64_t hash = check_hash(t->packed.data, t->packed.bytes);
    for (int32_t i = 0; i < t->c->input_count; i++) hash = hash * 31 + check_hash(t->inputs[i], t->c->inputs[i].bytes);
    return hash;
}

static bool run_trials(trial *t) {
    if (mn_kernel_packs(t->kernel)) {
        const void *constants[CHECK_INPUTS] = {0};
        for (int32_t i = 0; i < t->c->input_count; i++) constants[i] = t->c->constant[i] ? t->inputs[i] : NULL;
        mn_kernel_pack(t->kernel, &t->c->params, constants, t->packed.data);
        if (!bands_intact(t, "packing")) return false;
    }
    uint64_t before = hash_inputs(t);
    if (!check_whole(t) || !check_cuts(t) || !check_part(t) || !check_ringed(t)) return false;
    return hash_inputs(t) == before || fail(t, "an input or the packed weights changed during the run");
}

check_result check_verify(const mn_kernel *kernel, check_case *c, check_rng *r) {
    mn_kernel_need need;
    if (!mn_kernel_needs(kernel, &c->params, &need)) return CHECK_REFUSED;
    trial t = {.kernel = kernel, .c = c, .r = r};
    for (int32_t i = 0; i < c->input_count; i++) t.inputs[i] = c->inputs[i].data;
    check_buffer_open(&t.expected, r, c->out_bytes, c->out_alignment);
    run_reference(check_twin(kernel), c, r, t.inputs, t.expected.data);
    const size_t alignment = mn_tier_get(kernel->tier)->alignment;
    check_buffer_open(&t.packed, r, need.packed_bytes, alignment);
    check_buffer_open(&t.workspace, r, need.workspace_bytes, alignment);
    check_buffer_open(&t.out, r, c->out_bytes, c->out_alignment);
    bool passed = run_trials(&t);
    check_buffer_close(&t.packed);
    check_buffer_close(&t.workspace);
    check_buffer_close(&t.out);
    check_buffer_close(&t.expected);
    return passed ? CHECK_PASSED : CHECK_FAILED;
}
