/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Weights of a projection as packed, for AVX-512 VNNI and AMX. Included by these kernels and by what packs for them. */
#ifndef MN_KERNELS_X86_PROJECT_Q8_H
#define MN_KERNELS_X86_PROJECT_Q8_H

#include "base/checked.h"
#include "kernels/tile/layouts.h"
#include "kernels/x86/add_q8_form.h"
#include "kernels/x86/panel_q8.h"

/* Packed: this, then the panels. */
typedef struct header {
    mn_add_q8 add;
} header;

static inline size_t header_bytes(void) { return mn_round_up(sizeof(header), 64); }

/* Products of a panel: all channels that blocks have. */
static inline int32_t depth_of(const mn_window *w) { return mn_groups_of(w->in_c, MN_Q8_LANES) * MN_Q8_LANES; }

#endif
