/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Convolutions, pools and padding. */
#include <string.h>

#include "graph/shape.h"
#include "onnx/build.h"

/* How a window moves over one axis. */
typedef struct axis {
    int64_t size, step, dilation, before, after;
} axis;

enum { MAX_SETTING = 65535 };

/* Two numbers, one for each axis, all of which are in range. */
static mn_status read_pair(const mn_onnx_builder *b, const char *name, int64_t fallback, int64_t *h, int64_t *w) {
    int64_t list[MN_ONNX_MAX_LIST];
    int32_t count;
    MN_TRY(mn_onnx_list(b, name, -1, list, &count));
    if (count == -1) list[0] = list[1] = fallback;
    if ((count != -1 && count != 2) || list[0] < 1 || list[0] > MAX_SETTING || list[1] < 1 || list[1] > MAX_SETTING) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "%s is not two numbers from 1 to %d", name, MAX_SETTING);
    }
    *h = list[0];
    *w = list[1];
    return MN_OK;
}

/* What SAME_UPPER and TFLite's SAME pad: as little as gives every input's step an output, the odd one behind. */
static void pad_same(axis *a, int32_t input, bool lower) {
    int64_t outputs = (input + a->step - 1) / a->step, reach = (a->size - 1) * a->dilation + 1;
    int64_t total = (outputs - 1) * a->step + reach - input;
    if (total < 0) total = 0;
    a->before = lower ? total - total / 2 : total / 2;
    a->after = total - a->before;
}

static bool is_same(const axis *a, int32_t input) {
    axis same = *a;
    pad_same(&same, input, false);
    return same.before == a->before && same.after == a->after;
}

/* Reads the attributes of a window over the map `in`. kernel_shape may be left out where weights tell the size. */
static mn_status read_window(const mn_onnx_builder *b, const mn_layer *in, axis *h, axis *w) {
    int64_t pads[MN_ONNX_MAX_LIST] = {0};
    int32_t count;
    const mn_onnx_attribute *automatic = mn_onnx_attribute_of(b->node, "auto_pad");
    mn_onnx_text mode = automatic ? automatic->text : (mn_onnx_text){0};
    MN_TRY(read_pair(b, "kernel_shape", h->size, &h->size, &w->size));
    MN_TRY(read_pair(b, "strides", 1, &h->step, &w->step));
    MN_TRY(read_pair(b, "dilations", 1, &h->dilation, &w->dilation));
    MN_TRY(mn_onnx_list(b, "pads", -1, pads, &count));
    bool good = count == -1 || count == 4;
    for (int32_t i = 0; i < 4 && good; i++) good = pads[i] >= 0 && pads[i] <= MAX_SETTING;
    if (!good) return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "pads are not four numbers from 0 to %d", MAX_SETTING);
    h->before = pads[0];
    w->before = pads[1];
    h->after = pads[2];
    w->after = pads[3];
    bool lower = mn_onnx_text_is(mode, "SAME_LOWER");
    if (lower || mn_onnx_text_is(mode, "SAME_UPPER")) {
        pad_same(h, in->h, lower);
        pad_same(w, in->w, lower);
    }
    return MN_OK;
}

/* Sets what `layer` has in common with other windows, and pads before it where TFLite's SAME would do otherwise.
 * `zeros`: padding counts as zeros, so that it may be another layer. */
static mn_status place_window(mn_onnx_builder *b, const mn_onnx_value *from, const axis *h, const axis *w, bool zeros,
                              mn_layer *layer) {
    const mn_layer *in = mn_onnx_layer_of(b, from);
    bool none = h->before + h->after + w->before + w->after == 0, same = is_same(h, in->h) && is_same(w, in->w);
    layer->k_h = (int32_t)h->size;
    layer->k_w = (int32_t)w->size;
    layer->stride = (int32_t)h->step;
    layer->stride_w = (int32_t)w->step;
    layer->dilation_h = (int32_t)h->dilation;
    layer->dilation_w = (int32_t)w->dilation;
    layer->padding = same ? MN_PAD_SAME : MN_PAD_VALID;
    layer->inputs[0] = from->layer;
    if (same || none) return MN_OK;
    if (!zeros) return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "its padding is not what TensorFlow Lite calls SAME");
    mn_layer pad = {.kind = MN_LAYER_ZERO_PADDING,
                    .inputs = {from->layer},
                    .pad = {(int32_t)h->before, (int32_t)h->after, (int32_t)w->before, (int32_t)w->after}};
    return mn_onnx_add(b, pad, false, "_pad", &layer->inputs[0]);
}

/* ---- Convolution ------------------------------------------------------------------------------------- */

mn_status mn_onnx_build_conv(mn_onnx_builder *b) {
    mn_onnx_value *from;
    const mn_array *weights, *bias = NULL;
    mn_layer layer = {.kind = MN_LAYER_CONV};
    MN_TRY(mn_onnx_layer_in(b, 0, 4, &from));
    MN_TRY(mn_onnx_floats_in(b, 1, &weights));
    if (mn_onnx_in(b, 2)) MN_TRY(mn_onnx_floats_in(b, 2, &bias));
    int32_t channels = mn_onnx_layer_of(b, from)->c;
    int64_t groups = mn_onnx_integer(b, "group", 1);
    if (weights->rank != 4 || weights->count == 0 || groups < 1 || groups * weights->dims[1] != channels ||
        weights->dims[0] % groups != 0) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "its weights do not suit %d channels in %lld groups", channels,
                            (long long)groups);
    }
    axis h = {.size = weights->dims[2]}, w = {.size = weights->dims[3]};
    MN_TRY(read_window(b, mn_onnx_layer_of(b, from), &h, &w));
    if (h.size != weights->dims[2] || w.size != weights->dims[3]) {
        return mn_onnx_fail(b, MN_ERROR_FORMAT, "kernel_shape is not that of its weights");
    }
    MN_TRY(place_window(b, from, &h, &w, true, &layer));
    layer.units = weights->dims[0];
    layer.groups = (int32_t)groups;
    if (groups > 1 && groups == channels) {
        layer.kind = MN_LAYER_DEPTHWISE;
        layer.groups = 1;
        layer.multiplier = layer.units / channels;
    }
    int32_t index;
    MN_TRY(mn_onnx_add(b, layer, bias != NULL, "", &index));
    /* [out][in][h][w] to [h][w][in][out]; a depthwise one's outputs are its inputs, each times the multiplier. */
    mn_array_read_floats(weights, (const int32_t[]){2, 3, 1, 0}, b->net->layers[index].kernel);
    if (bias) MN_TRY(mn_onnx_read_vector(b, bias, "the bias", layer.units, b->net->layers[index].bias));
    return mn_onnx_set_layer(b, index, 4, false);
}

/* ---- Pools ------------------------------------------------------------------------------------------- */

static bool same_count(const axis *a, int32_t input) {
    int64_t rest = input + a->before + a->after - ((a->size - 1) * a->dilation + 1);
    return rest % a->step == 0;
}

mn_status mn_onnx_build_pool(mn_onnx_builder *b) {
    mn_onnx_value *from;
    bool average = mn_onnx_text_is(b->node->kind, "AveragePool"),
         zeros = mn_onnx_integer(b, "count_include_pad", 0) != 0;
    mn_layer layer = {.kind = average ? MN_LAYER_AVERAGE_POOL : MN_LAYER_MAX_POOL};
    MN_TRY(mn_onnx_layer_in(b, 0, 4, &from));
    const mn_layer in = *mn_onnx_layer_of(b, from);
    axis h = {0}, w = {0};
    MN_TRY(read_window(b, &in, &h, &w));
    bool padded = h.before + h.after + w.before + w.after > 0;
    if (h.dilation != 1 || w.dilation != 1 ||
        (mn_onnx_integer(b, "ceil_mode", 0) != 0 && !(same_count(&h, in.h) && same_count(&w, in.w)))) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "dilation or ceil_mode are not supported");
    }
    if (average && !padded && h.size == in.h && w.size == in.w) {
        return mn_onnx_follow(b, from, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true});
    }
    if (average && padded && zeros) {
        mn_layer pad = {.kind = MN_LAYER_ZERO_PADDING,
                        .inputs = {from->layer},
                        .pad = {(int32_t)h.before, (int32_t)h.after, (int32_t)w.before, (int32_t)w.after}};
        mn_onnx_value between = *from;
        MN_TRY(mn_onnx_add(b, pad, false, "_pad", &between.layer));
        h.before = h.after = w.before = w.after = 0;
        MN_TRY(place_window(b, &between, &h, &w, false, &layer));
        layer.padding = MN_PAD_VALID;
    } else {
        MN_TRY(place_window(b, from, &h, &w, false, &layer));
    }
    int32_t index;
    MN_TRY(mn_onnx_add(b, layer, false, "", &index));
    return mn_onnx_set_layer(b, index, 4, false);
}

mn_status mn_onnx_build_global_pool(mn_onnx_builder *b) {
    mn_onnx_value *from;
    bool average = mn_onnx_text_is(b->node->kind, "GlobalAveragePool");
    MN_TRY(mn_onnx_layer_in(b, 0, 4, &from));
    return mn_onnx_follow(b, from,
                          (mn_layer){.kind = average ? MN_LAYER_GLOBAL_POOL : MN_LAYER_GLOBAL_MAX, .keep_dims = true});
}

/* Over height and width. */
mn_status mn_onnx_build_reduce_mean(mn_onnx_builder *b) {
    int64_t axes[MN_ONNX_MAX_LIST];
    int32_t count, index;
    const mn_onnx_value *from = mn_onnx_in(b, 0);
    if (!from || from->kind != MN_ONNX_LAYER || from->rank != 4) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only the mean of a map is supported");
    }
    MN_TRY(mn_onnx_list(b, "axes", 1, axes, &count));
    int32_t first = from->channels_last ? 1 : 2, mask = 0;
    for (int32_t i = 0; i < count; i++) {
        int64_t place = axes[i] < 0 ? axes[i] + 4 : axes[i];
        mask |= place >= 0 && place < 4 ? 1 << place : 1;
    }
    if (mask != 3 << first) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only the mean over height and width is supported");
    }
    bool keep = mn_onnx_integer(b, "keepdims", 1) != 0;
    mn_layer layer = {.kind = MN_LAYER_GLOBAL_POOL, .inputs = {from->layer}, .keep_dims = keep};
    bool last = from->channels_last;
    MN_TRY(mn_onnx_add(b, layer, false, "", &index));
    return mn_onnx_set_layer(b, index, keep ? 4 : 2, last);
}

/* ---- Padding ----------------------------------------------------------------------------------------- */

mn_status mn_onnx_build_pad(mn_onnx_builder *b) {
    mn_onnx_value *from;
    const mn_onnx_value *value = mn_onnx_in(b, 2);
    const mn_onnx_attribute *mode = mn_onnx_attribute_of(b->node, "mode");
    int64_t pads[MN_ONNX_MAX_LIST], axes[MN_ONNX_MAX_LIST], all[8] = {0};
    int32_t count, axis_count;
    MN_TRY(mn_onnx_layer_in(b, 0, 4, &from));
    MN_TRY(mn_onnx_list(b, "pads", 1, pads, &count));
    MN_TRY(mn_onnx_list(b, "axes", 3, axes, &axis_count));
    float filler = mn_onnx_number(b, "value", 0);
    if (value && value->kind == MN_ONNX_CONSTANT && value->array.count == 1 && value->array.type <= MN_ARRAY_F64) {
        MN_TRY(mn_onnx_read_vector(b, &value->array, "the value", 1, &filler));
    } else if (value && (value->kind != MN_ONNX_CONSTANT || value->array.count != 0)) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "the value to pad with is not constant");
    }
    if (axis_count == -1) {
        axis_count = 4;
        for (int32_t i = 0; i < 4; i++) axes[i] = i;
    }
    bool good = count == 2 * axis_count && filler == 0 && (!mode || mn_onnx_text_is(mode->text, "constant"));
    for (int32_t i = 0; good && i < axis_count; i++) {
        int64_t place = axes[i] < 0 ? axes[i] + 4 : axes[i];
        good = place >= 0 && place < 4 && pads[i] >= 0 && pads[i] <= MAX_SETTING && pads[axis_count + i] >= 0 &&
               pads[axis_count + i] <= MAX_SETTING;
        if (good) all[place] = pads[i];
        if (good) all[4 + place] = pads[axis_count + i];
    }
    if (!good || all[0] != 0 || all[1] != 0 || all[4] != 0 || all[5] != 0) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only zeros around height and width are supported");
    }
    return mn_onnx_follow(b, from,
                          (mn_layer){.kind = MN_LAYER_ZERO_PADDING,
                                     .pad = {(int32_t)all[2], (int32_t)all[6], (int32_t)all[3], (int32_t)all[7]}});
}
