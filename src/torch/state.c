/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "torch/state.h"

#include <stdlib.h>
#include <string.h>

mn_status mn_torch_state_add(mn_torch_state *state, const mn_array *array) {
    state->elements += array->count;
    if (state->count == MN_TORCH_MAX_ARRAYS || state->elements > MN_TORCH_MAX_ELEMENTS) {
        return mn_fail(MN_ERROR_LIMIT, "%s: holds more than %d arrays or more than %zu numbers", state->file,
                       MN_TORCH_MAX_ARRAYS, MN_TORCH_MAX_ELEMENTS);
    }
    if (state->count == state->capacity) {
        int32_t capacity = state->capacity ? 2 * state->capacity : 512;
        mn_array *larger = realloc(state->arrays, (size_t)capacity * sizeof *larger);
        if (!larger) return mn_fail_memory("the list of weights");
        state->arrays = larger;
        state->capacity = capacity;
    }
    state->arrays[state->count++] = *array;
    return MN_OK;
}

static int compare_names(const void *a, const void *b) {
    const mn_array *p = a, *q = b;
    return strcmp(p->name, q->name);
}

mn_status mn_torch_state_finish(mn_torch_state *state) {
    if (state->count > 0) qsort(state->arrays, (size_t)state->count, sizeof *state->arrays, compare_names);
    for (int32_t i = 1; i < state->count; i++) {
        if (strcmp(state->arrays[i - 1].name, state->arrays[i].name) != 0) continue;
        return mn_fail(MN_ERROR_FORMAT, "%s: holds two arrays called '%.200s'; the file is damaged", state->file,
                       state->arrays[i].name);
    }
    return MN_OK;
}

const mn_array *mn_torch_state_find(const mn_torch_state *state, const char *name) {
    mn_array wanted = {.name = name};
    if (state->count == 0) return NULL;
    return bsearch(&wanted, state->arrays, (size_t)state->count, sizeof wanted, compare_names);
}

void mn_torch_state_free(mn_torch_state *state) {
    free(state->arrays);
    mn_region_free(&state->region);
    state->arrays = NULL;
    state->count = state->capacity = 0;
}
