/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators `ethos-u` of a model, and where Vela put their tensors in the arena: as vela/npu_serialisation.py and
 * vela/tflite_writer.py write them. */
#ifndef MN_ETHOSU_OPERATOR_H
#define MN_ETHOSU_OPERATOR_H

#include <string.h>

#include "base/little.h"
#include "graph/graph.h"

#define MN_ETHOSU_NAME "ethos-u"

/** Inputs: the program; the tensors of regions 0 (encoded weights with biases and scales), 1 (the arena, memory of the
 *  network's tensors) and 2 (fast memory of the NPU's own, which may be the arena); then what the program reads. */
enum {
    MN_ETHOSU_INPUT_PROGRAM,
    MN_ETHOSU_INPUT_WEIGHTS,
    MN_ETHOSU_INPUT_ARENA,
    MN_ETHOSU_INPUT_FAST,
    MN_ETHOSU_INPUT_FIRST
};

static inline bool mn_ethosu_runs(const mn_op *op) {
    return op->kind == MN_OP_CUSTOM && strcmp(op->attr.custom.name, MN_ETHOSU_NAME) == 0;
}

/** The model's metadata with offsets of tensors in the arena: version, subgraph, number of tensors, one for each. */
#define MN_ETHOSU_OFFSETS "OfflineMemoryAllocation"

/** Where Vela put `tensor`, in bytes from the arena's begin. UINT32_MAX: it leaves it to the runtime. False:
 *  the metadata are missing, cut or of another version. */
static inline bool mn_ethosu_offset(const mn_graph *graph, int32_t tensor, size_t *out) {
    enum { HEADER = 3 };
    const mn_metadata *offsets = mn_graph_metadata(graph, MN_ETHOSU_OFFSETS);
    const size_t at = ((size_t)tensor + HEADER) * 4;
    if (!offsets || offsets->bytes < at + 4 || mn_le32(offsets->data) != 0) return false;
    *out = mn_le32(offsets->data + at);
    return true;
}

#endif
