/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Each output pixel is a weighted mean of the input pixels under a filter centred on it; the filter widens with the
 * scale, so that every input pixel counts. Columns and rows are two passes with bytes in between. Weights are fixed
 * point with MN_WEIGHT_BITS bits, and computed in double with exactly Pillow's order of operations: an equal result for
 * every input needs equal weights. Facts from Pillow's Resample.c and Geometry.c, and from trying Pillow 13.
 *
 * The picture comes row by row, and whichever pass is first, only sums of the output rows that a stored row is part of
 * are held. A turned picture is resized as it is stored, by the axes of the picture as seen, run backwards where the
 * file does: sums of whole numbers do not depend on their order. Only the small result is turned. */

#include "image/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/status.h"
#include "image/passes.h"
#include "image/turn.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF /* a fused multiply-add would change weights; GCC keeps off it with -std=c11 */
#endif

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
    [MN_RESIZE_AUTO] = {"auto", NULL, 0.0}, /* a wish, which becomes one of these before anything is resized */
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
    for (size_t i = MN_RESIZE_NEAREST; i < FILTER_COUNT; i++) {
        if (strcmp(name, kernels[i].name) != 0) continue;
        *out = (mn_resize_filter)i;
        return MN_OK;
    }
    return mn_fail(MN_ERROR_ARGUMENT,
                   "%s: is not a resize filter; give nearest, box, bilinear, hamming, bicubic or lanczos", name);
}

/* ---- Weights of one axis ----------------------------------------------------------------------------- */

/* For each of the output pixels along one axis: which input pixels it takes, and how much of each. */
typedef struct axis {
    mn_span *spans;
    int32_t *weights; /* [outputs][stride] */
    size_t stride;
} axis;

static void axis_free(axis *a) {
    free(a->spans);
    free(a->weights);
    *a = (axis){0};
}

static int32_t to_fixed(double weight) {
    double scaled = weight * (1 << MN_WEIGHT_BITS);
    return (int32_t)(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
}

/* The span and weights of one output pixel; `row` holds the weights before they are normalised. */
static mn_span weigh_pixel(const kernel *k, double center, double filter_scale, int32_t in_size, double *row,
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
    return (mn_span){first, count};
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

/* The same axis of a file in which it runs backwards. */
static void axis_reverse(axis *a, int32_t in_size, int32_t out_size) {
    for (int32_t low = 0, high = out_size - 1; low < high; low++, high--) {
        int32_t *x = a->weights + (size_t)low * a->stride, *y = a->weights + (size_t)high * a->stride;
        mn_span kept = a->spans[low];
        a->spans[low] = a->spans[high];
        a->spans[high] = kept;
        for (size_t i = 0; i < a->stride; i++) {
            int32_t weight = x[i];
            x[i] = y[i];
            y[i] = weight;
        }
    }
    for (int32_t o = 0; o < out_size; o++) {
        mn_span *s = &a->spans[o];
        int32_t *weights = a->weights + (size_t)o * a->stride;
        s->first = in_size - s->first - s->count;
        for (int32_t low = 0, high = s->count - 1; low < high; low++, high--) {
            int32_t weight = weights[low];
            weights[low] = weights[high];
            weights[high] = weight;
        }
    }
}

/* Each weight three times, as the pass across wants it. */
static mn_status axis_triple(axis *a, int32_t outputs) {
    size_t cells = (size_t)outputs * a->stride, bytes = 0;
    int32_t *tripled = mn_mul_size(cells, 3 * sizeof *tripled, &bytes) ? malloc(bytes) : NULL;
    if (!tripled) return mn_fail_memory("the weights of a resize");
    for (size_t i = 0; i < cells; i++)
        for (size_t c = 0; c < 3; c++) tripled[3 * i + c] = a->weights[i];
    free(a->weights);
    a->weights = tripled;
    a->stride *= 3;
    return MN_OK;
}

/* How many of `outputs` spans an input pixel can be in. Spans begin and end in order. */
static int32_t axis_depth(const axis *a, int32_t outputs) {
    int32_t depth = 1, open = 0;
    for (int32_t o = 0; o < outputs; o++) {
        while (a->spans[open].first + a->spans[open].count <= a->spans[o].first) open++;
        depth = mn_max_i32(depth, o - open + 1);
    }
    return depth;
}

/* ---- The resizer ------------------------------------------------------------------------------------- */

struct mn_resizer {
    mn_picture_info in;
    mn_resize_box box; /* of the picture as seen */
    const kernel *kernel;
    const mn_passes *passes;
    axis across, down;        /* of the file; empty where the size does not change */
    bool down_first;          /* of two passes */
    int32_t *pick_x, *pick_y; /* the nearest pixel instead, by output; -1 is outside, which is black */
    int32_t y;                /* the next stored row */
    int32_t begun, done;      /* output rows of the pass down, or of the nearest ones */
    int32_t depth;            /* sums of output rows that are begun and not done */
    size_t values;            /* in a row of sums */
    int32_t *sums;            /* [depth][values], a ring */
    uint8_t *between;         /* a row between the passes */
    mn_picture out, seen;     /* as stored, and turned if it is to be turned */
};

static size_t row_bytes(int32_t width) { return (size_t)width * MN_PICTURE_CHANNELS; }

static uint8_t *out_row(const mn_resizer *r, int32_t y) { return r->out.pixels + (size_t)y * row_bytes(r->out.width); }

static void pass_across(const mn_resizer *r, const uint8_t *from, uint8_t *to) {
    r->passes->across(r->across.spans, r->across.weights, r->across.stride, from, r->out.width, to);
}

/* A row that is complete as to its height, and becomes row `y` of the output. */
static void finish_row(mn_resizer *r, const uint8_t *row, int32_t y) {
    if (r->across.spans)
        pass_across(r, row, out_row(r, y));
    else
        memcpy(out_row(r, y), row, row_bytes(r->out.width));
}

/* Output row `y` from its sums; the row between the passes is free when the pass down is the first one. */
static void take_sums(mn_resizer *r, int32_t y) {
    uint8_t *to = r->down_first ? r->between : out_row(r, y);
    r->passes->take(r->sums + (size_t)(y % r->depth) * r->values, r->values, to);
    if (r->down_first) finish_row(r, to, y);
}

static void pass_down(mn_resizer *r, const uint8_t *row) {
    const axis *a = &r->down;
    for (; r->begun < r->out.height && a->spans[r->begun].first <= r->y; r->begun++) {
        int32_t *sums = r->sums + (size_t)(r->begun % r->depth) * r->values;
        for (size_t i = 0; i < r->values; i++) sums[i] = MN_WEIGHT_HALF;
    }
    for (int32_t o = r->done; o < r->begun; o++) {
        int32_t weight = a->weights[(size_t)o * a->stride + (size_t)(r->y - a->spans[o].first)];
        r->passes->add(r->sums + (size_t)(o % r->depth) * r->values, row, weight, r->values);
    }
    for (; r->done < r->begun && a->spans[r->done].first + a->spans[r->done].count == r->y + 1; r->done++)
        take_sums(r, r->done);
}

static void pick_row(mn_resizer *r, const uint8_t *row) {
    for (; r->done < r->out.height && r->pick_y[r->done] <= r->y; r->done++) {
        if (r->pick_y[r->done] < 0) continue;
        uint8_t *to = out_row(r, r->done);
        for (int32_t x = 0; x < r->out.width; x++, to += MN_PICTURE_CHANNELS)
            if (r->pick_x[x] >= 0) memcpy(to, row + row_bytes(r->pick_x[x]), MN_PICTURE_CHANNELS);
    }
}

void mn_resizer_row(mn_resizer *r, const uint8_t *rgb) {
    if (!r->kernel->weight) {
        pick_row(r, rgb);
    } else if (!r->down.spans) {
        finish_row(r, rgb, r->y);
    } else if (r->down_first || !r->across.spans) {
        pass_down(r, rgb);
    } else if (r->done < r->out.height && r->down.spans[r->done].first <= r->y) { /* or else nothing takes the row */
        pass_across(r, rgb, r->between);
        pass_down(r, r->between);
    }
    r->y++;
}

const mn_picture *mn_resizer_result(mn_resizer *r) {
    const mn_turn *turn = &r->in.turn;
    if (!turn->backward_x && !turn->backward_y && !turn->transposed) return &r->out;
    const mn_picture_info stored = {r->out.width, r->out.height, *turn};
    mn_turn_rows(&stored, 0, r->out.height, r->out.pixels, &r->seen);
    return &r->seen;
}

/* ---- Making one -------------------------------------------------------------------------------------- */

/* Pillow 13 takes the rows first when that loses much more height than width; before 13 it never did. The two passes
 * round in between, so the order shows in the result. Sizes of the whole picture count, not those of the box. */
static bool rows_come_first(int32_t in_width, int32_t in_height, int32_t width, int32_t height) {
    return in_height > height && in_height - height > 2 * (in_width - width);
}

/* Nearest: positions are summed step by step, not multiplied, because Pillow's rounding errors are part of the
 * contract; a position that they push outside gives black, as there. */
static mn_status pick_make(int32_t in_size, float low, float high, int32_t out_size, bool backward, int32_t **out) {
    int32_t *pick = malloc((size_t)out_size * sizeof *pick);
    if (!pick) return mn_fail_memory("the columns of a resize");
    double step = (double)(high - low) / out_size, position = low + step * 0.5;
    for (int32_t i = 0; i < out_size; i++, position += step) {
        int32_t place = position < in_size ? (int32_t)position : -1;
        pick[backward ? out_size - 1 - i : i] = backward && place >= 0 ? in_size - 1 - place : place;
    }
    *out = pick;
    return MN_OK;
}

/* One axis of the file: `vertical` tells which of the two as seen it is. */
static mn_status axis_of_file(mn_resizer *r, bool vertical, bool backward, int32_t in_size, int32_t out_size, axis *a,
                              int32_t **pick) {
    float low = vertical ? r->box.top : r->box.left, high = vertical ? r->box.bottom : r->box.right;
    if (!r->kernel->weight) return pick_make(in_size, low, high, out_size, backward, pick);
    if (in_size == out_size && low <= 0 && high >= (float)in_size) return MN_OK;
    MN_TRY(axis_make(r->kernel, in_size, low, high, out_size, a));
    if (backward) axis_reverse(a, in_size, out_size);
    return MN_OK;
}

static mn_status make_rows(mn_resizer *r) {
    size_t bytes = 0, widest = row_bytes(mn_max_i32(r->in.width, r->out.width));
    if (!r->down.spans) return MN_OK;
    r->depth = axis_depth(&r->down, r->out.height);
    r->values = row_bytes(r->down_first ? r->in.width : r->out.width);
    if (mn_mul_size(r->values * sizeof *r->sums, (size_t)r->depth, &bytes)) r->sums = malloc(bytes);
    r->between = malloc(widest);
    return r->sums && r->between ? MN_OK : mn_fail_memory("the rows of a resize");
}

static mn_status make(mn_resizer *r, int32_t width, int32_t height) {
    const mn_turn turn = r->in.turn;
    int32_t seen_width, seen_height;
    mn_turn_size(&r->in, &seen_width, &seen_height);
    bool rows_first = rows_come_first(seen_width, seen_height, width, height);
    int32_t out_width = turn.transposed ? height : width, out_height = turn.transposed ? width : height;
    MN_TRY(mn_picture_create(out_width, out_height, &r->out));
    if (turn.transposed || turn.backward_x || turn.backward_y) MN_TRY(mn_picture_create(width, height, &r->seen));
    MN_TRY(axis_of_file(r, turn.transposed, turn.backward_x, r->in.width, out_width, &r->across, &r->pick_x));
    MN_TRY(axis_of_file(r, !turn.transposed, turn.backward_y, r->in.height, out_height, &r->down, &r->pick_y));
    if (r->across.spans) MN_TRY(axis_triple(&r->across, out_width));
    /* Without a pass across, what goes down has the output's width, and is complete then. */
    r->down_first = r->across.spans && rows_first != turn.transposed;
    if (!r->kernel->weight) memset(r->out.pixels, 0, (size_t)out_height * row_bytes(out_width));
    return make_rows(r);
}

/* Written so that a NaN fails. */
static bool box_fits(const mn_resize_box *box, int32_t width, int32_t height) {
    return box->left >= 0 && box->top >= 0 && box->right <= (float)width && box->bottom <= (float)height &&
           box->left < box->right && box->top < box->bottom;
}

mn_status mn_resizer_create(const mn_picture_info *in, int32_t width, int32_t height, mn_resize_filter filter,
                            const mn_resize_box *box, mn_resizer **out) {
    int32_t seen_width, seen_height;
    mn_turn_size(in, &seen_width, &seen_height);
    const mn_resize_box whole = {0, 0, (float)seen_width, (float)seen_height};
    if (!box) box = &whole;
    if (filter == MN_RESIZE_AUTO || (size_t)filter >= FILTER_COUNT)
        return mn_fail(MN_ERROR_ARGUMENT, "resize filter %d does not exist; give one of mn_resize_filter", (int)filter);
    if (!box_fits(box, seen_width, seen_height))
        return mn_fail(MN_ERROR_ARGUMENT,
                       "resize box %g,%g,%g,%g is empty or not inside the picture of %dx%d; give a box inside it",
                       (double)box->left, (double)box->top, (double)box->right, (double)box->bottom, seen_width,
                       seen_height);
    mn_resizer *r = malloc(sizeof *r);
    if (!r) return mn_fail_memory("a resize");
    *r = (mn_resizer){.in = *in, .box = *box, .kernel = &kernels[filter], .passes = mn_passes_best()};
    mn_status status = make(r, width, height);
    if (status == MN_OK)
        *out = r;
    else
        mn_resizer_free(&r);
    return status;
}

bool mn_resizer_is_for(const mn_resizer *r, const mn_picture_info *in) {
    return r->in.width == in->width && r->in.height == in->height && r->in.turn.backward_x == in->turn.backward_x &&
           r->in.turn.backward_y == in->turn.backward_y && r->in.turn.transposed == in->turn.transposed;
}

void mn_resizer_restart(mn_resizer *r) { r->y = r->begun = r->done = 0; }

void mn_resizer_free(mn_resizer **resizer) {
    mn_resizer *r = *resizer;
    if (!r) return;
    axis_free(&r->across);
    axis_free(&r->down);
    free(r->pick_x);
    free(r->pick_y);
    free(r->sums);
    free(r->between);
    mn_picture_free(&r->out);
    mn_picture_free(&r->seen);
    free(r);
    *resizer = NULL;
}

mn_status mn_resize(const mn_picture *in, int32_t width, int32_t height, mn_resize_filter filter,
                    const mn_resize_box *box, mn_picture *out) {
    const mn_picture_info info = {.width = in->width, .height = in->height};
    mn_resizer *r = NULL;
    MN_TRY(mn_resizer_create(&info, width, height, filter, box, &r));
    for (int32_t y = 0; y < in->height; y++) mn_resizer_row(r, in->pixels + (size_t)y * row_bytes(in->width));
    *out = r->out;
    r->out = (mn_picture){0};
    mn_resizer_free(&r);
    return MN_OK;
}
