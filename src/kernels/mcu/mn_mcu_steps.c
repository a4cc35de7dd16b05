/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One slice of a step: from tensors in rings to kernels on plain buffers. */
#include "mn_mcu_kernels.h"

/* What is the same for all kernels of a slice. */
typedef struct slice {
    const mn_mcu_run *run;
    const mn_mcu_step *step;
    const mn_mcu_tensor *in, *out; /* in: of inputs[0], or NULL */
    uint32_t y, x;                 /* of the first pixel */
} slice;

static const mn_mcu_tensor *tensor_of(const mn_mcu_run *run, int16_t tensor) {
    return tensor < 0 ? NULL : &run->program->tensors[tensor];
}

/* Pixel `p` of a tensor; `*n` becomes at most what lies behind each other from there on. */
static int8_t *pixel(const slice *s, const mn_mcu_tensor *t, uint32_t p, uint32_t *n) {
    const uint32_t place = p < t->places ? p : p % t->places;
    *n = mn_mcu_min(*n, t->places - place);
    return s->run->arena + t->offset + place * t->bytes;
}

static const int8_t *weights_of(const slice *s) {
    const mn_mcu_tensor *loaded = tensor_of(s->run, s->step->inputs[1]);
    return loaded ? s->run->arena + loaded->offset : ((const mn_mcu_product *)s->step->params)->weights;
}

static int8_t *workspace_of(const slice *s) { return s->run->arena + s->step->workspace; }

/* ---- Pixel by pixel -------------------------------------------------------------------------------------- */

static void run_flat(const slice *s, const int8_t *a, const int8_t *b, int8_t *out, uint32_t n) {
    const void *params = s->step->params;
    const uint32_t channels = s->out->bytes;
    switch (s->step->kind) {
    case MN_MCU_POINTWISE:
        mn_mcu_best_pointwise((const mn_mcu_product *)params, weights_of(s), s->in->bytes, a, out, n, workspace_of(s));
        break;
    case MN_MCU_ADD: mn_mcu_best_add((const mn_mcu_add *)params, a, b, out, n * channels); break;
    case MN_MCU_MAP: mn_mcu_map_c((const int8_t *)params, a, out, n * channels); break;
    default: mn_mcu_softmax_c((const mn_mcu_softmax *)params, a, out, n, channels); break;
    }
}

/* In parts that wrap in no ring. */
static void run_same(const slice *s, uint32_t first, uint32_t n) {
    const mn_mcu_tensor *other = s->step->kind == MN_MCU_ADD ? tensor_of(s->run, s->step->inputs[1]) : NULL;
    for (uint32_t part; n > 0; first += part, n -= part) {
        part = n;
        const int8_t *a = pixel(s, s->in, first, &part);
        const int8_t *b = other ? pixel(s, other, first, &part) : NULL;
        int8_t *out = pixel(s, s->out, first, &part);
        run_flat(s, a, b, out, part);
    }
}

static void run_sum(const slice *s, uint32_t first, uint32_t n) {
    int8_t *const place = s->run->arena + s->out->offset;
    if (first == 0) mn_mcu_fill(place, 0, s->out->bytes);
    for (uint32_t part; n > 0; first += part, n -= part) {
        part = n;
        const int8_t *in = pixel(s, s->in, first, &part);
        mn_mcu_sum_c((int32_t *)(void *)place, in, part, s->in->bytes);
    }
}

/* ---- Windows --------------------------------------------------------------------------------------------- */

/* Fills row `ky` of the view of output pixels from column `x` on. */
static void look_at_row(const slice *s, uint32_t x, uint32_t ky, uint32_t columns, const int8_t *border,
                        const int8_t **at) {
    const mn_mcu_window *w = s->step->window;
    const mn_mcu_tensor *in = s->in;
    const uint32_t y = s->y * w->stride_h + ky * w->dilation_h - w->pad_top; /* above the image it wraps */
    const uint32_t width = y < in->height ? in->width : 0, step = w->dilation_w * in->bytes;
    const uint32_t ring = in->places * in->bytes;
    const int8_t *const begin = s->run->arena + in->offset, *next = NULL;
    uint32_t column = x * w->stride_w - w->pad_left;
    for (uint32_t i = 0; i < columns; i++, column += w->dilation_w) {
        if (column >= width) {
            at[i] = border;
            continue;
        }
        if (!next) next = begin + (y * width + column) % in->places * in->bytes;
        at[i] = next;
        next += step;
        if (next >= begin + ring) next -= ring;
    }
}

/* Output pixels that one view has room for. With a dilation, columns under one pixel lie between those under the next
 * one, so it sees only one. */
static uint32_t most_pixels(const mn_mcu_window *w) {
    return w->dilation_w > 1 ? 1 : ((uint32_t)MN_MCU_TAPS / w->k_h - w->k_w) / w->stride_w + 1;
}

/* Pixels that need not lie behind each other. */
static void copy_row(const int8_t *const *at, uint32_t count, uint32_t bytes, int8_t *to) {
    uint32_t together = 1;
    for (; count > 0; count -= together, at += together, to += together * bytes) {
        for (together = 1; together < count && at[together] == at[together - 1] + bytes;) together++;
        mn_mcu_copy(to, at[0], together * bytes);
    }
}

/* A CONV: the pixels under each output pixel behind each other, then a product. */
static void run_patches(const slice *s, const mn_mcu_view *view, int8_t *out, uint32_t n) {
    const mn_mcu_product *p = (const mn_mcu_product *)s->step->params;
    int8_t *const patches = workspace_of(s);
    const uint32_t row = view->k_w * p->depth, depth = view->k_h * row;
    for (uint32_t i = 0; i < n; i += MN_MCU_PATCHES) {
        const uint32_t count = mn_mcu_min(n - i, MN_MCU_PATCHES);
        int8_t *to = patches;
        for (uint32_t k = i; k < i + count; k++) {
            const int8_t *const *at = view->at + k * view->stride;
            for (uint32_t ky = 0; ky < view->k_h; ky++, at += view->columns, to += row)
                copy_row(at, view->k_w, p->depth, to);
        }
        mn_mcu_best_pointwise(p, weights_of(s), depth, patches, out + (size_t)i * p->channels, count, NULL);
    }
}

static void run_view(const slice *s, const mn_mcu_view *view, int8_t *out, uint32_t n) {
    const void *params = s->step->params;
    switch (s->step->kind) {
    case MN_MCU_CONV: run_patches(s, view, out, n); break;
    case MN_MCU_DEPTHWISE: mn_mcu_best_depthwise((const mn_mcu_product *)params, weights_of(s), view, out, n); break;
    case MN_MCU_AVERAGE_POOL: mn_mcu_average_pool_c((const mn_mcu_pool *)params, view, out, n, s->out->bytes); break;
    case MN_MCU_MAX_POOL: mn_mcu_max_pool_c((const mn_mcu_pool *)params, view, out, n, s->out->bytes); break;
    default: mn_mcu_pad_c((const mn_mcu_pad *)params, view, out, n, s->out->bytes); break;
    }
}

static const int8_t *border_of(const mn_mcu_step *step) {
    if (step->kind != MN_MCU_CONV && step->kind != MN_MCU_DEPTHWISE) return NULL;
    return ((const mn_mcu_product *)step->params)->border;
}

/* In parts that a view has room for and that do not wrap in the output's ring. */
static void run_window(const slice *s, uint32_t first, uint32_t n) {
    const mn_mcu_window *w = s->step->window;
    const int8_t *at[MN_MCU_TAPS];
    for (uint32_t part, x = s->x; n > 0; first += part, x += part, n -= part) {
        part = mn_mcu_min(n, most_pixels(w));
        int8_t *const out = pixel(s, s->out, first, &part);
        const uint32_t columns = (part - 1) * w->stride_w + w->k_w;
        for (uint32_t ky = 0; ky < w->k_h; ky++) {
            look_at_row(s, x, ky, columns, border_of(s->step), at + ky * columns);
        }
        const mn_mcu_view view = {at, columns, w->stride_w, w->k_h, w->k_w};
        run_view(s, &view, out, part);
    }
}

/* ---- All at once ----------------------------------------------------------------------------------------- */

static void run_all(const slice *s, int8_t *out) {
    const void *params = s->step->params;
    const int8_t *in = s->run->arena + s->in->offset;
    const int32_t *sums = (const int32_t *)(const void *)in;
    const uint32_t count = (uint32_t)s->in->height * s->in->width;
    switch (s->step->kind) {
    case MN_MCU_DENSE: {
        const mn_mcu_product *p = (const mn_mcu_product *)params;
        mn_mcu_best_pointwise(p, weights_of(s), p->depth, in, out, 1, NULL);
        break;
    }
    case MN_MCU_MEAN: mn_mcu_mean_c((const mn_mcu_mean *)params, sums, count, out, s->out->bytes); break;
    default: mn_mcu_average_c((const mn_mcu_mean *)params, sums, count, out, s->out->bytes); break;
    }
}

/* Rows as they arrive, which lie outside the arena. */
static void take_input(const slice *s, uint32_t first, uint32_t n) {
    const int8_t *from = s->run->row + (size_t)s->x * s->out->bytes;
    for (uint32_t part; n > 0; first += part, n -= part) {
        part = n;
        int8_t *const to = pixel(s, s->out, first, &part);
        const uint32_t bytes = part * s->out->bytes;
        if (s->step->params) {
            mn_mcu_map_c((const int8_t *)s->step->params, from, to, bytes);
        } else {
            mn_mcu_copy(to, from, bytes);
        }
        from += bytes;
    }
}

void mn_mcu_run_slice(const mn_mcu_run *run, const mn_mcu_step *step, const mn_mcu_cursor *at, uint32_t n) {
    const slice s = {run, step, tensor_of(run, step->inputs[0]), tensor_of(run, step->output), at->y, at->x};
    switch (step->kind) {
    case MN_MCU_INPUT: take_input(&s, at->next, n); break;
    case MN_MCU_LOAD:
        mn_mcu_copy(run->arena + s.out->offset, ((const mn_mcu_constants *)step->params)->from, s.out->bytes);
        break;
    case MN_MCU_SUM: run_sum(&s, at->next, n); break;
    case MN_MCU_DENSE:
    case MN_MCU_MEAN:
    case MN_MCU_AVERAGE: run_all(&s, run->arena + s.out->offset); break;
    default:
        if (step->window) {
            run_window(&s, at->next, n);
        } else {
            run_same(&s, at->next, n);
        }
    }
}

uint32_t mn_mcu_workspace_bytes(const mn_mcu_program *program, const mn_mcu_step *step) {
    const mn_mcu_window *w = step->window;
    (void)program;
    if (step->kind != MN_MCU_CONV && step->kind != MN_MCU_POINTWISE) return 0;
    const uint32_t depth = ((const mn_mcu_product *)step->params)->depth;
    if (step->kind == MN_MCU_POINTWISE) return step->chunk < MN_MCU_TILE_PIXELS ? 0 : mn_mcu_tile_bytes(depth);
    const uint32_t patch = (uint32_t)w->k_h * w->k_w * depth;
    return mn_mcu_min(step->chunk, MN_MCU_PATCHES) * patch;
}
