/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Layers of model_builder that move elements, as converters write them. */
#include <string.h>

#include "support/model_builder.h"

static const int32_t *dims_of(const model_builder *b, int32_t x) { return b->graph.tensors[x].dims; }

static int32_t version_of(const model_builder *b) { return b->type == MN_INT8 ? 2 : 1; }

static int32_t resize(model_builder *b, int32_t x) {
    const int32_t *in = dims_of(b, x), size[2] = {mb_random(b, 2, 9), mb_random(b, 2, 9)};
    const int32_t list = mb_list(b, "size", 2, size), way = mb_random(b, 0, 2);
    const int32_t y = mb_alike(b, "resized", x, 4, (int32_t[]){in[0], size[0], size[1], in[3]});
    const mn_op_kind kind = mb_random(b, 0, 1) ? MN_OP_RESIZE_BILINEAR : MN_OP_RESIZE_NEAREST_NEIGHBOR;
    mn_op *op = mb_op(b, kind, 3, 2, (int32_t[]){x, list}, y);
    op->attr.align_corners = way == 1;
    op->attr.half_pixel_centers = way == 2;
    op->attr.list_count = 2;
    memcpy(op->attr.list, size, sizeof size);
    return y;
}

/* x[:, 1:, ::-1, :], or x[..., 0:h, :, :] of SLICE. */
static int32_t slice(model_builder *b, int32_t x) {
    const int32_t *in = dims_of(b, x);
    if (in[1] < 2) return x;
    const int32_t y = mb_alike(b, "part", x, 4, (int32_t[]){in[0], in[1] - 1, in[2], in[3]});
    if (mb_random(b, 0, 1)) {
        const mn_slice slice = {
            .count = 4, .end = {-1, in[1] - 1, -1, -1}, .step = {1, 1, 1, 1}, .end_mask = 1 | 4 | 8};
        const int32_t begin = mb_list(b, "begin", 4, slice.begin),
                      size = mb_list(b, "sizes", 4, (int32_t[]){-1, in[1] - 1, -1, -1});
        mb_op(b, MN_OP_SLICE, version_of(b), 3, (int32_t[]){x, begin, size}, y)->attr.slice = slice;
        return y;
    }
    const mn_slice slice = {.count = 3,
                            .begin = {0, 1, 0},
                            .end = {0, in[1], 0},
                            .step = {1, 1, -1},
                            .begin_mask = 1 | 4,
                            .end_mask = 1 | 4};
    const int32_t begin = mb_list(b, "begin", 3, slice.begin), end = mb_list(b, "end", 3, slice.end),
                  step = mb_list(b, "steps", 3, slice.step);
    mb_op(b, MN_OP_STRIDED_SLICE, version_of(b), 4, (int32_t[]){x, begin, end, step}, y)->attr.slice = slice;
    return y;
}

/* Channels apart and together again in another order. */
static int32_t split(model_builder *b, int32_t x) {
    const int32_t *in = dims_of(b, x);
    if (in[3] < 2) return x;
    const bool equal = in[3] % 2 == 0 && mb_random(b, 0, 1);
    const int32_t sizes[2] = {equal ? in[3] / 2 : 1, equal ? in[3] / 2 : in[3] - 1};
    int32_t parts[2];
    for (int32_t i = 0; i < 2; i++) {
        parts[i] = mb_alike(b, "half", x, 4, (int32_t[]){in[0], in[1], in[2], sizes[i]});
    }
    const int32_t axis = mb_number(b, "axis", 3);
    if (equal) {
        mb_op_parts(b, MN_OP_SPLIT, version_of(b), 2, (int32_t[]){axis, x}, 2, parts)->attr.axis = 3;
    } else {
        const int32_t list = mb_list(b, "sizes", 2, (int32_t[]){sizes[0], -1});
        mb_op_parts(b, MN_OP_SPLIT_V, 1, 3, (int32_t[]){x, list, axis}, 2, parts)->attr.axis = 3;
    }
    const int32_t y = mb_alike(b, "swapped", x, 4, in);
    mb_op(b, MN_OP_CONCATENATION, version_of(b), 2, (int32_t[]){parts[1], parts[0]}, y)->attr.axis = 3;
    return y;
}

static int32_t pack(model_builder *b, int32_t x) {
    const int32_t *in = dims_of(b, x), axis = mb_random(b, 0, 1) ? 1 : -1;
    int32_t dims[5] = {in[0], in[1], in[2], in[3], 2}, parts[2];
    if (axis == 1) memcpy(dims, (int32_t[]){in[0], 2, in[1], in[2], in[3]}, sizeof dims);
    const int32_t both = mb_alike(b, "stack", x, 5, dims);
    mb_op(b, MN_OP_PACK, version_of(b), 2, (int32_t[]){x, x}, both)->attr.axis = axis;
    for (int32_t i = 0; i < 2; i++) parts[i] = mb_alike(b, "layer", x, 4, in);
    mb_op_parts(b, MN_OP_UNPACK, version_of(b), 1, &both, 2, parts)->attr.axis = axis;
    if (b->type != MN_FLOAT32) return parts[1];
    const int32_t y = mb_alike(b, "larger", x, 4, in);
    mb_op(b, MN_OP_ADD, version_of(b), 2, parts, y);
    return y;
}

/* Keras' UpSampling2D along rows, for one batch size and for any. */
static int32_t repeat(model_builder *b, int32_t x) {
    const int32_t *in = dims_of(b, x), one = 1, zero = 0;
    if (in[1] > 9) return x;
    const int32_t times[5] = {1, 1, 2, 1, 1}, shape[4] = {in[0], 2 * in[1], in[2], in[3]};
    const int32_t axis = mb_number(b, "axis", 2), list = mb_list(b, "times", 5, times);
    const int32_t wide = mb_alike(b, "wide", x, 5, (int32_t[]){in[0], in[1], 1, in[2], in[3]}),
                  twice = mb_alike(b, "twice", x, 5, (int32_t[]){in[0], in[1], 2, in[2], in[3]});
    mb_op(b, MN_OP_EXPAND_DIMS, 1, 2, (int32_t[]){x, axis}, wide)->attr.axis = 2;
    mn_op *tile = mb_op(b, MN_OP_TILE, 2, 2, (int32_t[]){wide, list}, twice);
    tile->attr.list_count = 5;
    memcpy(tile->attr.list, times, sizeof times);
    const int32_t sizes = mb_tensor(b, "sizes", MN_INT32, 1, (int32_t[]){4}),
                  first = mb_tensor(b, "n", MN_INT32, 1, &one),
                  all = mb_tensor(b, "new shape", MN_INT32, 1, (int32_t[]){4});
    mb_op(b, MN_OP_SHAPE, 1, 1, &x, sizes);
    const int32_t begin = mb_list(b, "begin", 1, &zero), end = mb_list(b, "end", 1, &one),
                  rest = mb_list(b, "rest", 3, shape + 1);
    mb_op(b, MN_OP_STRIDED_SLICE, 1, 4, (int32_t[]){sizes, begin, end, end}, first)->attr.slice =
        (mn_slice){.count = 1, .end = {1}, .step = {1}};
    mb_op(b, MN_OP_CONCATENATION, 1, 2, (int32_t[]){first, rest}, all)->attr.axis = 0;
    const int32_t y = mb_alike(b, "upsampled", x, 4, shape);
    mb_op(b, MN_OP_RESHAPE, 1, 2, (int32_t[]){twice, all}, y)->attr.computed = true;
    return y;
}

/* What Keras' Dense on more than two dimensions makes: [n, h, w, c] to [n * h * w, c] and back. */
static int32_t rows(model_builder *b, int32_t x) {
    const int32_t *in = dims_of(b, x), one = 1, zero = 0;
    const int32_t sizes = mb_tensor(b, "sizes", MN_INT32, 1, (int32_t[]){4}),
                  wide = mb_tensor(b, "wide sizes", MN_INT64, 1, (int32_t[]){4}),
                  outer = mb_tensor(b, "outer", MN_INT64, 1, (int32_t[]){3}),
                  product = mb_tensor(b, "rows", MN_INT64, 0, &one), depth = mb_tensor(b, "depth", MN_INT64, 0, &one),
                  shape = mb_tensor(b, "flat sizes", MN_INT64, 1, (int32_t[]){2});
    mb_op(b, MN_OP_SHAPE, 1, 1, &x, sizes);
    mb_op(b, MN_OP_CAST, 1, 1, &sizes, wide);
    const int32_t first = mb_list(b, "first", 3, (int32_t[]){0, 1, 2}), last = mb_number(b, "last", 3),
                  axes = mb_list(b, "axes", 1, &zero);
    mb_op(b, MN_OP_GATHER, 1, 2, (int32_t[]){wide, first}, outer);
    mb_op(b, MN_OP_GATHER, 1, 2, (int32_t[]){wide, last}, depth);
    mb_op(b, MN_OP_REDUCE_PROD, 1, 2, (int32_t[]){outer, axes}, product)->attr.list_count = 1;
    mb_op(b, MN_OP_PACK, 1, 2, (int32_t[]){product, depth}, shape);
    const int32_t flat = mb_alike(b, "flat rows", x, 2, (int32_t[]){in[0] * in[1] * in[2], in[3]}),
                  y = mb_alike(b, "back", x, 4, in);
    mb_op(b, MN_OP_RESHAPE, 1, 2, (int32_t[]){x, shape}, flat)->attr.computed = true;
    mb_op(b, MN_OP_RESHAPE, 1, 2, (int32_t[]){flat, sizes}, y)->attr.computed = true;
    return y;
}

/* A dilated depthwise convolution as older converters, and newer ones for any batch, write it. */
static int32_t dilated(model_builder *b, int32_t x) {
    const int32_t *in = dims_of(b, x), block[2] = {2, 2}, pairs[2] = {2, 2}, n = in[0], c = in[3];
    const int32_t odd[2] = {in[1] % 2, in[2] % 2};
    const int32_t pads[4] = {2, 2 + odd[0], 2, 2 + odd[1]}, crops[4] = {0, odd[0], 0, odd[1]};
    const int32_t h = (in[1] + 4 + odd[0]) / 2, w = (in[2] + 4 + odd[1]) / 2;
    const int32_t batches = mb_alike(b, "batches", x, 4, (int32_t[]){4 * n, h, w, c}),
                  inside = mb_tensor(b, "inside", b->type, 4, (int32_t[]){4 * n, h - 2, w - 2, c}),
                  y = mb_alike(b, "dilated", inside, 4, in);
    const int32_t list = mb_list(b, "block", 2, block), pad = mb_constant(b, "pads", MN_INT32, 2, pairs),
                  crop = mb_constant(b, "crops", MN_INT32, 2, pairs),
                  weights = mb_constant(b, "weights", b->type, 4, (int32_t[]){1, 3, 3, c}),
                  bias = mb_constant(b, "bias", b->type == MN_FLOAT32 ? MN_FLOAT32 : MN_INT32, 1, &c);
    memcpy((void *)(uintptr_t)b->graph.tensors[pad].data, pads, sizeof pads);
    memcpy((void *)(uintptr_t)b->graph.tensors[crop].data, crops, sizeof crops);
    if (b->type != MN_FLOAT32) {
        mb_quantise(b, weights, 1, 0, 0.01f, b->type == MN_INT8 ? 0 : 131);
        mb_quantise(b, bias, 1, 0, b->graph.tensors[x].quant.scale[0] * 0.01f, 0);
    }
    mn_op_attr attr = {.list_count = 2, .list = {2, 2}};
    memcpy(attr.pad, pads, sizeof pads);
    mb_op(b, MN_OP_SPACE_TO_BATCH_ND, version_of(b), 3, (int32_t[]){x, list, pad}, batches)->attr = attr;
    mb_op(b, MN_OP_DEPTHWISE_CONV_2D, b->type == MN_INT8 ? 3 : 1, 3, (int32_t[]){batches, weights, bias}, inside)
        ->attr = (mn_op_attr){.padding = MN_PAD_VALID,
                              .stride_h = 1,
                              .stride_w = 1,
                              .dilation_h = 1,
                              .dilation_w = 1,
                              .depth_multiplier = 1,
                              .activation = (mn_activation)mb_random(b, 0, 3)};
    memcpy(attr.pad, crops, sizeof crops);
    mb_op(b, MN_OP_BATCH_TO_SPACE_ND, version_of(b), 3, (int32_t[]){inside, list, crop}, y)->attr = attr;
    return y;
}

int32_t mb_moving_layer(model_builder *b, int32_t which, int32_t x) {
    static int32_t (*const layers[MB_MOVING_LAYERS])(model_builder *, int32_t) = {resize, slice, split,  pack,
                                                                                  repeat, rows,  dilated};
    return layers[which](b, x);
}
