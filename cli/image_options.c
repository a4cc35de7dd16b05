/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "image_options.h"

#include "base/status.h"
#include "common/error.h"

#define NAME(filter) [MN_RESIZE_##filter - MN_RESIZE_NEAREST]
const char *const cli_filter_names[] = {
    NAME(NEAREST) = "nearest",
    NAME(BOX) = "box",
    NAME(BILINEAR) = "bilinear",
    NAME(HAMMING) = "hamming",
    NAME(BICUBIC) = "bicubic",
    NAME(LANCZOS) = "lanczos",
    NULL,
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

void cli_json_pixels(cli_json *json, const mn_pixels *pixels) {
    cli_json_text(json, "input_range_source", mn_pixel_source_name(pixels->source));
    json_values(json, "input_low", pixels->low);
    json_values(json, "input_high", pixels->high);
}

mn_status cli_show_photo(const char *path, const mn_image_options *opening, mn_fill *const *fills, int32_t count) {
    mn_image *photo = NULL;
    MN_TRY(mn_image_open(path, opening, &photo));
    mn_status status = mn_fill_image(photo, fills, count);
    mn_image_close(&photo);
    return status;
}

bool cli_image_resolve(const cli_image_options *options, cli_showing *showing) {
    *showing = (cli_showing){.opening = MN_INIT(mn_image_options), .preprocess = MN_INIT(mn_preprocess_options)};
    mn_preprocess_options *out = &showing->preprocess;
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
    out->filter = (mn_resize_filter)(MN_RESIZE_NEAREST + options->filter);
    showing->opening.as_stored = options->no_exif;
    out->has_range = options->range.count > 0;
    out->low = (float)options->range.value[0];
    out->high = (float)options->range.value[1];
    out->has_mean = options->mean.count > 0;
    spread(&options->mean, out->mean);
    spread(&options->deviation, out->deviation);
    return true;
}
