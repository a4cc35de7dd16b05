/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* For vectors whose halves would take as long as they do: half vectors are whole ones. Included behind the vectors. */
#ifndef MN_KERNELS_TILE_WHOLE_VECTORS_H
#define MN_KERNELS_TILE_WHOLE_VECTORS_H

#define HALF_VECTORS 0
typedef vec half_vec;

#define half_zero() v_zero()
#define half_set(x) v_set(x)
#define half_load(p) v_load(p)
#define half_store(p, h) v_store(p, h)
#define half_fma(a, b, c) v_fma(a, b, c)
#define half_of(v) (v)
#define half_widen(h) (h)

#endif
