/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Everything a kernel needs to run a case: operands in its layouts, packed weights, workspace, a cut, room for the
 * output. */
#include "checkkernels/check.h"

/* Bytes of the output in the layout that the kernel writes. */
static size_t out_bytes(const check_run *run, const check_case *c) {
    const check_images *i = &c->out_images;
    if (mn_layout_is_nhwc(run->out_layout)) return c->out_bytes;
    const mn_extent e = mn_extent_of(run->out_layout, i->height, i->width, i->channels);
    return (size_t)i->count * mn_extent_image(&e) * mn_type_size(run->kernel->out);
}

bool check_run_open(check_run *run, const mn_kernel *kernel, const check_case *c, check_rng *r, int32_t threads) {
    const mn_work work = {.units = c->units, .macs = (double)c->macs};
    mn_kernel_need need;
    mn_layout in;
    *run = (check_run){.kernel = kernel};
    if (!mn_kernel_needs(kernel, &c->params, &need)) return false;
    mn_kernel_layouts(kernel, &c->params, &in, &run->out_layout);
    run->cut = mn_kernel_cut(kernel, &c->params, &need, &work, threads);
    for (int32_t i = 0; i < c->input_count; i++) run->inputs[i] = c->inputs[i].data;
    if (!mn_layout_is_nhwc(in)) {
        check_buffer_lay_out(&run->laid_out, r, &c->in_images, in, kernel->in, run->inputs[0]);
        run->inputs[0] = run->laid_out.data;
    }
    const size_t alignment = mn_tier_get(kernel->tier)->alignment;
    const bool is_laid_out = !mn_layout_is_nhwc(run->out_layout);
    check_buffer_open(&run->packed, r, need.packed_bytes, alignment);
    check_buffer_open(&run->workspace, r, run->cut.workspace_bytes, alignment);
    check_buffer_open(&run->out, r, out_bytes(run, c), is_laid_out ? 64 : c->out_alignment);
    run->task = (mn_task){.params = &c->params,
                          .inputs = run->inputs,
                          .output = run->out.data,
                          .packed = run->packed.bytes > 0 ? run->packed.data : NULL,
                          .cut = &run->cut,
                          .workspace = run->workspace.bytes > 0 ? run->workspace.data : NULL};
    return true;
}

void check_run_pack(check_run *run, const check_case *c) {
    const void *constants[CHECK_INPUTS] = {0};
    if (!mn_kernel_packs(run->kernel)) return;
    for (int32_t i = 0; i < c->input_count; i++) constants[i] = c->constant[i] ? c->inputs[i].data : NULL;
    mn_kernel_pack(run->kernel, &c->params, constants, run->packed.data);
}

void check_run_close(check_run *run) {
    check_buffer_close(&run->laid_out);
    check_buffer_close(&run->packed);
    check_buffer_close(&run->workspace);
    check_buffer_close(&run->out);
}
