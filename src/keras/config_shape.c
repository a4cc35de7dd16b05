/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Classes of layers that pool, pad and change shapes. */

#include "keras/config_reader.h"

typedef mn_config_reader reader;
typedef mn_config_value value;

/* [[top, bottom], [left, right]], or [rows, columns], or one number. */
mn_status mn_config_read_zero_padding(reader *r, const cJSON *config, value *v) {
    mn_layer layer = {.kind = MN_LAYER_ZERO_PADDING};
    const cJSON *padding = mn_config_get(config, "padding");
    MN_TRY(mn_config_check_format(r, config));
    for (int i = 0; i < 4; i++) {
        const cJSON *side = cJSON_IsArray(padding) ? cJSON_GetArrayItem(padding, i / 2) : padding;
        layer.pad[i] = mn_config_int(cJSON_IsArray(side) ? cJSON_GetArrayItem(side, i % 2) : side, 1);
    }
    return mn_config_add_plain(r, layer, v);
}

/* ---- Pooling ----------------------------------------------------------------------------------------- */

static mn_status read_global(reader *r, const cJSON *config, mn_layer_kind kind, value *v) {
    MN_TRY(mn_config_check_format(r, config));
    return mn_config_add_plain(r, (mn_layer){.kind = kind, .keep_dims = mn_config_true(config, "keepdims", false)}, v);
}

mn_status mn_config_read_global_pool(reader *r, const cJSON *config, value *v) {
    return read_global(r, config, MN_LAYER_GLOBAL_POOL, v);
}

mn_status mn_config_read_global_max(reader *r, const cJSON *config, value *v) {
    return read_global(r, config, MN_LAYER_GLOBAL_MAX, v);
}

/* Older recipes pool the whole map with a window of its size. */
static mn_status read_window(reader *r, const cJSON *config, mn_layer_kind kind, value *v) {
    const mn_layer *in = mn_config_layer_of(r, v);
    mn_layer layer = {.kind = kind};
    int32_t size[2], stride[2];
    MN_TRY(mn_config_check_format(r, config));
    MN_TRY(mn_config_padding(r, config, &layer.padding));
    MN_TRY(mn_config_pair(r, config, "pool_size", 2, size));
    bool as_large = !mn_config_get(config, "strides") || cJSON_IsNull(mn_config_get(config, "strides"));
    if (as_large) {
        stride[0] = size[0];
        stride[1] = size[1];
    } else {
        MN_TRY(mn_config_pair(r, config, "strides", 1, stride));
    }
    if (kind == MN_LAYER_AVERAGE_POOL && size[0] == in->h && size[1] == in->w && layer.padding == MN_PAD_VALID) {
        return mn_config_add_plain(r, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true}, v);
    }
    layer.k_h = size[0];
    layer.k_w = size[1];
    layer.stride = stride[0];
    layer.stride_w = stride[1];
    return mn_config_add_plain(r, layer, v);
}

mn_status mn_config_read_max_pool(reader *r, const cJSON *config, value *v) {
    return read_window(r, config, MN_LAYER_MAX_POOL, v);
}

mn_status mn_config_read_average_pool(reader *r, const cJSON *config, value *v) {
    return read_window(r, config, MN_LAYER_AVERAGE_POOL, v);
}

/* ---- Shapes ------------------------------------------------------------------------------------------ */

mn_status mn_config_read_flatten(reader *r, const cJSON *config, value *v) {
    MN_TRY(mn_config_check_format(r, config));
    return mn_config_add_plain(r, (mn_layer){.kind = MN_LAYER_RESHAPE}, v);
}

/* One dimension, or three, one of which may be -1. */
mn_status mn_config_read_reshape(reader *r, const cJSON *config, value *v) {
    const cJSON *target = mn_config_get(config, "target_shape");
    int32_t rank = cJSON_GetArraySize(target), dims[3], open = -1;
    if (rank == 1) return mn_config_add_plain(r, (mn_layer){.kind = MN_LAYER_RESHAPE}, v);
    if (rank != 3) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a shape of %d dimensions; only one or three are read", rank);
    }
    const mn_layer *in = mn_config_layer_of(r, v);
    int64_t count = (int64_t)in->h * in->w * in->c, known = 1;
    for (int32_t i = 0; i < 3; i++) {
        dims[i] = mn_config_int(cJSON_GetArrayItem(target, i), 0);
        if (dims[i] == -1 && open < 0) {
            open = i;
            continue;
        }
        if (dims[i] < 1 || known > INT32_MAX) return mn_config_fail(r, MN_ERROR_FORMAT, "its shape is damaged");
        known *= dims[i];
    }
    if (open >= 0) dims[open] = known <= count ? (int32_t)(count / known) : 0;
    mn_layer layer = {.kind = MN_LAYER_RESHAPE, .keep_dims = true, .h = dims[0], .w = dims[1], .c = dims[2]};
    return mn_config_add_plain(r, layer, v);
}

/* ---- Sizes ------------------------------------------------------------------------------------------- */

static mn_status add_resize(reader *r, const cJSON *config, int64_t height, int64_t width, value *v) {
    const char *way = mn_config_text(config, "interpolation");
    const mn_layer *in = mn_config_layer_of(r, v);
    bool bilinear = !way || mn_config_same(way, "bilinear");
    if (height == in->h && width == in->w) return MN_OK;
    if (!bilinear && !mn_config_same(way, "nearest")) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "interpolation is %.40s, but only bilinear and nearest are read",
                              way);
    }
    if (height < 1 || height > UINT16_MAX || width < 1 || width > UINT16_MAX) {
        return mn_config_fail(r, MN_ERROR_FORMAT, "its size is damaged or impossible");
    }
    MN_TRY(mn_config_rescale(r, v));
    mn_layer layer = {.kind = MN_LAYER_RESIZE, .h = (int32_t)height, .w = (int32_t)width, .bilinear = bilinear};
    return mn_config_add_plain(r, layer, v);
}

mn_status mn_config_read_resizing(reader *r, const cJSON *config, value *v) {
    static const char *const refused[] = {"crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"};
    const mn_layer *in = mn_config_layer_of(r, v);
    int32_t height = mn_config_int(mn_config_get(config, "height"), -1);
    int32_t width = mn_config_int(mn_config_get(config, "width"), -1);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (!mn_config_true(config, refused[i], false) || (height == in->h && width == in->w)) continue;
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED,
                              "%s; build the model on an input of %dx%d, for photos are resized before they go in",
                              refused[i], height, width);
    }
    return add_resize(r, config, height, width, v);
}

mn_status mn_config_read_upsampling(reader *r, const cJSON *config, value *v) {
    const mn_layer *in = mn_config_layer_of(r, v);
    int32_t size[2];
    MN_TRY(mn_config_check_format(r, config));
    MN_TRY(mn_config_pair(r, config, "size", 2, size));
    return add_resize(r, config, (int64_t)size[0] * in->h, (int64_t)size[1] * in->w, v);
}

/* Fine where it has nothing to do. */
mn_status mn_config_read_crop(reader *r, const cJSON *config, value *v) {
    const mn_layer *in = mn_config_layer_of(r, v);
    int32_t height = mn_config_int(mn_config_get(config, "height"), -1);
    int32_t width = mn_config_int(mn_config_get(config, "width"), -1);
    if (height == in->h && width == in->w) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED,
                          "it makes %dx%d of %dx%d inside the model; build the model on an input of %dx%d, for photos "
                          "are cropped before they go in",
                          height, width, in->h, in->w, height, width);
}
