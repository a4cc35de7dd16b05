/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "ethosu/dense.h"

#include "ethosu/finish.h"
#include "ethosu/registers.h"
#include "kernels/cut.h"
#include "kernels/quant.h"

/* ---- May a kernel do it? ---------------------------------------------------------------------------------- */

static mn_type type_of(const mn_ethosu_map *map) { return map->is_signed ? MN_INT8 : MN_UINT8; }

static bool is_inside(int32_t value, mn_range_i32 range) { return value >= range.min && value <= range.max; }

/* Kernels take multipliers of full precision and shifts of up to 31 to either side. */
static bool is_requantisation(const mn_ethosu_scale *s) {
    const bool full = s->scale == 0 || (s->scale >= UINT32_C(1) << 30 && s->scale <= INT32_MAX);
    return full && s->shift <= 62 && s->bias >= INT32_MIN && s->bias <= INT32_MAX;
}

/* Every filter position begins inside the image that padding makes, as in a model. */
static bool is_convolution(const mn_window *w) {
    const int32_t rows = (w->k_h - 1) * w->dilation_h + 1, columns = (w->k_w - 1) * w->dilation_w + 1;
    return w->pad_top < rows && w->pad_left < columns && (w->out_h - 1) * w->stride_h - w->pad_top < w->in_h &&
           (w->out_w - 1) * w->stride_w - w->pad_left < w->in_w;
}

static bool fits(const mn_ethosu_op *op) {
    const mn_ethosu_finish *f = &op->finish;
    if (op->in.bytes != 1 || op->out.bytes != 1 || op->in.is_signed != op->out.is_signed) return false;
    if (f->scaling != MN_ETHOSU_SCALED_CHANNEL || f->rounding != MN_NPU_ROUND_TFL) return false;
    const mn_range_i32 range = mn_type_range(type_of(&op->in));
    if (!is_inside(op->in.zero, range) || !is_inside(f->zero, range) || !is_convolution(&op->window)) return false;
    for (int32_t c = 0; c < op->out.c; c++) {
        if (!is_requantisation(&f->scales[c])) return false;
    }
    return true;
}

/* The zero point that makes weights fit the type: int8's are symmetric. */
static bool weight_zero(const int16_t *weights, size_t count, mn_type type, int32_t *zero) {
    int32_t low = 0, high = 0;
    for (size_t i = 0; i < count; i++) {
        low = mn_min_i32(low, weights[i]);
        high = mn_max_i32(high, weights[i]);
    }
    *zero = type == MN_UINT8 ? -low : 0;
    return type == MN_UINT8 ? high - low <= 255 : low >= -127 && high <= 127;
}

/* ---- Parameters ------------------------------------------------------------------------------------------- */

static size_t weight_count(const mn_ethosu_op *op) {
    const mn_window *w = &op->window;
    const size_t depth = op->kind == MN_ETHOSU_DEPTHWISE ? 1 : (size_t)w->in_c;
    return (size_t)w->out_c * (size_t)w->k_h * (size_t)w->k_w * depth;
}

static mn_status make_params(mn_ethosu_op *op, const int16_t *weights, int32_t zero, mn_region *region) {
    const size_t channels = (size_t)op->out.c, count = weight_count(op);
    const mn_ethosu_finish *f = &op->finish;
    int32_t *multiplier = mn_region_alloc(region, channels, sizeof *multiplier);
    int32_t *shift = mn_region_alloc(region, channels, sizeof *shift);
    int32_t *bias = mn_region_alloc(region, channels, sizeof *bias);
    uint8_t *filter = mn_region_alloc(region, count, 1);
    if (!multiplier || !shift || !bias || !filter) return mn_fail_memory("a program of an Ethos-U");
    for (size_t c = 0; c < channels; c++) {
        multiplier[c] = (int32_t)f->scales[c].scale;
        shift[c] = f->scales[c].scale == 0 ? 0 : 31 - f->scales[c].shift;
        bias[c] = (int32_t)f->scales[c].bias;
    }
    for (size_t i = 0; i < count; i++) filter[i] = (uint8_t)(weights[i] + zero);
    const mn_range_i32 all = mn_type_range(type_of(&op->out)), range = {f->low, f->high};
    op->dense = (mn_ethosu_dense){.params = {.window = op->window,
                                             .groups = 1,
                                             .range = f->table < 0 ? range : all, /* the table clamps */
                                             .in_zero = op->in.zero,
                                             .out_zero = f->zero,
                                             .weight_zero = zero,
                                             .multiplier = multiplier,
                                             .shift = shift},
                                  .filter = filter,
                                  .bias = bias};
    return MN_OK;
}

/* ---- Kernel ----------------------------------------------------------------------------------------------- */

/* The best kernel for rows as models have them. */
static const mn_kernel *choose(mn_kernel_op op, mn_type type, const mn_conv_params *params, const mn_ethosu_machine *m,
                               mn_kernel_need *need) {
    mn_layout in, out;
    for (const mn_kernel *k = NULL; (k = mn_kernel_next(op, type, type, &m->target, m->tier, k)) != NULL;) {
        mn_kernel_layouts(k, params, &in, &out);
        if (mn_layout_is_nhwc(in) && mn_layout_is_nhwc(out) && mn_kernel_needs(k, params, need)) return k;
    }
    return NULL;
}

static mn_status add_kernel(mn_ethosu_op *op, const mn_ethosu_machine *machine, mn_region *region) {
    mn_ethosu_dense *d = &op->dense;
    const mn_window *w = &op->window;
    const mn_kernel_op family = op->kind == MN_ETHOSU_CONV ? MN_K_CONV : MN_K_DEPTHWISE;
    mn_kernel_need need;
    const mn_kernel *kernel = choose(family, type_of(&op->in), &d->params, machine, &need);
    if (!kernel) return MN_OK;
    if (mn_kernel_packs(kernel)) {
        const void *const constants[MN_TASK_INPUTS] = {NULL, d->filter, d->bias};
        d->packed = mn_region_alloc(region, need.packed_bytes, 1);
        if (!d->packed) return mn_fail_memory("a program of an Ethos-U");
        mn_kernel_pack(kernel, &d->params, constants, d->packed);
    }
    const double outputs = (double)w->out_h * w->out_w * w->out_c;
    const mn_work work = {.units = w->out_h,
                          .macs = outputs / w->out_c * (double)weight_count(op),
                          .elements = outputs + (double)w->in_h * w->in_w * w->in_c};
    d->cut = mn_kernel_cut(kernel, &d->params, &need, &work, machine->threads);
    d->threads = machine->threads;
    d->kernel = kernel;
    return MN_OK;
}

mn_status mn_ethosu_dense_prepare(mn_ethosu_op *op, const int16_t *weights, const mn_ethosu_machine *machine,
                                  mn_region *region) {
    int32_t zero;
    if (!fits(op) || !weight_zero(weights, weight_count(op), type_of(&op->in), &zero)) return MN_OK;
    MN_TRY(make_params(op, weights, zero, region));
    return add_kernel(op, machine, region);
}

/* ---- Run -------------------------------------------------------------------------------------------------- */

/* The input, the output and the kernel's workspaces, one behind the other. */
static bool lay_out(const mn_ethosu_op *op, size_t *out, size_t *workspace, size_t *bytes) {
    size_t own;
    if (!mn_mul_size(mn_round_up(op->dense.cut.workspace_bytes, 64), (size_t)op->dense.threads, &own)) return false;
    *out = mn_round_up(mn_ethosu_map_row(&op->in) * (size_t)op->in.h, 64);
    *workspace = *out + mn_round_up(mn_ethosu_map_row(&op->out) * (size_t)op->out.h, 64);
    return mn_add_size(*workspace, own, bytes);
}

/* One operation as all threads see it. */
typedef struct shared {
    const mn_ethosu_dense *dense;
    mn_task task;
} shared;

bool mn_ethosu_dense_workspace(const mn_ethosu_op *op, size_t *bytes) {
    size_t out, workspace;
    return lay_out(op, &out, &workspace, bytes);
}

/* A member of the team computes some units, in its own workspace. */
static void run_units(void *context, int32_t member, int32_t begin, int32_t end) {
    const mn_ethosu_dense *d = ((const shared *)context)->dense;
    mn_task task = ((const shared *)context)->task;
    if (task.workspace) {
        task.workspace = (char *)task.workspace + mn_round_up(d->cut.workspace_bytes, 64) * (size_t)member;
    }
    d->kernel->run(&task, begin, end);
}

void mn_ethosu_dense_run(const mn_ethosu_op *op, const mn_ethosu_run *run) {
    const mn_ethosu_dense *d = &op->dense;
    size_t out_at, workspace_at, bytes;
    lay_out(op, &out_at, &workspace_at, &bytes);
    uint8_t *in = (uint8_t *)run->workspace, *out = in + out_at;
    for (int32_t y = 0; y < op->in.h; y++) {
        mn_ethosu_map_gather(&op->in, run->spaces[op->in.space], y, in + (size_t)y * mn_ethosu_map_row(&op->in));
    }
    const void *const inputs[MN_TASK_INPUTS] = {in, d->filter, d->bias};
    shared work = {.dense = d,
                   .task = {.params = &d->params,
                            .inputs = inputs,
                            .output = out,
                            .packed = d->packed,
                            .cut = &d->cut,
                            .workspace = d->cut.workspace_bytes > 0 ? run->workspace + workspace_at : NULL}};
    if (run->team) mn_team_share(run->team, d->cut.units, d->cut.grain, run_units, &work);
    if (!run->team) run_units(&work, 0, 0, d->cut.units);
    if (op->finish.table >= 0) mn_ethosu_look_up_bytes(op, run, out, mn_ethosu_map_row(&op->out) * (size_t)op->out.h);
    for (int32_t y = 0; y < op->out.h; y++) {
        mn_ethosu_map_scatter(&op->out, run->spaces[op->out.space], y, out + (size_t)y * mn_ethosu_map_row(&op->out));
    }
}
