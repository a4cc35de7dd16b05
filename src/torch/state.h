/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A state dict of PyTorch: named arrays, whatever file they came in. */
#ifndef MN_TORCH_STATE_H
#define MN_TORCH_STATE_H

#include "base/region.h"
#include "net/array.h"

/* Limits of ours: torchvision's MobileNetV2 has 314 arrays with 3.5 million numbers. */
#define MN_TORCH_MAX_ARRAYS 16384
#define MN_TORCH_MAX_ELEMENTS ((size_t)1 << 29) /* of all arrays together */

typedef struct mn_torch_state {
    mn_region region;   /* owns the names, and arrays that do not lie in the file */
    const char *file;   /* what error sentences call it */
    const char *format; /* in words; static storage */
    int32_t count, capacity;
    mn_array *arrays; /* from malloc */
    size_t elements;  /* of all arrays */
} mn_torch_state;

/** Appends an array, whose name must live as long as the state. Errors: LIMIT, MEMORY. */
mn_status mn_torch_state_add(mn_torch_state *state, const mn_array *array);

/** Puts the arrays in the order of their names. Errors: FORMAT (two have one name). */
mn_status mn_torch_state_finish(mn_torch_state *state);

/** The array called `name` of a finished state; NULL when there is none. */
const mn_array *mn_torch_state_find(const mn_torch_state *state, const char *name);

void mn_torch_state_free(mn_torch_state *state);

/** Fills `state`, which is empty but for `file`, from a file in memory, which must outlive it.
 *  Errors: FORMAT, UNSUPPORTED, LIMIT, MEMORY. The state stays owned by the caller on failure too. */
mn_status mn_safetensors_read(const uint8_t *data, size_t bytes, mn_torch_state *state);

/** Is this a safetensors file by its first bytes? */
bool mn_safetensors_is(const uint8_t *data, size_t bytes);

/** The same for what torch.save() writes: a zip archive, or the pickles of PyTorch before 1.6. Arrays of an archive are
 *  copied to the region. */
mn_status mn_pth_read(const uint8_t *data, size_t bytes, mn_torch_state *state);

/** Is this such a file, by its contents? */
bool mn_pth_is(const uint8_t *data, size_t bytes);

#endif
