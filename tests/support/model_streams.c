/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/model_streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

int32_t sn_between(uint32_t *state, int32_t low, int32_t high) {
    *state = *state * 1664525u + 1013904223u;
    return low + (int32_t)((*state >> 8) % (uint32_t)(high - low + 1));
}

/* ---- Making networks -------------------------------------------------------------------------------------- */

void sn_begin(sn_network *n, int32_t images, size_t alignment) {
    memset(n, 0, sizeof *n);
    n->images = images;
    n->all = (mn_stream_steps){.steps = n->steps, .tensors = n->tensors, .alignment = alignment};
}

int32_t sn_tensor(sn_network *n, int32_t rows, int32_t columns, size_t unit_bytes) {
    const int32_t tensor = n->all.tensor_count++;
    if (tensor >= SN_TENSORS) abort();
    n->rows[tensor] = rows;
    n->columns[tensor] = columns;
    n->tensors[tensor] = (mn_stream_tensor){.unit_bytes = unit_bytes, .units = rows * columns * n->images};
    return tensor;
}

int32_t sn_step(sn_network *n, int32_t rows, int32_t columns, size_t unit_bytes, bool by_units) {
    const int32_t tensor = sn_tensor(n, rows, columns, unit_bytes), step = n->all.step_count++;
    if (step >= SN_STEPS) abort();
    n->steps[step] = (mn_stream_step){.reads = n->reads[step], .output = tensor, .by_units = by_units};
    return tensor;
}

mn_stream_step *sn_last(sn_network *n) { return &n->steps[n->all.step_count - 1]; }

/* A read of the step made last. */
mn_stream_read *sn_read(sn_network *n, int32_t tensor) {
    mn_stream_read *read = &n->reads[n->all.step_count - 1][sn_last(n)->read_count++];
    *read = (mn_stream_read){.tensor = tensor};
    return read;
}

static mn_stream_axis axis_of(int32_t stride, int32_t before, int32_t reach, int32_t in, int32_t out) {
    return (mn_stream_axis){.stride = stride, .before = before, .reach = reach, .in = in, .out = out};
}

/* Reads what lies under a window; the same along rows and columns. */
static void add_window_read(sn_network *n, int32_t tensor, int32_t stride, int32_t before, int32_t reach) {
    const int32_t output = sn_last(n)->output;
    mn_stream_read *read = sn_read(n, tensor);
    read->rows = axis_of(stride, before, reach, n->rows[tensor], n->rows[output]);
    read->columns = MN_STREAM_ONE_COLUMN;
    if (!n->pixels) return;
    read->columns = axis_of(stride, before, reach, n->columns[tensor], n->columns[output]);
    sn_last(n)->row = n->columns[output];
}

/* Reads the same unit: in one row of all, so that slices need not end with a row. */
static void add_alike_read(sn_network *n, int32_t tensor) {
    const int32_t units = n->tensors[tensor].units;
    *sn_read(n, tensor) =
        (mn_stream_read){.tensor = tensor, .rows = axis_of(1, 0, 1, units, units), .columns = MN_STREAM_ONE_COLUMN};
}

static int32_t columns_of(const sn_network *n, int32_t columns) { return n->pixels ? columns : 1; }

/* A filter of `k` rows and columns; SAME padding. */
int32_t sn_window(sn_network *n, int32_t tensor, int32_t k, int32_t stride, size_t unit_bytes) {
    const int32_t rows = n->rows[tensor], out_rows = (rows + stride - 1) / stride;
    const int32_t padding = mn_max_i32(0, (out_rows - 1) * stride + k - rows);
    const int32_t columns = columns_of(n, (n->columns[tensor] + stride - 1) / stride);
    const int32_t output = sn_step(n, out_rows, columns, unit_bytes, true);
    if (k == 1 && stride == 1) {
        add_alike_read(n, tensor);
    } else {
        add_window_read(n, tensor, stride, padding / 2, k);
    }
    return output;
}

int32_t sn_sum(sn_network *n, int32_t a, int32_t b, bool in_place) {
    const int32_t output = sn_step(n, n->rows[a], n->columns[a], n->tensors[a].unit_bytes, true);
    sn_last(n)->in_place = in_place;
    add_alike_read(n, a);
    add_alike_read(n, b);
    return output;
}

/* The mean over all units: they are added up one by one, and the sum becomes the mean. */
int32_t sn_mean(sn_network *n, int32_t tensor, size_t unit_bytes) {
    const int32_t units = n->tensors[tensor].units;
    const int32_t sum = sn_step(n, n->rows[tensor], n->columns[tensor], 4 * unit_bytes, true);
    n->tensors[sum].is_sum = true;
    add_alike_read(n, tensor);
    const int32_t output = sn_step(n, 1, 1, unit_bytes, true);
    sn_read(n, sum)->rows = axis_of(1, 1 - units, 1, units, 1);
    n->reads[n->all.step_count - 1][0].columns = MN_STREAM_ONE_COLUMN;
    return output;
}

/* A tensor like `like` that is there, or -1. */
static int32_t find_like(const sn_network *n, int32_t like, uint32_t *random) {
    const int32_t first = sn_between(random, 0, n->all.tensor_count - 1);
    for (int32_t i = 0; i < n->all.tensor_count; i++) {
        const int32_t t = (first + i) % n->all.tensor_count;
        if (t != like && n->rows[t] == n->rows[like] && n->columns[t] == n->columns[like] && !n->tensors[t].is_sum &&
            n->tensors[t].unit_bytes == n->tensors[like].unit_bytes) {
            return t;
        }
    }
    return -1;
}

/* A tensor that may be read as a whole. */
static int32_t find_any(const sn_network *n, uint32_t *random) {
    const int32_t t = sn_between(random, 0, n->all.tensor_count - 2);
    return n->tensors[t].is_sum ? 0 : t;
}

static int32_t add_random_step(sn_network *n, int32_t last, uint32_t *random) {
    const size_t bytes = (size_t)sn_between(random, 1, 4) * 8;
    const int32_t kind = sn_between(random, 0, 12), other = find_like(n, last, random);
    if (kind <= 3 && other >= 0) return sn_sum(n, last, other, kind < 2);
    if (kind == 4) { /* all at once */
        const int32_t columns = columns_of(n, sn_between(random, 1, 3));
        const int32_t output = sn_step(n, sn_between(random, 1, 5), columns, bytes, false);
        sn_read(n, last);
        return output;
    }
    if (kind == 5) { /* units, and all of something else */
        const int32_t output = sn_step(n, n->rows[last], n->columns[last], bytes, true);
        add_alike_read(n, last);
        sn_read(n, find_any(n, random));
        return output;
    }
    if (kind == 6) { /* a window that leaves rows out, or lies in padding alone */
        const int32_t rows = sn_between(random, 1, n->rows[last] + 1);
        const int32_t columns = columns_of(n, sn_between(random, 1, n->columns[last] + 1));
        const int32_t output = sn_step(n, rows, columns, bytes, true);
        const int32_t stride = sn_between(random, 1, 3), before = sn_between(random, 0, 2);
        add_window_read(n, last, stride, before, sn_between(random, 1, 3));
        return output;
    }
    if (kind == 7 && n->images == 1) return sn_mean(n, last, bytes);
    const int32_t k = sn_between(random, 0, 2) * 2 + 1;
    return sn_window(n, last, k, sn_between(random, 1, 2), bytes);
}

/* Constants, and workspace, of some steps. */
static void add_random_bytes(sn_network *n, uint32_t *random) {
    for (int32_t s = 0; s < n->all.step_count; s++) {
        if (sn_between(random, 0, 1) == 0) n->steps[s].constant_bytes = (size_t)sn_between(random, 1, 99);
        n->steps[s].workspace_units = sn_between(random, 1, 3);
        n->steps[s].wide_units = sn_between(random, 1, 4);
        if (sn_between(random, 0, 3) == 0) n->steps[s].wide_bytes = (size_t)sn_between(random, 1, 40);
        if (sn_between(random, 0, 3) == 0) n->steps[s].workspace_bytes = (size_t)sn_between(random, 1, 40);
    }
}

void sn_random(sn_network *n, uint32_t *random, int32_t most, bool pixels) {
    static const int32_t chunks[] = {1, 2, 3, 5};
    sn_begin(n, sn_between(random, 1, 2), (size_t)8 << sn_between(random, 0, 2));
    n->pixels = pixels;
    if (pixels) {
        n->options.chunk_count = sn_between(random, 1, 4);
        n->options.chunks = chunks;
        n->options.copies = sn_between(random, 0, 1);
    }
    const int32_t rows = sn_between(random, 1, 12);
    int32_t last = sn_tensor(n, rows, columns_of(n, sn_between(random, 1, 7)), 24);
    n->tensors[last].is_input = true;
    const int32_t steps = sn_between(random, 1, most);
    while (n->all.step_count < steps) last = add_random_step(n, last, random);
    n->tensors[last].is_output = true;
    const int32_t other = sn_between(random, 1, n->all.tensor_count - 1);
    if (sn_between(random, 0, 3) == 0 && !n->tensors[other].is_sum) n->tensors[other].is_output = true;
    if (pixels) add_random_bytes(n, random);
}

/* ---- Running in thought ----------------------------------------------------------------------------------- */

static int32_t name_of(int32_t owner, int32_t unit) { return owner * 65536 + unit; }

bool sn_place(const sn_network *n, const mn_stream *stream, sn_arena *a) {
    mn_buffer buffers[SN_TENSORS + 2 * SN_STEPS];
    const int32_t count = n->all.tensor_count + stream->extra_count;
    mn_stream_buffers(&n->all, stream, buffers);
    if (mn_memory_plan(buffers, count, n->all.alignment, &a->bytes) != MN_OK) return false;
    for (int32_t i = 0; i < count; i++) a->offset[i] = buffers[i].offset;
    a->unit_of = calloc(a->bytes + 1, sizeof *a->unit_of);
    return a->unit_of != NULL;
}

static size_t place_of_unit(const sn_network *n, const mn_stream *stream, const sn_arena *a, int32_t tensor,
                            int32_t unit) {
    const int32_t ring = stream->places[tensor].ring;
    const int32_t at = n->tensors[tensor].is_sum ? 0 : ring > 0 ? unit % ring : unit;
    return a->offset[tensor] + (size_t)at * n->tensors[tensor].unit_bytes;
}

static void write_bytes(sn_arena *a, size_t at, size_t bytes, int32_t name) {
    for (size_t i = 0; i < bytes; i++) a->unit_of[at + i] = name;
}

static bool has_bytes(const sn_arena *a, size_t at, size_t bytes, int32_t name) {
    for (size_t i = 0; i < bytes; i++) {
        if (a->unit_of[at + i] != name) return false;
    }
    return true;
}

static void write_unit(const sn_network *n, const mn_stream *stream, sn_arena *a, int32_t tensor, int32_t unit) {
    write_bytes(a, place_of_unit(n, stream, a, tensor, unit), n->tensors[tensor].unit_bytes, name_of(tensor, unit));
}

static bool has_unit(const sn_network *n, const mn_stream *stream, const sn_arena *a, int32_t tensor, int32_t unit) {
    return has_bytes(a, place_of_unit(n, stream, a, tensor, unit), n->tensors[tensor].unit_bytes,
                     name_of(tensor, unit));
}

static bool has_all(const sn_network *n, const mn_stream *stream, const sn_arena *a, int32_t tensor) {
    const int32_t units = n->tensors[tensor].units;
    for (int32_t unit = n->tensors[tensor].is_sum ? units - 1 : 0; unit < units; unit++) {
        if (!has_unit(n, stream, a, tensor, unit)) return false;
    }
    return true;
}

/* Units of the input that a unit needs: some columns of some rows of one image. */
typedef struct seen {
    int32_t first; /* of the image */
    int32_t top, bottom, left, right, columns;
} seen;

static seen seen_by(const mn_stream_read *r, int32_t unit) {
    const int32_t row = unit / r->columns.out, image = row / r->rows.out;
    const int32_t top = row % r->rows.out * r->rows.stride - r->rows.before;
    const int32_t left = unit % r->columns.out * r->columns.stride - r->columns.before;
    return (seen){.first = image * r->rows.in * r->columns.in,
                  .top = mn_clamp_i32(top, 0, r->rows.in),
                  .bottom = mn_clamp_i32(top + r->rows.reach, 0, r->rows.in),
                  .left = mn_clamp_i32(left, 0, r->columns.in),
                  .right = mn_clamp_i32(left + r->columns.reach, 0, r->columns.in),
                  .columns = r->columns.in};
}

/* Does a unit find all that it needs of one input? */
static bool reads_well(const sn_network *n, const mn_stream *stream, const sn_arena *a, const mn_stream_step *step,
                       const mn_stream_read *r, int32_t unit) {
    if (!step->by_units || r->rows.reach == 0) return has_all(n, stream, a, r->tensor);
    const seen s = seen_by(r, unit);
    for (int32_t y = s.top; y < s.bottom; y++) {
        for (int32_t x = s.left; x < s.right; x++) {
            if (!has_unit(n, stream, a, r->tensor, s.first + y * s.columns + x)) return false;
        }
    }
    return true;
}

/* Does a unit lie apart from those that it is made of, or in the very place of one? */
static bool lies_well(const sn_network *n, const mn_stream *stream, const sn_arena *a, const mn_stream_step *step,
                      const mn_stream_read *r, int32_t unit) {
    const size_t at = place_of_unit(n, stream, a, step->output, unit), bytes = n->tensors[step->output].unit_bytes;
    if (r->rows.reach == 0) return true; /* nobody may lie over a tensor that is needed as a whole */
    const seen s = seen_by(r, unit);
    for (int32_t y = s.top; y < s.bottom; y++) {
        for (int32_t x = s.left; x < s.right; x++) {
            const size_t from = place_of_unit(n, stream, a, r->tensor, s.first + y * s.columns + x);
            const bool apart = from + n->tensors[r->tensor].unit_bytes <= at || at + bytes <= from;
            const bool same = from == at && n->tensors[r->tensor].unit_bytes == bytes && mn_stream_is_alike(r);
            if (!apart && !(same && step->in_place)) return false;
        }
    }
    return true;
}

/* Before a slice: is everything there that its units need? The kernel may read it all before it writes, or not. */
static bool slice_reads_well(const sn_network *n, const mn_stream *stream, const sn_arena *a,
                             const mn_stream_slice *slice) {
    const mn_stream_step *step = &n->steps[slice->step];
    for (int32_t i = 0; i < step->read_count; i++) {
        for (int32_t unit = slice->first; unit < slice->first + slice->units; unit++) {
            if (!reads_well(n, stream, a, step, &step->reads[i], unit)) return false;
            if (step->by_units && !lies_well(n, stream, a, step, &step->reads[i], unit)) return false;
        }
    }
    return true;
}

/* Is the sum, or the copy of constants, as it was left? */
static bool memory_is_kept(const sn_network *n, const mn_stream *stream, sn_arena *a, const mn_stream_slice *slice) {
    const int32_t output = n->steps[slice->step].output;
    if (n->tensors[output].is_sum && slice->first > 0 && !has_unit(n, stream, a, output, slice->first - 1))
        return false;
    for (int32_t i = 0; i < stream->extra_count; i++) {
        const mn_stream_extra *extra = &stream->extras[i];
        const size_t at = a->offset[n->all.tensor_count + i];
        const int32_t name = name_of(SN_TENSORS + i, 0);
        if (extra->step != slice->step) continue;
        if (!extra->is_copy || slice->first == 0) write_bytes(a, at, extra->bytes, name);
        if (!has_bytes(a, at, extra->bytes, name)) return false;
    }
    return true;
}

static bool slice_is_right(const sn_network *n, const mn_stream *stream, const mn_stream_slice *s, int32_t next) {
    const mn_stream_step *step = &n->steps[s->step];
    if (s->first != next) return false;
    if (s->units < 1 || s->units > stream->turns[s->step].chunk) return false;
    if (step->row > 0 && s->first / step->row != (s->first + s->units - 1) / step->row) return false;
    return step->by_units || s->units == n->tensors[step->output].units;
}

/* Does every slice find what it needs, is every unit made once and in order, and are outputs there in the end? */
bool sn_runs(const sn_network *n, const mn_stream *stream, sn_arena *a) {
    int32_t next[SN_STEPS] = {0};
    memset(a->unit_of, 0xff, a->bytes * sizeof *a->unit_of);
    for (int32_t t = 0; t < n->all.tensor_count; t++) {
        for (int32_t unit = 0; n->tensors[t].is_input && unit < n->tensors[t].units; unit++) {
            write_unit(n, stream, a, t, unit);
        }
    }
    for (int32_t i = 0; i < stream->slice_count; i++) {
        const mn_stream_slice *s = &stream->slices[i];
        if (!slice_is_right(n, stream, s, next[s->step]) || !memory_is_kept(n, stream, a, s)) return false;
        if (!slice_reads_well(n, stream, a, s)) return false;
        next[s->step] += s->units;
        for (int32_t unit = s->first; unit < next[s->step]; unit++) {
            write_unit(n, stream, a, n->steps[s->step].output, unit);
        }
    }
    for (int32_t t = 0; t < n->all.tensor_count; t++) {
        if (n->tensors[t].is_output && !has_all(n, stream, a, t)) return false;
    }
    return true;
}
