/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "image_options.h"

#include "common/error.h"

const char *const cli_filter_names[] = {
    [MN_RESIZE_NEAREST] = "nearest", [MN_RESIZE_BOX] = "box",         [MN_RESIZE_BILINEAR] = "bilinear",
    [MN_RESIZE_HAMMING] = "hamming", [MN_RESIZE_BICUBIC] = "bicubic", [MN_RESIZE_LANCZOS] = "lanczos",
    [MN_RESIZE_LANCZOS + 1] = NULL,
};

/* One number stands for three. */
static void spread(const cli_numbers *numbers, float out[3]) {
    for (int32_t i = 0; i < 3; i++) out[i] = (float)numbers->value[numbers->count == 1 ? 0 : i];
}

bool cli_image_resolve(const cli_image_options *options, mn_prepare_options *out) {
    mn_prepare_defaults(out);
    if (options->exact && options->crop) {
        cli_error("--exact and --crop exclude each other");
        return false;
    }
    if ((options->mean.count > 0) != (options->deviation.count > 0)) {
        cli_error("--mean and --std must be given together");
        return false;
    }
    if (options->range.count > 0 && options->mean.count > 0) {
        cli_error("--input-range and --mean exclude each other");
        return false;
    }
    out->crop = options->crop ? MN_CROP_CENTRAL : MN_CROP_EXACT;
    out->filter = (mn_resize_filter)options->filter;
    out->as_stored = options->no_exif;
    out->has_range = options->range.count > 0;
    out->low = (float)options->range.value[0];
    out->high = (float)options->range.value[1];
    out->has_mean = options->mean.count > 0;
    spread(&options->mean, out->mean);
    spread(&options->deviation, out->deviation);
    return true;
}
