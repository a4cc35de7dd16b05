/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a model is inside: the file, the graph read from it, and weights packed for kernels. */
#ifndef MN_SESSION_MODEL_H
#define MN_SESSION_MODEL_H

#include "base/map.h"
#include "graph/graph.h"
#include "plan/pack.h"

struct mn_model {
    mn_map map; /* empty when the caller owns the bytes */
    size_t file_bytes;
    mn_graph graph;
    mn_pack_cache *cache; /* packs on demand, under its own lock: the one part of a model that changes */
};

/** Makes a model of a graph in memory, checked as strictly as a file. On success the model owns what *graph held, which
 * is empty then; contents that the graph did not own must outlive the model. On failure the graph stays the caller's,
 * with shapes that may have been inferred. mn_model_file_bytes() is 0. Errors: FORMAT, UNSUPPORTED, LIMIT, MEMORY. */
mn_status mn_model_from_graph(mn_graph *graph, mn_model **out);

/** A model that shares everything with another one, which must outlive it, but may have one output more. */
typedef struct mn_model_view {
    mn_model model;   /* never closed */
    int32_t added;    /* number of the output added; -1: none */
    int32_t *outputs; /* owned; NULL where none is added */
} mn_model_view;

/** With `tensor`, which the model computes, as its last output, or none for -1. Errors: MEMORY. */
mn_status mn_model_view_open(const mn_model *model, int32_t tensor, mn_model_view *out);
void mn_model_view_close(mn_model_view *view);

#endif
