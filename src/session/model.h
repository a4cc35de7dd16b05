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

/** Makes `tensor`, which the model computes, its last output, before any session is made; *output is its number.
 * Errors: MEMORY. */
mn_status mn_model_add_output(mn_model *model, int32_t tensor, int32_t *output);

#endif
