/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pickles as torch.save() writes them of tensors: a machine with the few instructions that this takes. A pickle says
 * which functions to call; here none is ever called. The names of a handful are known, and each stands for a value; any
 * other is refused by name. Instructions after Python's Lib/pickletools.py. */
#ifndef MN_TORCH_PICKLE_H
#define MN_TORCH_PICKLE_H

#include "base/region.h"
#include "net/array.h"

typedef enum mn_pickle_kind {
    MN_PICKLE_INERT,   /* None, floats, and objects that hold settings */
    MN_PICKLE_INTEGER, /* and booleans */
    MN_PICKLE_TEXT,
    MN_PICKLE_TUPLE,
    MN_PICKLE_LIST,
    MN_PICKLE_DICT,
    MN_PICKLE_GLOBAL,
    MN_PICKLE_STORAGE,
    MN_PICKLE_TENSOR,
} mn_pickle_kind;

/** Bytes elsewhere: a member of the archive, or behind the pickle. */
typedef struct mn_pickle_storage {
    const char *key;
    mn_array_type type;
    size_t count; /* elements */
} mn_pickle_storage;

typedef struct mn_pickle_tensor {
    const mn_pickle_storage *storage;
    size_t offset;  /* of the first element, in elements; all elements are within the storage */
    mn_array array; /* shape and strides; no name and no data */
} mn_pickle_tensor;

typedef struct mn_pickle_item {
    int32_t key, value; /* values; a list has no keys (-1) */
    int32_t next;       /* item; -1: none */
} mn_pickle_item;

typedef struct mn_pickle_value {
    mn_pickle_kind kind;
    int32_t first, last; /* LIST, DICT: first and last item, -1 for none; TUPLE: last is the number of parts */
    union {
        int64_t integer;
        const char *text;     /* terminated */
        const int32_t *parts; /* values of a TUPLE */
        int32_t global;       /* which of the known names */
        mn_pickle_storage *storage;
        mn_pickle_tensor *tensor;
    } as;
} mn_pickle_value;

typedef struct mn_pickle {
    mn_region region;
    int32_t value_count, value_room, item_count, item_room;
    mn_pickle_value *values; /* from malloc, as items */
    mn_pickle_item *items;
    int32_t root;
    size_t bytes; /* that the pickle took */
} mn_pickle;

/** Reads one pickle from the beginning of `data`; what follows it does not matter. `file` is what sentences call it.
 *  Free in every case. Errors: FORMAT, UNSUPPORTED (a function or class that no state dict needs, named), LIMIT,
 *  MEMORY. */
mn_status mn_pickle_read(const uint8_t *data, size_t bytes, const char *file, mn_pickle *out);

void mn_pickle_free(mn_pickle *pickle);

/** The value of a text key in a dict; NULL when it has none. */
const mn_pickle_value *mn_pickle_get(const mn_pickle *pickle, const mn_pickle_value *dict, const char *key);

#endif
