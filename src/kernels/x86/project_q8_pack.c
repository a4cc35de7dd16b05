/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What projections for AVX-512 VNNI and AMX take, and their weights. */
#include "kernels/x86/project_q8.h"

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <string.h>

#include "kernels/quant.h"
#include "kernels/tile/cut.h"
#include "kernels/x86/add_operand.h"

static bool project_i8_need(const void *params, mn_kernel_need *need) {
    const mn_project_params *p = params;
    const mn_window *w = &p->conv.window;
    if (w->in_c > MN_Q8_MAX_DEPTH || !mn_requant_fits(p->conv.shift, w->out_c)) return false;
    if (p->adds && !mn_add_operands_fit(&p->add)) return false;
    const size_t panels = (size_t)mn_panel_q8_count(w->out_c) * mn_panel_q8_bytes(depth_of(w));
    *need = (mn_kernel_need){.packed_bytes = header_bytes() + panels};
    return true;
}

/* Sums of the inputs, for the zero point of the weights. */
static bool project_u8_need(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_project_params *)params)->conv.window;
    if (!project_i8_need(params, need)) return false;
    const size_t vectors = (size_t)mn_groups_of(w->out_h, MN_Q8_ROWS) * (size_t)w->out_w;
    need->workspace_bytes = vectors * MN_Q8_ROWS * sizeof(int32_t);
    return true;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_project_params *p = params;
    const mn_q8_source source = mn_q8_conv_source(&p->conv, type, constants[1], constants[2]);
    memset(packed, 0, header_bytes());
    if (p->adds) mn_add_q8_fill(&p->add, type, &((header *)packed)->add);
    mn_panel_q8_pack(&source, depth_of(&p->conv.window), (char *)packed + header_bytes());
}

static void project_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

static void vector_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)params, (void)out;
    *in = mn_layout_q8();
}

static void pixel_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)params, (void)out;
    *in = mn_layout_q8_pixels();
}

const mn_kernel_traits mn_project_i8_avx512vnni_traits = {
    .need = project_i8_need, .pack = project_i8_pack, .layouts = vector_layouts, .cut = mn_cut_project_q8};

const mn_kernel_traits mn_project_i8_amx_traits = {
    .need = project_i8_need, .pack = project_i8_pack, .layouts = pixel_layouts, .cut = mn_cut_project_q8};

static void project_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_project_u8_avx512vnni_traits = {
    .need = project_u8_need, .pack = project_u8_pack, .layouts = vector_layouts, .cut = mn_cut_project_q8};

#endif
