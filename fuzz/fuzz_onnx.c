/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ONNX models. What is read must survive being folded. */
#include <stdlib.h>

#include "net/fold.h"
#include "onnx/onnx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mn_net net = {0};
    mn_graph graph = {0};
    mn_origin origin;
    (void)mn_onnx_is(data, size);
    if (mn_onnx_read(data, size, "fuzz", NULL, &(mn_origin_options){.size = 16}, &net, &origin) != MN_OK) {
        /* A size of 16 contradicts models that have one. */
        if (mn_onnx_read(data, size, "fuzz", NULL, NULL, &net, &origin) != MN_OK) return 0;
    }
    if (mn_net_fold(&net, &graph, NULL) == MN_OK) mn_graph_free(&graph);
    mn_net_free(&net);
    return 0;
}
