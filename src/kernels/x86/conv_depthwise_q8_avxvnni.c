/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8 and uint8, for AVX-VNNI. */
#include "kernels/kernels.h"

#ifdef MN_CPU_AVX_VNNI_COMPILES

#include "kernels/x86/conv_depthwise_q8.h"
#include "kernels/x86/products_avxvnni.h"

enum { GROUP_BYTES = 4 };

static inline ptrdiff_t row_step(const inputs *in) { return (ptrdiff_t)in->row_stride; }

static mn_layout output_layout(void) { return mn_layout_q8(); }

/* Groups that only fill up the packed weights are left out. */
static inputs inputs_of(const band *b, int32_t index, int32_t row) {
    const mn_window *w = &b->p->conv.window;
    inputs in = copied(b, row);
    (void)index;
    in.quads = mn_groups_of(w->k_h * w->k_w * w->in_c, 4);
    return in;
}
static void prepare_copy(const band *b) { (void)b; }

#include "kernels/x86/conv_depthwise_q8_tile.h"

static void conv_rows(const group *g, int32_t width) { conv_bytes(g, width); }

#include "kernels/x86/conv_depthwise_q8_run.h"

void mn_conv_depthwise_i8_avxvnni(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_INT8, MN_INT8);
}

void mn_conv_depthwise_u8_i8_avxvnni(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_INT8);
}

void mn_conv_depthwise_u8_avxvnni(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_UINT8);
}

#endif
