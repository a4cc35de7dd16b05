/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/rows.h"

/* The dimensions of images: [batches][rows][columns][channels]; and where they are in parameters that have all. */
enum { IMAGES = 4, BATCH = MN_MAX_RANK - IMAGES, ROW };

int32_t mn_plan_row_count(const mn_shape *shape) { return shape->rank == IMAGES ? shape->dims[0] * shape->dims[1] : 0; }

size_t mn_plan_row_bytes(const mn_shape *shape, mn_type type) {
    return (size_t)shape->dims[2] * (size_t)shape->dims[3] * mn_type_size(type);
}

/* A node, and what there is to know of its tensors. */
typedef struct view {
    const mn_shape *shapes;
    const mn_node *node;
    const mn_shape *output;
} view;

static mn_row_form form_of_conv(const view *v) {
    const mn_window *w = &((const mn_conv_params *)v->node->params)->window;
    const mn_row_kind kind = mn_window_is_pointwise(w) ? MN_ROWS_ALIKE : MN_ROWS_WINDOW;
    return (mn_row_form){.kind = kind, .row_units = 1, .moving = 1, .window = *w};
}

static mn_row_form form_of_pool(const view *v) {
    mn_window w = ((const mn_pool_params *)v->node->params)->window;
    w.dilation_h = w.dilation_w = 1;
    return (mn_row_form){.kind = MN_ROWS_WINDOW, .row_units = 1, .moving = 1, .window = w};
}

static int32_t row_elements(const view *v) { return v->output->dims[2] * v->output->dims[3]; }

/* Of functions of each element. */
static mn_row_form form_of_elements(const view *v) {
    return (mn_row_form){.kind = MN_ROWS_ALIKE, .row_units = row_elements(v), .moving = 1};
}

/* Of functions of the channels of a pixel. */
static mn_row_form form_of_pixels(const view *v) {
    return (mn_row_form){.kind = MN_ROWS_ALIKE, .row_units = v->output->dims[2], .moving = 1};
}

/* Scales along a dimension must begin again with every row. */
static mn_row_form form_of_convert(const view *v) {
    const mn_convert_params *p = v->node->params;
    const int64_t period = (int64_t)p->channels * p->inner;
    if (p->channels > 1 && row_elements(v) % period != 0) return (mn_row_form){.kind = MN_ROWS_NONE};
    return form_of_elements(v);
}

/* Operands have the rows of the output, or are the same for all of them. */
static mn_row_form form_of_binary(const view *v) {
    const mn_binary_params *p = v->node->params;
    mn_row_form form = {.kind = MN_ROWS_ALIKE, .row_units = row_elements(v)};
    for (int32_t i = 0; i < 2; i++) {
        const mn_shape *operand = &v->shapes[v->node->inputs[i]];
        const bool same =
            operand->rank == IMAGES && operand->dims[0] == v->output->dims[0] && operand->dims[1] == v->output->dims[1];
        if (same) {
            form.moving |= UINT32_C(1) << i;
        } else if ((p->stride[i][BATCH] != 0 && p->dims[BATCH] > 1) || (p->stride[i][ROW] != 0 && p->dims[ROW] > 1)) {
            return (mn_row_form){.kind = MN_ROWS_NONE};
        }
    }
    return form;
}

/* What a unit is, family by family; of those that are not here it is not a part of a row. */
typedef mn_row_form form_fn(const view *v);

static form_fn *const forms[MN_K_OP_COUNT] = {
    [MN_K_CONV] = form_of_conv,        [MN_K_DEPTHWISE] = form_of_conv,     [MN_K_AVERAGE_POOL] = form_of_pool,
    [MN_K_MAX_POOL] = form_of_pool,    [MN_K_ADD] = form_of_binary,         [MN_K_MUL] = form_of_binary,
    [MN_K_DIV] = form_of_binary,       [MN_K_MAXIMUM] = form_of_binary,     [MN_K_PRELU] = form_of_binary,
    [MN_K_SOFTMAX] = form_of_pixels,   [MN_K_LOG_SOFTMAX] = form_of_pixels, [MN_K_L2_NORMALIZATION] = form_of_pixels,
    [MN_K_QUANTIZE] = form_of_convert, [MN_K_DEQUANTIZE] = form_of_convert, [MN_K_CLAMP] = form_of_elements,
    [MN_K_UNARY] = form_of_elements,
};

mn_row_form mn_plan_row_form(const mn_shape *shapes, const mn_node *node) {
    const mn_row_form none = {.kind = MN_ROWS_NONE};
    if (node->is_alias || node->part || node->output_count != 1) return none;
    const view v = {.shapes = shapes, .node = node, .output = &shapes[node->outputs[0]]};
    return v.output->rank == IMAGES && forms[node->op] ? forms[node->op](&v) : none;
}
