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

static void json_values(cli_json *json, const char *key, const double *values) {
    cli_json_array(json, key);
    for (int32_t c = 0; c < 3; c++) cli_json_number(json, NULL, values[c]);
    cli_json_end(json);
}

void cli_json_pixels(cli_json *json, const mn_prepare *contract) {
    cli_json_text(json, "input_range_source", mn_pixel_source_name(contract->pixels.source));
    json_values(json, "input_low", contract->pixels.low);
    json_values(json, "input_high", contract->pixels.high);
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
    out->crop = options->crop ? MN_CROP_CENTRAL : options->exact ? MN_CROP_EXACT : MN_CROP_AUTO;
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
