/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Panels of float weights (portable/pack.h) made with vectors, for processors with AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/portable/pack.h"
#include "kernels/portable/window.h"
#include "kernels/x86/interleave.h"
#include "kernels/x86/parts_f32.h"

_Static_assert((int)MN_PANEL == (int)MN_INTERLEAVE_ROWS, "a panel is what interleave writes");

static void pack(const float *weights, int32_t out_c, int32_t k, float *packed) {
    const int32_t whole = out_c - out_c % MN_PANEL;
    for (int32_t first = 0; first < whole; first += MN_PANEL, packed += (ptrdiff_t)k * MN_PANEL) {
        const float *rows[MN_PANEL];
        for (int32_t c = 0; c < MN_PANEL; c++) rows[c] = weights + (ptrdiff_t)(first + c) * k;
        mn_interleave_floats(rows, k, packed);
    }
    if (whole == out_c) return;
    const mn_raw_weights rest = mn_raw_rows(weights + (ptrdiff_t)whole * k, MN_FLOAT32, out_c - whole, k);
    mn_packed_write(&rest, &mn_panels_layout, packed);
}

void mn_conv_f32_avx2_pack(const void *params, const void *const *constants, void *packed) {
    const mn_window *w = &((const mn_conv_params *)params)->window;
    pack(constants[1], w->out_c, (int32_t)mn_window_depth(w), packed);
}

const mn_kernel_traits mn_conv_f32_avx2_traits = {.need = mn_conv_f32_portable_need, .pack = mn_conv_f32_avx2_pack};

static void fully_connected_f32_pack(const void *params, const void *const *constants, void *packed) {
    const mn_fully_connected_params *p = params;
    pack(constants[1], p->out_c, p->in_c, packed);
}

const mn_kernel_traits mn_fully_connected_f32_avx2_traits = {.need = mn_fully_connected_f32_portable_need,
                                                             .pack = fully_connected_f32_pack};

#endif
