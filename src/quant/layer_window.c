/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/layer_window.h"

#include "graph/shape.h"

static mn_window row_window(const mn_tensor *x, const mn_tensor *weights) {
    const int32_t rows = (int32_t)(x->bytes / mn_type_size(x->type)) / weights->dims[1];
    return (mn_window){.batches = 1,
                       .in_h = 1,
                       .in_w = rows,
                       .in_c = weights->dims[1],
                       .out_h = 1,
                       .out_w = rows,
                       .out_c = weights->dims[0],
                       .k_h = 1,
                       .k_w = 1,
                       .stride_h = 1,
                       .stride_w = 1,
                       .dilation_h = 1,
                       .dilation_w = 1};
}

mn_window mn_layer_window(const mn_graph *graph, const mn_op *op) {
    const mn_tensor *x = mn_graph_input(graph, op, 0), *w = mn_graph_input(graph, op, 1);
    const mn_tensor *y = mn_graph_output(graph, op, 0);
    const mn_op_attr *a = &op->attr;
    if (op->kind == MN_OP_FULLY_CONNECTED) return row_window(x, w);
    return (mn_window){.batches = x->dims[0],
                       .in_h = x->dims[1],
                       .in_w = x->dims[2],
                       .in_c = x->dims[3],
                       .out_h = y->dims[1],
                       .out_w = y->dims[2],
                       .out_c = y->dims[3],
                       .k_h = w->dims[1],
                       .k_w = w->dims[2],
                       .stride_h = a->stride_h,
                       .stride_w = a->stride_w,
                       .dilation_h = a->dilation_h,
                       .dilation_w = a->dilation_w,
                       .pad_top = mn_window_padding(x->dims[1], y->dims[1], w->dims[1], a->stride_h, a->dilation_h),
                       .pad_left = mn_window_padding(x->dims[2], y->dims[2], w->dims[2], a->stride_w, a->dilation_w)};
}
