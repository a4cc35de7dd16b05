/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Nodes that change the shape of a value and not its numbers. */
#include <string.h>

#include "onnx/build.h"

static mn_status find_layer(const mn_onnx_builder *b, mn_onnx_value **out) {
    mn_onnx_value *value = mn_onnx_in(b, 0);
    if (!value || value->kind != MN_ONNX_LAYER) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "what it reads is not computed from the picture");
    }
    *out = value;
    return MN_OK;
}

/* Output 0 is the value as a vector. */
static mn_status make_vector(mn_onnx_builder *b, const mn_onnx_value *from) {
    const mn_layer *layer = mn_onnx_layer_of(b, from);
    mn_onnx_value vector = {.kind = MN_ONNX_LAYER, .layer = from->layer, .rank = 2};
    if (from->rank == 2) return mn_onnx_set(b, from);
    if (!from->channels_last && layer->h * layer->w > 1) {
        vector.map[0] = layer->c;
        vector.map[1] = layer->h;
        vector.map[2] = layer->w;
    }
    if (!layer->flat) {
        mn_layer reshape = {.kind = MN_LAYER_RESHAPE, .inputs = {from->layer}};
        MN_TRY(mn_onnx_add(b, reshape, false, "", &vector.layer));
    }
    return mn_onnx_set(b, &vector);
}

/* Output 0 is the vector as a map of one place. */
static mn_status make_map(mn_onnx_builder *b, const mn_onnx_value *from, bool channels_last) {
    const mn_layer *layer = mn_onnx_layer_of(b, from);
    int32_t index = from->layer;
    mn_layer reshape = {
        .kind = MN_LAYER_RESHAPE, .inputs = {from->layer}, .keep_dims = true, .h = 1, .w = 1, .c = layer->c};
    if (layer->flat || layer->h != 1 || layer->w != 1) MN_TRY(mn_onnx_add(b, reshape, false, "", &index));
    return mn_onnx_set_layer(b, index, 4, channels_last);
}

/* Output 0 is the value with these dimensions, if that only adds or drops ones, or makes one row of a map. */
static mn_status make_shape(mn_onnx_builder *b, const mn_onnx_value *from, int32_t rank, const int64_t *dims) {
    int64_t has[4];
    mn_onnx_dims(b, from, has);
    bool same = rank == from->rank && dims[0] == has[0];
    for (int32_t i = 1; same && i < rank; i++) same = dims[i] == has[i];
    if (same) return mn_onnx_set(b, from);
    int64_t count = from->rank == 2 ? has[1] : has[1] * has[2] * has[3];
    if (rank == 2 && dims[0] == b->batch && dims[1] == count) return make_vector(b, from);
    bool point = from->rank == 2 && from->map[0] == 0 && rank == 4 && dims[0] == b->batch;
    if (point && dims[1] == count && dims[2] == 1 && dims[3] == 1) return make_map(b, from, false);
    if (point && dims[3] == count && dims[1] == 1 && dims[2] == 1) return make_map(b, from, true);
    return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only making a vector of a map, or a map of a vector, is supported");
}

/* ---- Reshape, Flatten -------------------------------------------------------------------------------- */

mn_status mn_onnx_build_reshape(mn_onnx_builder *b) {
    mn_onnx_value *from;
    int64_t shape[MN_ONNX_MAX_LIST], has[4], known = 1, all;
    int32_t count, open = -1;
    MN_TRY(find_layer(b, &from));
    MN_TRY(mn_onnx_list(b, "shape", 1, shape, &count));
    mn_onnx_dims(b, from, has);
    all = from->rank == 2 ? has[0] * has[1] : has[0] * has[1] * has[2] * has[3];
    bool good = count >= 1 && count <= 4;
    for (int32_t i = 0; good && i < count; i++) {
        if (shape[i] == 0 && i < from->rank) shape[i] = has[i];
        good = shape[i] >= -1 && shape[i] <= all && shape[i] != 0 && (shape[i] > 0 || open < 0);
        if (good && shape[i] < 0) open = i;
        if (good && shape[i] > 0) known *= shape[i];
        good = good && known <= all;
    }
    if (good && open >= 0) shape[open] = all / known;
    good = good && (open >= 0 ? known * shape[open] : known) == all;
    if (!good) return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "its new shape does not suit %lld values", (long long)all);
    return make_shape(b, from, count, shape);
}

mn_status mn_onnx_build_flatten(mn_onnx_builder *b) {
    mn_onnx_value *from;
    MN_TRY(find_layer(b, &from));
    int64_t axis = mn_onnx_integer(b, "axis", 1);
    if (axis < 0) axis += from->rank;
    if (axis != 1) return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only an axis of 1 is supported");
    return make_vector(b, from);
}

/* ---- Squeeze, Unsqueeze ------------------------------------------------------------------------------ */

/* Bits of the axes in 0..rank; 1, the batch, for one beyond. */
static int32_t axis_bits(const int64_t *axes, int32_t count, int32_t rank) {
    int32_t bits = 0;
    for (int32_t i = 0; i < count; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        bits |= axis >= 0 && axis < rank ? 1 << axis : 1;
    }
    return bits;
}

mn_status mn_onnx_build_squeeze(mn_onnx_builder *b) {
    mn_onnx_value *from;
    int64_t axes[MN_ONNX_MAX_LIST], has[4], left[4];
    int32_t count, rank = 0;
    MN_TRY(find_layer(b, &from));
    MN_TRY(mn_onnx_list(b, "axes", 1, axes, &count));
    mn_onnx_dims(b, from, has);
    int32_t bits = axis_bits(axes, count, from->rank);
    for (int32_t i = 0; i < from->rank; i++) {
        bool drop = count == -1 ? i > 0 && has[i] == 1 : bits >> i & 1;
        if (drop && has[i] != 1)
            return mn_onnx_fail(b, MN_ERROR_FORMAT, "drops a dimension of %lld", (long long)has[i]);
        if (!drop) left[rank++] = has[i];
    }
    return make_shape(b, from, rank, left);
}

mn_status mn_onnx_build_unsqueeze(mn_onnx_builder *b) {
    mn_onnx_value *from;
    int64_t axes[MN_ONNX_MAX_LIST], has[4], made[MN_ONNX_MAX_LIST];
    int32_t count, next = 0;
    MN_TRY(find_layer(b, &from));
    MN_TRY(mn_onnx_list(b, "axes", 1, axes, &count));
    mn_onnx_dims(b, from, has);
    int32_t rank = from->rank + (count > 0 ? count : 0), bits = axis_bits(axes, count, rank);
    if (rank > 4) return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "gives more than four dimensions");
    for (int32_t i = 0; i < rank; i++) made[i] = bits >> i & 1 ? 1 : next < from->rank ? has[next++] : 1;
    return make_shape(b, from, rank, made);
}

/* ---- Transpose --------------------------------------------------------------------------------------- */

/* Between ONNX's order and TensorFlow's: only how dimensions are counted changes. */
mn_status mn_onnx_build_transpose(mn_onnx_builder *b) {
    static const int64_t to_last[] = {0, 2, 3, 1}, to_first[] = {0, 3, 1, 2}, none[] = {0, 1, 2, 3};
    mn_onnx_value *from;
    int64_t perm[MN_ONNX_MAX_LIST];
    int32_t count;
    MN_TRY(find_layer(b, &from));
    MN_TRY(mn_onnx_list(b, "perm", -1, perm, &count));
    bool fits = count == from->rank;
    mn_onnx_value turned = *from;
    if (fits && memcmp(perm, none, (size_t)count * sizeof *perm) == 0) return mn_onnx_set(b, from);
    turned.channels_last = !from->channels_last;
    const int64_t *wanted = from->channels_last ? to_first : to_last;
    if (fits && count == 4 && memcmp(perm, wanted, sizeof to_last) == 0) return mn_onnx_set(b, &turned);
    return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only the orders of ONNX and of TensorFlow are known");
}

/* ---- Nothing ----------------------------------------------------------------------------------------- */

mn_status mn_onnx_build_same(mn_onnx_builder *b) {
    static const int64_t floats[] = {1, 10, 11, 16}; /* TensorProto.DataType */
    mn_onnx_value *from;
    MN_TRY(find_layer(b, &from));
    bool good = !mn_onnx_text_is(b->node->kind, "Cast");
    for (size_t i = 0; !good && i < sizeof floats / sizeof floats[0]; i++)
        good = mn_onnx_integer(b, "to", 0) == floats[i];
    if (!good) return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only a cast to floats is supported");
    return mn_onnx_set(b, from);
}
