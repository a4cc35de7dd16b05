/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Each output pixel is a weighted mean of the input pixels under a filter centred on it; the filter widens with the
 * scale, so that every input pixel counts. Columns and rows are two passes with a picture of bytes in between. Weights
 * are fixed point with WEIGHT_BITS bits, and computed in double with exactly Pillow's order of operations: an equal
 * result for every input needs equal weights. Facts from Pillow's Resample.c and Geometry.c, and from trying Pillow 13.
 */

#include "image/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/status.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF /* a fused multiply-add would change weights; GCC keeps off it with -std=c11 */
#endif

/* 8 bits of pixel, 2 of headroom for filters with negative parts (sum of |weights| < 2), 22 of weight. */
#define WEIGHT_BITS 22

static const double pi = 3.14159265358979323846;

/* ---- Filters: weight at distance x, in units of the filter scale ------------------------------------- */

static double box_weight(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

static double bilinear_weight(double x) {
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double hamming_weight(double x) {
    x = fabs(x);
    if (x == 0.0) return 1.0;
    if (x >= 1.0) return 0.0;
    x *= pi;
    return sin(x) / x * ((double)0.54f + (double)0.46f * cos(x)); /* the constants really are floats */
}

/* Keys' cubic convolution with a = -1/2. */
static double bicubic_weight(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static double sinc(double x) {
    if (x == 0.0) return 1.0;
    x *= pi;
    return sin(x) / x;
}

static double lanczos_weight(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

typedef struct kernel {
    const char *name;
    double (*weight)(double x); /* NULL: one pixel is picked, none are weighted */
    double reach;               /* weight is 0 farther out */
} kernel;

static const kernel kernels[] = {
    [MN_RESIZE_NEAREST] = {"nearest", NULL, 0.0},
    [MN_RESIZE_BOX] = {"box", box_weight, 0.5},
    [MN_RESIZE_BILINEAR] = {"bilinear", bilinear_weight, 1.0},
    [MN_RESIZE_HAMMING] = {"hamming", hamming_weight, 1.0},
    [MN_RESIZE_BICUBIC] = {"bicubic", bicubic_weight, 2.0},
    [MN_RESIZE_LANCZOS] = {"lanczos", lanczos_weight, 3.0},
};
#define FILTER_COUNT (sizeof kernels / sizeof kernels[0])

const char *mn_resize_filter_name(mn_resize_filter filter) {
    return (size_t)filter < FILTER_COUNT ? kernels[filter].name : "unknown";
}

mn_status mn_resize_filter_parse(const char *name, mn_resize_filter *out) {
    for (size_t i = 0; i < FILTER_COUNT; i++) {
        if (strcmp(name, kernels[i].name) != 0) continue;
        *out = (mn_resize_filter)i;
        return MN_OK;
    }
    return mn_fail(MN_ERROR_ARGUMENT,
                   "%s: is not a resize filter; give nearest, box, bilinear, hamming, bicubic or lanczos", name);
}

/* ---- Weights of one axis ----------------------------------------------------------------------------- */

typedef struct span {
    int32_t first; /* input pixel */
    int32_t count; /* of input pixels, at most `stride` */
} span;

/* For each of the output pixels along one axis: which input pixels it takes, and how much of each. */
typedef struct axis {
    span *spans;
    int32_t *weights; /* [outputs][stride] */
    size_t stride;
} axis;

static void axis_free(axis *a) {
    free(a->spans);
    free(a->weights);
    *a = (axis){0};
}

static int32_t to_fixed(double weight) {
    double scaled = weight * (1 << WEIGHT_BITS);
    return (int32_t)(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
}

/* The span and weights of one output pixel; `row` holds the weights before they are normalised. */
static span weigh_pixel(const kernel *k, double center, double filter_scale, int32_t in_size, double *row,
                        int32_t *weights) {
    double reach = k->reach * filter_scale;
    double shrink = 1.0 / filter_scale;
    int32_t first = mn_max_i32((int32_t)(center - reach + 0.5), 0);
    int32_t count = mn_min_i32((int32_t)(center + reach + 0.5), in_size) - first;
    double sum = 0.0;
    for (int32_t i = 0; i < count; i++) {
        row[i] = k->weight((i + first - center + 0.5) * shrink);
        sum += row[i];
    }
    for (int32_t i = 0; i < count; i++) weights[i] = to_fixed(sum != 0.0 ? row[i] / sum : row[i]);
    return (span){first, count};
}

/* Weights for taking [low, high) of `in_size` input pixels to `out_size` output pixels. */
static mn_status axis_make(const kernel *k, int32_t in_size, float low, float high, int32_t out_size, axis *out) {
    double scale = (double)(high - low) / out_size; /* a float difference: Pillow's box is float */
    double filter_scale = scale < 1.0 ? 1.0 : scale;
    size_t stride = (size_t)ceil(k->reach * filter_scale) * 2 + 1;
    if (stride > (size_t)in_size) stride = (size_t)in_size;
    size_t outputs = (size_t)out_size, cells = 0, bytes = 0;
    axis a = {.stride = stride};
    double *row = malloc(stride * sizeof *row);
    a.spans = malloc(outputs * sizeof *a.spans);
    if (mn_mul_size(outputs, stride, &cells) && mn_mul_size(cells, sizeof *a.weights, &bytes))
        a.weights = malloc(bytes);
    if (!row || !a.spans || !a.weights) {
        free(row);
        axis_free(&a);
        return mn_fail_memory("the weights of a resize");
    }
    for (size_t i = 0; i < outputs; i++) {
        double center = low + ((double)i + 0.5) * scale;
        a.spans[i] = weigh_pixel(k, center, filter_scale, in_size, row, a.weights + i * stride);
    }
    free(row);
    *out = a;
    return MN_OK;
}

/* ---- The two passes ---------------------------------------------------------------------------------- */

/* Sums start at one half, so that the shift rounds. */
#define HALF (1 << (WEIGHT_BITS - 1))

/* The shift of a negative sum rounds down on every compiler we know, and any negative result clamps to 0. */
static uint8_t to_pixel(int32_t sum) { return (uint8_t)mn_clamp_i32(sum >> WEIGHT_BITS, 0, 255); }

static size_t row_bytes(const mn_image *image) { return (size_t)image->width * MN_IMAGE_CHANNELS; }

/* Columns: rows [first_row, first_row + out->height) of `in` to the width of `out`. */
static void resize_columns(const mn_image *in, int32_t first_row, const axis *a, mn_image *out) {
    for (int32_t y = 0; y < out->height; y++) {
        const uint8_t *from = in->pixels + (size_t)(y + first_row) * row_bytes(in);
        uint8_t *to = out->pixels + (size_t)y * row_bytes(out);
        for (int32_t x = 0; x < out->width; x++) {
            const uint8_t *pixel = from + (size_t)a->spans[x].first * MN_IMAGE_CHANNELS;
            const int32_t *weights = a->weights + (size_t)x * a->stride;
            int32_t red = HALF, green = HALF, blue = HALF;
            for (int32_t i = 0; i < a->spans[x].count; i++) {
                red += pixel[0] * weights[i];
                green += pixel[1] * weights[i];
                blue += pixel[2] * weights[i];
                pixel += MN_IMAGE_CHANNELS;
            }
            *to++ = to_pixel(red);
            *to++ = to_pixel(green);
            *to++ = to_pixel(blue);
        }
    }
}

/* Sums kept at once: few enough for the first-level cache, many enough to fill vectors. */
#define ROW_PIECE 512

/* One piece of an output row: `count` bytes of each of `rows` input rows, `stride` bytes apart. */
static void mix_rows(const uint8_t *from, size_t stride, const int32_t *weights, int32_t rows, size_t count,
                     uint8_t *to) {
    int32_t sums[ROW_PIECE];
    for (size_t i = 0; i < count; i++) sums[i] = HALF;
    for (int32_t y = 0; y < rows; y++, from += stride)
        for (size_t i = 0; i < count; i++) sums[i] += from[i] * weights[y];
    for (size_t i = 0; i < count; i++) to[i] = to_pixel(sums[i]);
}

/* Rows: `in` begins at row `first_row` of the picture that the spans count from. */
static void resize_rows(const mn_image *in, int32_t first_row, const axis *a, mn_image *out) {
    size_t stride = row_bytes(in);
    for (int32_t y = 0; y < out->height; y++) {
        const span *s = &a->spans[y];
        const uint8_t *from = in->pixels + (size_t)(s->first - first_row) * stride;
        uint8_t *to = out->pixels + (size_t)y * stride;
        for (size_t x = 0; x < stride; x += ROW_PIECE) {
            size_t count = stride - x < ROW_PIECE ? stride - x : ROW_PIECE;
            mix_rows(from + x, stride, a->weights + (size_t)y * a->stride, s->count, count, to + x);
        }
    }
}

/* ---- The whole --------------------------------------------------------------------------------------- */

typedef struct job {
    const mn_image *in;
    mn_resize_box box;
    const kernel *kernel;
    bool columns; /* the width or the horizontal extent changes */
    bool rows;
    axis across, down;
    mn_image between; /* after the first of two passes */
} job;

/* Pillow 13 takes the rows first when that loses much more height than width; before 13 it never did. The two passes
 * round in between, so the order shows in the result. Sizes of the whole picture count, not those of the box. */
static bool rows_come_first(const mn_image *in, const mn_image *out) {
    return in->height > out->height && in->height - out->height > 2 * (in->width - out->width);
}

static mn_status rows_then_columns(job *j, mn_image *out) {
    MN_TRY(mn_image_create(j->in->width, out->height, &j->between));
    resize_rows(j->in, 0, &j->down, &j->between);
    resize_columns(&j->between, 0, &j->across, out);
    return MN_OK;
}

/* Only the input rows that some output row takes go through the first pass. */
static mn_status columns_then_rows(job *j, mn_image *out) {
    const span *last = &j->down.spans[out->height - 1];
    int32_t first_row = j->down.spans[0].first;
    MN_TRY(mn_image_create(out->width, last->first + last->count - first_row, &j->between));
    resize_columns(j->in, first_row, &j->across, &j->between);
    resize_rows(&j->between, first_row, &j->down, out);
    return MN_OK;
}

static mn_status resize_weighted(job *j, mn_image *out) {
    const mn_resize_box *box = &j->box;
    if (j->columns) MN_TRY(axis_make(j->kernel, j->in->width, box->left, box->right, out->width, &j->across));
    if (j->rows) MN_TRY(axis_make(j->kernel, j->in->height, box->top, box->bottom, out->height, &j->down));
    if (j->columns && j->rows)
        return rows_come_first(j->in, out) ? rows_then_columns(j, out) : columns_then_rows(j, out);
    if (j->columns)
        resize_columns(j->in, 0, &j->across, out);
    else
        resize_rows(j->in, 0, &j->down, out);
    return MN_OK;
}

/* Nearest: positions are summed step by step, not multiplied, because Pillow's rounding errors are part of the
 * contract; a position that they push outside gives black, as there. */
static mn_status resize_nearest(const job *j, mn_image *out) {
    double step_x = (double)(j->box.right - j->box.left) / out->width;
    double step_y = (double)(j->box.bottom - j->box.top) / out->height;
    int32_t *columns = malloc((size_t)out->width * sizeof *columns);
    if (!columns) return mn_fail_memory("the columns of a resize");
    double x_position = j->box.left + step_x * 0.5, y_position = j->box.top + step_y * 0.5;
    for (int32_t x = 0; x < out->width; x++, x_position += step_x) columns[x] = (int32_t)x_position;
    memset(out->pixels, 0, (size_t)out->height * row_bytes(out));
    uint8_t *to = out->pixels;
    for (int32_t y = 0; y < out->height; y++, y_position += step_y) {
        if (y_position >= j->in->height) break;
        const uint8_t *from = j->in->pixels + (size_t)y_position * row_bytes(j->in);
        for (int32_t x = 0; x < out->width; x++, to += MN_IMAGE_CHANNELS)
            if (columns[x] < j->in->width) memcpy(to, from + (size_t)columns[x] * MN_IMAGE_CHANNELS, MN_IMAGE_CHANNELS);
    }
    free(columns);
    return MN_OK;
}

/* Written so that a NaN fails. */
static bool box_fits(const mn_resize_box *box, const mn_image *in) {
    return box->left >= 0 && box->top >= 0 && box->right <= (float)in->width && box->bottom <= (float)in->height &&
           box->left < box->right && box->top < box->bottom;
}

mn_status mn_resize(const mn_image *in, int32_t width, int32_t height, mn_resize_filter filter,
                    const mn_resize_box *box, mn_image *out) {
    job j = {.in = in, .box = {0, 0, (float)in->width, (float)in->height}};
    if ((size_t)filter >= FILTER_COUNT)
        return mn_fail(MN_ERROR_ARGUMENT, "resize filter %d does not exist; give one of mn_resize_filter", (int)filter);
    if (box) j.box = *box;
    if (!box_fits(&j.box, in))
        return mn_fail(MN_ERROR_ARGUMENT,
                       "resize box %g,%g,%g,%g is empty or not inside the picture of %dx%d; give a box inside it",
                       (double)j.box.left, (double)j.box.top, (double)j.box.right, (double)j.box.bottom, in->width,
                       in->height);
    j.kernel = &kernels[filter];
    j.columns = width != in->width || j.box.left > 0 || j.box.right < (float)in->width;
    j.rows = height != in->height || j.box.top > 0 || j.box.bottom < (float)in->height;
    mn_image image = {0};
    MN_TRY(mn_image_create(width, height, &image));
    mn_status status = MN_OK;
    if (!j.columns && !j.rows)
        memcpy(image.pixels, in->pixels, (size_t)height * row_bytes(in));
    else
        status = j.kernel->weight ? resize_weighted(&j, &image) : resize_nearest(&j, &image);
    axis_free(&j.across);
    axis_free(&j.down);
    mn_image_free(&j.between);
    if (status == MN_OK)
        *out = image;
    else
        mn_image_free(&image);
    return status;
}
