/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/bands.h"

#include "kernels/panel.h"

/* Rows of the convolution, for one block of channels, that the busiest thread computes. */
static double busiest(const mn_window *w, const mn_panels *panels, int32_t bands, int32_t threads) {
    const int64_t units = (int64_t)w->batches * panels->blocks * bands;
    const int64_t rounds = (units + threads - 1) / threads;
    const int32_t common = mn_max_i32(0, w->k_h - w->stride_h);
    return (double)rounds * (w->in_h + (double)common * (bands - 1)) / bands;
}

int32_t mn_plan_bands(const mn_conv_depthwise_params *p, int32_t threads) {
    const mn_window *w = &p->depthwise.window;
    const mn_panels panels = mn_panels_of(w->out_h, w->out_w, w->out_c);
    int32_t best = 1;
    for (int32_t bands = 2; bands <= panels.rows; bands++) {
        if (busiest(w, &panels, bands, threads) < busiest(w, &panels, best, threads)) best = bands;
    }
    return best;
}
