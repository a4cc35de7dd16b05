/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Nodes that compute constants: exporters work out shapes in the graph (Shape, Gather, Unsqueeze, Concat before a
 * Reshape), and lay weights out for their reader. */
#include <string.h>

#include "base/little.h"
#include "onnx/build.h"

#define MAX_NUMBERS 64 /* of a shape that is worked out */

static bool is_integers(const mn_array *array) {
    return (array->type == MN_ARRAY_I64 || array->type == MN_ARRAY_I32) && array->count <= MAX_NUMBERS;
}

static mn_status set_array(mn_onnx_builder *b, const mn_array *array) {
    return mn_onnx_set(b, &(mn_onnx_value){.kind = MN_ONNX_CONSTANT, .array = *array});
}

/* A list; a single number where rank is 0. */
static mn_status set_integers(mn_onnx_builder *b, const int64_t *list, int32_t count, int32_t rank) {
    mn_array array = {.type = MN_ARRAY_I64};
    uint8_t *copy = mn_region_alloc(&b->model->region, (size_t)count, sizeof *list);
    if (!copy) return mn_fail_memory("a model");
    for (int32_t i = 0; i < count; i++) mn_put_le(copy + (size_t)i * sizeof *list, (uint64_t)list[i], sizeof *list);
    array.data = copy;
    (void)mn_array_set_shape(&array, rank, (const int64_t[]){count});
    return set_array(b, &array);
}

static mn_status set_floats(mn_onnx_builder *b, const float *list, int32_t count, int32_t rank) {
    mn_array array = {.type = MN_ARRAY_F32};
    uint8_t *copy = mn_region_alloc(&b->model->region, (size_t)count, sizeof *list);
    if (!copy) return mn_fail_memory("a model");
    for (int32_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &list[i], sizeof bits);
        mn_put_le(copy + (size_t)i * sizeof bits, bits, sizeof bits);
    }
    array.data = copy;
    (void)mn_array_set_shape(&array, rank, (const int64_t[]){count});
    return set_array(b, &array);
}

static mn_status unsupported(const mn_onnx_builder *b) {
    return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED,
                        "works out a shape in a way that is not supported; simplify the model "
                        "with onnxsim, or export it with a fixed input size");
}

/* ---- Nodes ------------------------------------------------------------------------------------------- */

static mn_status compute_constant_node(mn_onnx_builder *b) {
    const mn_onnx_attribute *value = mn_onnx_attribute_of(b->node, "value");
    if (value && value->tensor.data) return set_array(b, &value->tensor);
    if ((value = mn_onnx_attribute_of(b->node, "value_int"))) return set_integers(b, &value->integer, 1, 0);
    if ((value = mn_onnx_attribute_of(b->node, "value_ints"))) return set_integers(b, value->integers, value->count, 1);
    if ((value = mn_onnx_attribute_of(b->node, "value_float"))) return set_floats(b, &value->number, 1, 0);
    if ((value = mn_onnx_attribute_of(b->node, "value_floats"))) return set_floats(b, value->numbers, value->count, 1);
    return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "has no value of numbers");
}

static mn_status compute_shape(mn_onnx_builder *b, const mn_onnx_value *of) {
    int64_t dims[MN_ARRAY_MAX_RANK];
    int32_t rank = of->kind == MN_ONNX_LAYER ? of->rank : of->array.rank;
    if (of->kind == MN_ONNX_LAYER) mn_onnx_dims(b, of, dims);
    for (int32_t i = 0; of->kind == MN_ONNX_CONSTANT && i < rank; i++) dims[i] = of->array.dims[i];
    int64_t start = mn_onnx_integer(b, "start", 0), end = mn_onnx_integer(b, "end", rank);
    if (start < 0) start += rank;
    if (end < 0) end += rank;
    if (start < 0 || end > rank || start > end) return unsupported(b);
    return set_integers(b, dims + start, (int32_t)(end - start), 1);
}

static mn_status compute_gather(mn_onnx_builder *b, const mn_array *from, const mn_array *places) {
    int64_t list[MAX_NUMBERS];
    if (from->rank != 1 || !is_integers(from) || !is_integers(places) || places->rank > 1 ||
        mn_onnx_integer(b, "axis", 0) != 0) {
        return unsupported(b);
    }
    for (size_t i = 0; i < places->count; i++) {
        int64_t place = mn_array_integer(places, i);
        if (place < 0) place += from->dims[0];
        if (place < 0 || place >= from->dims[0]) return mn_onnx_fail(b, MN_ERROR_FORMAT, "asks for what is not there");
        list[i] = mn_array_integer(from, (size_t)place);
    }
    return set_integers(b, list, (int32_t)places->count, places->rank);
}

static int64_t clamped(int64_t place, int64_t count) {
    if (place < 0) place += count;
    return place < 0 ? 0 : place > count ? count : place;
}

static mn_status compute_slice(mn_onnx_builder *b, const mn_array *from) {
    int64_t starts[MN_ONNX_MAX_LIST], ends[MN_ONNX_MAX_LIST], axes[MN_ONNX_MAX_LIST], steps[MN_ONNX_MAX_LIST];
    int64_t list[MAX_NUMBERS];
    int32_t counts[4], count = 0;
    MN_TRY(mn_onnx_list(b, "starts", 1, starts, &counts[0]));
    MN_TRY(mn_onnx_list(b, "ends", 2, ends, &counts[1]));
    MN_TRY(mn_onnx_list(b, "axes", 3, axes, &counts[2]));
    MN_TRY(mn_onnx_list(b, "steps", 4, steps, &counts[3]));
    if (from->rank != 1 || !is_integers(from) || counts[0] != 1 || counts[1] != 1 ||
        (counts[2] == 1 && axes[0] != 0 && axes[0] != -1) || (counts[3] == 1 && steps[0] != 1)) {
        return unsupported(b);
    }
    int64_t end = clamped(ends[0], from->dims[0]);
    for (int64_t i = clamped(starts[0], from->dims[0]); i < end; i++) list[count++] = mn_array_integer(from, (size_t)i);
    return set_integers(b, list, count, 1);
}

static mn_status compute_concat(mn_onnx_builder *b) {
    int64_t list[MAX_NUMBERS];
    size_t count = 0;
    for (int32_t i = 0; i < b->node->input_count; i++) {
        const mn_onnx_value *value = mn_onnx_in(b, i);
        if (!value || !is_integers(&value->array) || value->array.rank != 1 ||
            count + value->array.count > MAX_NUMBERS) {
            return unsupported(b);
        }
        for (size_t k = 0; k < value->array.count; k++) list[count++] = mn_array_integer(&value->array, k);
    }
    return set_integers(b, list, (int32_t)count, 1);
}

/* Adds or drops ones, of integers and floats alike. */
static mn_status compute_reshaped(mn_onnx_builder *b, const mn_array *from, bool add) {
    int64_t axes[MN_ONNX_MAX_LIST], dims[MN_ARRAY_MAX_RANK];
    int32_t count, rank = 0, next = 0;
    mn_array made = *from;
    MN_TRY(mn_onnx_list(b, "axes", 1, axes, &count));
    int32_t all = from->rank + (add && count > 0 ? count : 0), bits = 0;
    if (all > MN_ARRAY_MAX_RANK) return unsupported(b);
    for (int32_t i = 0; i < count; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + all : axes[i];
        if (axis < 0 || axis >= all) return unsupported(b);
        bits |= 1 << axis;
    }
    for (int32_t i = 0; i < all; i++) {
        bool marked = count == -1 ? from->dims[i] == 1 : bits >> i & 1;
        if (add && marked) dims[rank++] = 1;
        if (add && !marked) dims[rank++] = next < from->rank ? from->dims[next++] : 1;
        if (!add && !marked) dims[rank++] = from->dims[i];
    }
    size_t before = from->count;
    bool plain = mn_array_span(from) == from->count; /* or its rows do not lie one behind another */
    if (!plain || !mn_array_set_shape(&made, rank, dims) || made.count != before) return unsupported(b);
    return set_array(b, &made);
}

static mn_status compute_transpose(mn_onnx_builder *b, const mn_array *from) {
    int64_t perm[MN_ONNX_MAX_LIST];
    int32_t count, seen = 0;
    mn_array made = *from;
    MN_TRY(mn_onnx_list(b, "perm", -1, perm, &count));
    if (count != -1 && count != from->rank) return unsupported(b);
    for (int32_t i = 0; i < from->rank; i++) {
        int64_t place = count == -1 ? from->rank - 1 - i : perm[i];
        if (place < 0 || place >= from->rank || seen >> place & 1) return unsupported(b);
        seen |= 1 << place;
        made.dims[i] = from->dims[place];
        made.strides[i] = from->strides[place];
    }
    return set_array(b, &made);
}

/* Integers alone; sums and products that leave 32 bits are not shapes. */
static mn_status compute_arithmetic(mn_onnx_builder *b, const mn_array *x, const mn_array *y) {
    int64_t list[MAX_NUMBERS];
    size_t count = x->count > y->count ? x->count : y->count;
    if (!is_integers(x) || !is_integers(y) || (x->count != count && x->count != 1) || x->rank > 1 || y->rank > 1 ||
        (y->count != count && y->count != 1)) {
        return unsupported(b);
    }
    for (size_t i = 0; i < count; i++) {
        int64_t p = mn_array_integer(x, x->count == 1 ? 0 : i), q = mn_array_integer(y, y->count == 1 ? 0 : i);
        bool small = p >= INT32_MIN && p <= INT32_MAX && q >= INT32_MIN && q <= INT32_MAX;
        bool divide = mn_onnx_text_is(b->node->kind, "Div");
        if (!small || (divide && q == 0)) return unsupported(b);
        list[i] = mn_onnx_text_is(b->node->kind, "Add") ? p + q : mn_onnx_text_is(b->node->kind, "Sub") ? p - q : p * q;
        if (divide) list[i] = p / q;
    }
    return set_integers(b, list, (int32_t)count, x->rank > y->rank ? x->rank : y->rank);
}

static mn_status compute_cast(mn_onnx_builder *b, const mn_onnx_value *from) {
    bool same = from->array.type <= MN_ARRAY_F64 || is_integers(&from->array);
    int64_t to = mn_onnx_integer(b, "to", 0);
    bool integer = to == 6 || to == 7, number = to == 1 || to == 10 || to == 11 || to == 16;
    if (!same || (from->array.type <= MN_ARRAY_F64 ? !number : !integer)) return unsupported(b);
    return mn_onnx_set(b, from);
}

mn_status mn_onnx_compute_constant(mn_onnx_builder *b, bool *done) {
    const mn_onnx_text kind = b->node->kind;
    const mn_onnx_value *first = mn_onnx_in(b, 0), *second = mn_onnx_in(b, 1);
    *done = true;
    if (mn_onnx_text_is(kind, "Constant")) return compute_constant_node(b);
    if (first && first->kind != MN_ONNX_UNKNOWN && mn_onnx_text_is(kind, "Shape")) return compute_shape(b, first);
    bool one = first && first->kind == MN_ONNX_CONSTANT, two = one && second && second->kind == MN_ONNX_CONSTANT;
    if (two && mn_onnx_text_is(kind, "Gather")) return compute_gather(b, &first->array, &second->array);
    if (one && mn_onnx_text_is(kind, "Slice")) return compute_slice(b, &first->array);
    if (one && mn_onnx_text_is(kind, "Concat")) return compute_concat(b);
    if (one && mn_onnx_text_is(kind, "Unsqueeze")) return compute_reshaped(b, &first->array, true);
    if (one && mn_onnx_text_is(kind, "Squeeze")) return compute_reshaped(b, &first->array, false);
    if (one && mn_onnx_text_is(kind, "Transpose")) return compute_transpose(b, &first->array);
    if (one && mn_onnx_text_is(kind, "Cast")) return compute_cast(b, first);
    if (one && mn_onnx_text_is(kind, "Identity")) return mn_onnx_set(b, first);
    for (const char *const *name = (const char *const[]){"Add", "Sub", "Mul", "Div", NULL}; two && *name; name++) {
        if (mn_onnx_text_is(kind, *name)) return compute_arithmetic(b, &first->array, &second->array);
    }
    *done = false;
    return MN_OK;
}
