/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "image/prepare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/status.h"
#include "graph/stored.h"

/* ---- What the tensor is ------------------------------------------------------------------------------ */

static bool is_channel_count(int32_t n) { return n == 1 || n == 3; }

/* [N,H,W,C] or [N,C,H,W]; C is 1 or 3. The first reading wins where both fit. */
static mn_status find_layout(const mn_tensor *input, mn_prepare *p) {
    const int32_t *d = input->dims;
    int32_t height = 0, width = 0;
    if (input->rank == 4 && is_channel_count(d[3])) {
        p->layout = MN_CHANNELS_LAST;
        height = d[1], width = d[2], p->channels = d[3];
    } else if (input->rank == 4 && is_channel_count(d[1])) {
        p->layout = MN_CHANNELS_FIRST;
        height = d[2], width = d[3], p->channels = d[1];
    } else {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "input \"%s\" is not a picture: it needs four dimensions with 1 or 3 channels last or second; "
                       "give a model that classifies images",
                       input->name);
    }
    if (height < 1 || width < 1 || height > MN_PICTURE_MAX_SIDE || width > MN_PICTURE_MAX_SIDE ||
        (int64_t)height * width > MN_PICTURE_MAX_PIXELS)
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "input \"%s\" wants pictures of %dx%d, but a side must be 1..%d; give the input another size",
                       input->name, width, height, MN_PICTURE_MAX_SIDE);
    p->width = width;
    p->height = height;
    p->type = input->type;
    p->bytes = (size_t)width * (size_t)height * (size_t)p->channels * mn_type_size(input->type);
    return MN_OK;
}

/* How stored values stand for real ones: real = scale * (stored - zero_point), stored in [low, high].
 * A float tensor has a scale of 0. */
typedef struct storage {
    double scale;
    int32_t zero_point;
    int32_t low, high;
} storage;

static mn_status find_storage(const mn_tensor *input, storage *s) {
    *s = (storage){0};
    if (input->type == MN_FLOAT32) return MN_OK;
    if (!mn_is_stored(input->type))
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "input \"%s\" is of type %s, but a picture goes into float32, int8, uint8 or int16; convert the "
                       "model",
                       input->name, mn_type_name(input->type));
    if (input->quant.count != 1)
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "input \"%s\" is %s without one scale and zero point for all of it, so the value of a pixel is "
                       "unknown; convert the model with a quantised input",
                       input->name, mn_type_name(input->type));
    s->scale = (double)input->quant.scale[0];
    s->zero_point = input->quant.zero_point[0];
    s->low = mn_stored_lowest(input->type);
    s->high = mn_stored_highest(input->type);
    return MN_OK;
}

/* ---- What a pixel means ------------------------------------------------------------------------------ */

static mn_status check_options(const mn_preprocess_options *o) {
    if (o->crop != MN_CROP_AUTO && o->crop != MN_CROP_EXACT && o->crop != MN_CROP_CENTRAL)
        return mn_fail(MN_ERROR_ARGUMENT, "crop mode %d does not exist; give one of mn_crop", (int)o->crop);
    if ((uint32_t)o->filter > MN_RESIZE_LANCZOS)
        return mn_fail(MN_ERROR_ARGUMENT, "resize filter %d does not exist; give one of mn_resize_filter",
                       (int)o->filter);
    if (o->has_range && o->has_mean)
        return mn_fail(MN_ERROR_ARGUMENT, "an input range and a mean were both given; give one of them");
    if (o->has_range && !(isfinite(o->low) && isfinite(o->high) && o->low < o->high))
        return mn_fail(MN_ERROR_ARGUMENT, "the input range %g..%g is empty; give the lower end first, as in -1..1",
                       (double)o->low, (double)o->high);
    for (int c = 0; o->has_mean && c < 3; c++)
        if (!isfinite(o->mean[c]) || !isfinite(o->deviation[c]) || o->deviation[c] < 1)
            return mn_fail(MN_ERROR_ARGUMENT,
                           "mean %g with standard deviation %g is not in units of a pixel, 0..255; values for "
                           "pixels of 0..1 must be multiplied by 255 (0.485 and 0.229 become 123.675 and 58.395)",
                           (double)o->mean[c], (double)o->deviation[c]);
    return MN_OK;
}

/* real(pixel) = low + pixel * (high - low) / 255, by channel. */
static mn_status find_meaning(const mn_tensor *input, const mn_pixels *pixels, const mn_preprocess_options *o,
                              mn_pixels *out) {
    if (!mn_prepare_given(o)) {
        if (!pixels)
            return mn_fail(MN_ERROR_ARGUMENT, "input \"%s\": nothing says what pixels are; give a range or a mean",
                           input->name);
        *out = *pixels;
        return MN_OK;
    }
    *out = (mn_pixels){
        .struct_bytes = sizeof *out, .source = MN_PIXELS_GIVEN, .central_crop = pixels && pixels->central_crop};
    for (int c = 0; c < 3; c++) {
        double mean = (double)o->mean[c], deviation = (double)o->deviation[c];
        out->low[c] = o->has_range ? (double)o->low : (0 - mean) / deviation;
        out->high[c] = o->has_range ? (double)o->high : (255 - mean) / deviation;
    }
    return MN_OK;
}

/* ---- The tables -------------------------------------------------------------------------------------- */

/* True when the 256 pixels are the 256 stored values to within one step at either end. Then a stored value *is* a
 * pixel, shifted: what training tools feed, and what a rounded -1..1 would miss by a step here and there. */
static bool is_shift(const storage *s, const mn_pixels *m, int32_t channels) {
    const double step = 1.001;
    if (s->high - s->low != 255) return false;
    for (int c = 0; c < channels; c++)
        if (fabs(m->low[c] / s->scale + s->zero_point - s->low) > step ||
            fabs(m->high[c] / s->scale + s->zero_point - s->high) > step)
            return false;
    return true;
}

/* TFLite's QUANTIZE: divide in float, round halves away from zero, add the zero point, clamp. */
static int32_t quantise(float real, const storage *s) {
    float steps = roundf(real / (float)s->scale);
    if (steps <= (float)(s->low - s->zero_point)) return s->low;
    if (steps >= (float)(s->high - s->zero_point)) return s->high;
    return (int32_t)steps + s->zero_point;
}

static void fill_tables(const storage *s, const mn_pixels *m, bool shift, mn_prepare *p) {
    for (int c = 0; c < p->channels; c++) {
        for (int pixel = 0; pixel < 256; pixel++) {
            float real = (float)(m->low[c] + (m->high[c] - m->low[c]) * pixel / 255);
            p->real[c][pixel] = real;
            if (s->scale > 0) p->stored[c][pixel] = (int16_t)(shift ? pixel + s->low : quantise(real, s));
        }
    }
}

/* ---- In words ---------------------------------------------------------------------------------------- */

static void describe_values(const double *values, char *text, size_t bytes) {
    if (values[0] == values[1] && values[0] == values[2])
        snprintf(text, bytes, "%.6g", values[0]);
    else
        snprintf(text, bytes, "[%.6g %.6g %.6g]", values[0], values[1], values[2]);
}

/* Only what a reader would want to check. */
static const char *describe_source(mn_pixel_source source) {
    switch (source) {
    case MN_PIXELS_ASSUMED: return " (assumed; --input-range changes it)";
    case MN_PIXELS_METADATA: return " (metadata)";
    case MN_PIXELS_RESCALING: return " (rescaled inside)";
    case MN_PIXELS_QUANTISATION:
    case MN_PIXELS_GIVEN: break;
    }
    return "";
}

/* As a range where all channels have the same one, else as what is taken away and divided by. */
void mn_pixels_text(const mn_pixels *pixels, int32_t channels, char text[MN_PIXELS_TEXT]) {
    double mean[3], deviation[3];
    bool alike = true;
    for (int32_t i = 0; i < 3; i++) {
        int32_t c = i < channels ? i : 0;
        alike = alike && pixels->low[c] == pixels->low[0] && pixels->high[c] == pixels->high[0];
        deviation[i] = 255 / (pixels->high[c] - pixels->low[c]);
        mean[i] = 0 - pixels->low[c] * deviation[i];
    }
    if (alike) {
        snprintf(text, MN_PIXELS_TEXT, "0..255 -> %.6g..%.6g%s", pixels->low[0], pixels->high[0],
                 describe_source(pixels->source));
    } else {
        char a[48], b[48];
        describe_values(mean, a, sizeof a);
        describe_values(deviation, b, sizeof b);
        snprintf(text, MN_PIXELS_TEXT, "0..255 -> (pixel - %s) / %s%s", a, b, describe_source(pixels->source));
    }
}

static void describe_storage(const storage *s, bool shift, char *text, size_t bytes) {
    if (s->scale <= 0)
        text[0] = '\0';
    else if (shift)
        snprintf(text, bytes, ", stored = pixel%s", s->low < 0 ? " - 128" : "");
    else if (s->zero_point == 0)
        snprintf(text, bytes, ", stored = round(real / %g)", s->scale);
    else
        snprintf(text, bytes, ", stored = round(real / %g) %c %d", s->scale, s->zero_point < 0 ? '-' : '+',
                 s->zero_point < 0 ? -s->zero_point : s->zero_point);
}

static void describe(const storage *s, const mn_pixels *m, bool shift, mn_prepare *p) {
    char means[MN_PIXELS_TEXT], stored[64];
    mn_pixels_text(m, p->channels, means);
    describe_storage(s, shift, stored, sizeof stored);
    snprintf(p->text, sizeof p->text, "%dx%d %s%s, %s, pixels %s%s", p->width, p->height,
             p->channels == 3 ? "RGB" : "gray", p->layout == MN_CHANNELS_FIRST ? " in planes" : "",
             mn_type_name(p->type), means, stored);
}

bool mn_prepare_given(const mn_preprocess_options *options) { return options->has_range || options->has_mean; }

mn_status mn_prepare_init(const mn_tensor *input, const mn_pixels *pixels, const mn_preprocess_options *options,
                          mn_prepare *out) {
    static const mn_preprocess_options defaults = {0};
    if (!options) options = &defaults;
    mn_prepare p = {.crop = options->crop, .filter = options->filter};
    storage s;
    mn_pixels m;
    MN_TRY(check_options(options));
    MN_TRY(find_layout(input, &p));
    MN_TRY(find_storage(input, &s));
    MN_TRY(find_meaning(input, pixels, options, &m));
    if (p.filter == MN_RESIZE_AUTO) p.filter = MN_RESIZE_BICUBIC;
    if (p.crop == MN_CROP_AUTO) p.crop = m.central_crop ? MN_CROP_CENTRAL : MN_CROP_EXACT;
    p.pixels = m;
    bool shift = s.scale > 0 && is_shift(&s, &m, p.channels);
    fill_tables(&s, &m, shift, &p);
    describe(&s, &m, shift, &p);
    *out = p;
    return MN_OK;
}
