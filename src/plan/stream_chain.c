/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/stream_chain.h"

#include "base/checked.h"

/* ---- What is known of all steps -------------------------------------------------------------------------- */

static const mn_stream_tensor *tensor_of(const mn_chains *c, int32_t tensor) { return &c->steps->tensors[tensor]; }

static int32_t units_of(const mn_chains *c, int32_t step) { return tensor_of(c, c->steps->steps[step].output)->units; }

int32_t mn_chain_places(const mn_chains *c, int32_t tensor) {
    return tensor_of(c, tensor)->is_sum ? 1 : tensor_of(c, tensor)->units;
}

/* Bytes of so many units of a tensor, aligned. */
static size_t bytes_of(const mn_chains *c, int32_t tensor, int32_t units) {
    return mn_round_up((size_t)units * tensor_of(c, tensor)->unit_bytes, c->steps->alignment);
}

static size_t whole_bytes(const mn_chains *c, int32_t tensor) {
    return bytes_of(c, tensor, mn_chain_places(c, tensor));
}

static bool alloc_arrays(mn_chains *c, size_t reads, mn_region *region) {
    const size_t tensors = (size_t)c->steps->tensor_count, steps = (size_t)c->steps->step_count;
    int32_t **of_tensors[] = {&c->maker, &c->last, &c->oldest, &c->ring, &c->from, &c->to, &c->used_up};
    bool good = true;
    for (size_t i = 0; i < sizeof of_tensors / sizeof *of_tensors; i++) {
        *of_tensors[i] = mn_region_alloc(region, tensors, sizeof(int32_t));
        good = good && *of_tensors[i];
    }
    c->read_whole = mn_region_alloc(region, tensors, sizeof *c->read_whole);
    c->excess = mn_region_alloc(region, tensors, sizeof *c->excess);
    c->over = mn_region_alloc(region, tensors, sizeof *c->over);
    c->crossing = mn_region_alloc(region, steps + 1, sizeof *c->crossing);
    c->chunk = mn_region_alloc(region, steps, sizeof *c->chunk);
    c->next = mn_region_alloc(region, steps, sizeof *c->next);
    c->slices_of = mn_region_alloc(region, steps, sizeof *c->slices_of);
    c->reader_first = mn_region_alloc(region, tensors + 1, sizeof *c->reader_first);
    c->readers = mn_region_alloc(region, reads, sizeof *c->readers);
    return good && c->read_whole && c->excess && c->over && c->crossing && c->chunk && c->next && c->slices_of &&
           c->reader_first && c->readers;
}

static void look_at_output(mn_chains *c, int32_t step, int32_t tensor) {
    c->maker[tensor] = step;
    c->last[tensor] = mn_max_i32(c->last[tensor], step);
}

/* Makers, last readers, and how many readers there are, one place further on. */
static void look_at_reads(mn_chains *c) {
    for (int32_t t = 0; t < c->steps->tensor_count; t++) {
        c->maker[t] = -1;
        c->last[t] = c->steps->tensors[t].is_output ? c->steps->step_count : -1;
    }
    for (int32_t s = 0; s < c->steps->step_count; s++) {
        const mn_stream_step *step = &c->steps->steps[s];
        look_at_output(c, s, step->output);
        for (int32_t i = 0; i < step->other_count; i++) look_at_output(c, s, step->others[i]);
        for (int32_t i = 0; i < step->read_count; i++) {
            const mn_stream_read *read = &step->reads[i];
            c->last[read->tensor] = mn_max_i32(c->last[read->tensor], s);
            if (!step->by_units || read->rows.reach == 0) c->read_whole[read->tensor] = true;
            c->reader_first[read->tensor + 1]++;
        }
    }
}

static void list_readers(mn_chains *c) {
    for (int32_t t = 0; t < c->steps->tensor_count; t++) {
        c->reader_first[t + 1] += c->reader_first[t];
        c->oldest[t] = c->reader_first[t]; /* where the next goes, for now */
    }
    for (int32_t s = 0; s < c->steps->step_count; s++) {
        const mn_stream_step *step = &c->steps->steps[s];
        for (int32_t i = 0; i < step->read_count; i++) c->readers[c->oldest[step->reads[i].tensor]++] = s;
    }
}

/* Sums of differences, which may wrap on the way. */
static void sum_crossing(mn_chains *c) {
    for (int32_t t = 0; t < c->steps->tensor_count; t++) {
        if (c->last[t] <= c->maker[t]) continue;
        c->crossing[c->maker[t] + 1] += whole_bytes(c, t);
        if (c->last[t] < c->steps->step_count) c->crossing[c->last[t] + 1] -= whole_bytes(c, t);
    }
    for (int32_t s = 0; s < c->steps->step_count; s++) c->crossing[s + 1] += c->crossing[s];
}

mn_status mn_chains_open(const mn_stream_steps *steps, mn_region *region, mn_chains *out) {
    size_t reads = 0;
    for (int32_t s = 0; s < steps->step_count; s++) reads += (size_t)steps->steps[s].read_count;
    *out = (mn_chains){.steps = steps, .most = SIZE_MAX};
    if (!alloc_arrays(out, reads, region)) return mn_fail_memory("the streamed plan");
    look_at_reads(out);
    list_readers(out);
    sum_crossing(out);
    return MN_OK;
}

bool mn_chain_keeps_whole(const mn_chains *c, int32_t begin, int32_t end, int32_t tensor) {
    return c->maker[tensor] < begin || c->last[tensor] >= end || c->read_whole[tensor] ||
           tensor == c->steps->steps[end - 1].output;
}

/* ---- Units ----------------------------------------------------------------------------------------------- */

/* The place of the input at the top of the window of place `at`, or `below` it; the nearest one if there is none. */
static int32_t place_under(const mn_stream_axis *axis, int32_t at, int32_t below) {
    const int64_t place = (int64_t)at * axis->stride - axis->before + below;
    return place < 0 ? 0 : place > axis->in ? axis->in : (int32_t)place;
}

/* Where a unit of an output is. */
typedef struct spot {
    int32_t image, row, column;
} spot;

static spot spot_of(const mn_stream_read *read, int32_t unit) {
    const int32_t row = unit / read->columns.out;
    return (spot){row / read->rows.out, row % read->rows.out, unit % read->columns.out};
}

/* The unit of the input at a row and a column. */
static int32_t unit_at(const mn_stream_read *read, int32_t image, int32_t row, int32_t column) {
    return (image * read->rows.in + row) * read->columns.in + column;
}

/* The first unit that `unit` or a later one needs: where padding cuts off windows, the next row's may begin further to
 * the front. */
static int32_t first_unit(const mn_stream_read *read, int32_t unit) {
    const spot at = spot_of(read, unit);
    const int32_t here =
        unit_at(read, at.image, place_under(&read->rows, at.row, 0), place_under(&read->columns, at.column, 0));
    if (at.column == 0 || at.row + 1 == read->rows.out) return here;
    return mn_min_i32(here, unit_at(read, at.image, place_under(&read->rows, at.row + 1, 0), 0));
}

/* Behind the last unit that `unit` needs. */
static int32_t end_unit(const mn_stream_read *read, int32_t unit) {
    const spot at = spot_of(read, unit);
    const int32_t row = place_under(&read->rows, at.row, read->rows.reach);
    const int32_t column = place_under(&read->columns, at.column, read->columns.reach);
    return row > 0 ? unit_at(read, at.image, row - 1, column) : unit_at(read, at.image, 0, 0);
}

/* The first unit of `tensor` that `step` still needs. */
static int32_t still_needs(const mn_chains *c, int32_t step, int32_t tensor) {
    const mn_stream_step *reader = &c->steps->steps[step];
    int32_t least = tensor_of(c, tensor)->units;
    if (c->next[step] == units_of(c, step)) return least;
    for (int32_t i = 0; i < reader->read_count; i++) {
        const mn_stream_read *read = &reader->reads[i];
        if (read->tensor != tensor) continue;
        least = mn_min_i32(least, read->rows.reach == 0 ? 0 : first_unit(read, c->next[step]));
    }
    return least;
}

static void find_oldest(mn_chains *c, int32_t tensor) {
    c->oldest[tensor] = tensor_of(c, tensor)->units;
    for (int32_t i = c->reader_first[tensor]; i < c->reader_first[tensor + 1]; i++) {
        const int32_t step = c->readers[i];
        if (step < c->begin || step >= c->end) continue;
        c->oldest[tensor] = mn_min_i32(c->oldest[tensor], still_needs(c, step, tensor));
    }
}

/* ---- Running --------------------------------------------------------------------------------------------- */

/* Is something of the ring of step `maker` in use while another step runs? */
static bool is_in_use(const mn_chains *c, int32_t maker) {
    const int32_t tensor = c->steps->steps[maker].output;
    if (tensor_of(c, tensor)->is_sum) return c->next[maker] > 0 && c->oldest[tensor] < units_of(c, maker);
    return c->next[maker] > c->oldest[tensor];
}

static void note_use(mn_chains *c, int32_t step) {
    for (int32_t s = c->begin; s < c->end; s++) {
        const int32_t tensor = c->steps->steps[s].output;
        if (c->ring[tensor] == 0 || (c->from[tensor] <= step && step <= c->to[tensor])) continue;
        if (s != step && !is_in_use(c, s)) continue;
        c->from[tensor] = mn_min_i32(c->from[tensor], step);
        c->to[tensor] = mn_max_i32(c->to[tensor], step);
    }
}

size_t mn_chain_workspace(const mn_chains *c, int32_t step) {
    const mn_stream_step *s = &c->steps->steps[step];
    return s->workspace_bytes * (size_t)mn_min_i32(c->chunk[step], s->workspace_units) +
           (c->chunk[step] < s->wide_units ? 0 : s->wide_bytes);
}

/* Bytes in rings while a step runs, and its workspace. */
static size_t bytes_at(const mn_chains *c, int32_t step) {
    size_t sum = mn_round_up(mn_chain_workspace(c, step), c->steps->alignment);
    for (int32_t s = c->begin; s < c->end; s++) {
        const int32_t tensor = c->steps->steps[s].output;
        if (c->ring[tensor] == 0 || c->from[tensor] > step || step > c->to[tensor]) continue;
        sum += bytes_of(c, tensor, c->ring[tensor]);
    }
    return sum;
}

/* Rings only grow, so that what they take so far is known to be needed. */
static void grow_ring(mn_chains *c, int32_t step, int32_t units) {
    const int32_t tensor = c->steps->steps[step].output;
    if (units <= c->ring[tensor]) return;
    c->ring[tensor] = units;
    if (c->most == SIZE_MAX) return;
    c->least = mn_max_size(c->least, bytes_at(c, step) + whole_bytes(c, c->steps->steps[c->end - 1].output));
}

/* Is every unit of the last output made of one unit of `tensor`, whose place it may take? */
static bool may_take_places(const mn_chains *c, int32_t tensor) {
    const mn_stream_step *last = &c->steps->steps[c->end - 1];
    const mn_stream_tensor *from = tensor_of(c, tensor), *to = tensor_of(c, last->output);
    if (!last->in_place || from->unit_bytes != to->unit_bytes || from->units != to->units) return false;
    for (int32_t i = 0; i < last->read_count; i++) {
        const mn_stream_read *read = &last->reads[i];
        if (read->tensor == tensor) return mn_stream_is_alike(read);
    }
    return false;
}

/* The first unit of `tensor` that a step of the chain but the last one still needs. */
static int32_t others_need(const mn_chains *c, int32_t tensor) {
    int32_t least = tensor_of(c, tensor)->units;
    for (int32_t i = c->reader_first[tensor]; i < c->reader_first[tensor + 1]; i++) {
        const int32_t step = c->readers[i];
        if (step >= c->begin && step < c->end - 1) least = mn_min_i32(least, still_needs(c, step, tensor));
    }
    return least;
}

/* By how much is the last output, with all units before `end`, longer than what is used up of others? */
static void note_excess(mn_chains *c, int32_t end) {
    const int32_t output = c->steps->steps[c->end - 1].output;
    const int64_t made =
        (int64_t)mn_min_i32(end, mn_chain_places(c, output)) * (int64_t)tensor_of(c, output)->unit_bytes;
    for (int32_t i = 0; i < c->used_up_count; i++) {
        const int32_t tensor = c->used_up[i];
        const int64_t ahead = made - c->oldest[tensor] * (int64_t)tensor_of(c, tensor)->unit_bytes;
        if (ahead > c->excess[tensor]) c->excess[tensor] = ahead;
        if (c->over[tensor]) c->over[tensor] = others_need(c, tensor) >= end;
    }
}

static void run_slice(mn_chains *c, int32_t step, int32_t end) {
    const mn_stream_step *s = &c->steps->steps[step];
    const int32_t first = c->next[step];
    note_use(c, step);
    if (c->ring[s->output] > 0 && !tensor_of(c, s->output)->is_sum) grow_ring(c, step, end - c->oldest[s->output]);
    if (step == c->end - 1) note_excess(c, end);
    if (c->slices) c->slices[c->slice_count] = (mn_stream_slice){.step = step, .first = first, .units = end - first};
    c->slice_count++;
    c->slices_of[step]++;
    c->next[step] = end;
    for (int32_t i = 0; i < s->read_count; i++) find_oldest(c, s->reads[i].tensor);
}

/* Behind the slice that a step runs next if it is to get to `end`. */
static int32_t end_of_slice(const mn_chains *c, int32_t step, int32_t end) {
    const int32_t next = c->next[step], row = c->steps->steps[step].row;
    if (end - next > c->chunk[step]) end = next + c->chunk[step];
    return row > 0 ? mn_min_i32(end, next - next % row + row) : end;
}

/* Makes the units of a step's output before `end`, and first what they need. */
static void pull(mn_chains *c, int32_t step, int32_t end) {
    const mn_stream_step *s = &c->steps->steps[step];
    while (c->next[step] < end && c->least <= c->most) {
        const int32_t end_now = end_of_slice(c, step, end);
        for (int32_t i = 0; i < s->read_count; i++) {
            const mn_stream_read *read = &s->reads[i];
            const int32_t maker = c->maker[read->tensor];
            if (maker < c->begin) continue;
            pull(c, maker, read->rows.reach == 0 ? units_of(c, maker) : end_unit(read, end_now - 1));
        }
        run_slice(c, step, end_now);
    }
}

/* May the last output take over the memory of `tensor`, once listed? */
static bool gets_used_up(const mn_chains *c, int32_t tensor) {
    for (int32_t i = 0; i < c->used_up_count; i++) {
        if (c->used_up[i] == tensor) return false;
    }
    if (c->read_whole[tensor] || tensor_of(c, tensor)->is_sum) return false;
    return c->maker[tensor] < c->begin && c->last[tensor] < c->end;
}

static void begin_chain(mn_chains *c, int32_t begin, int32_t end) {
    c->begin = begin, c->end = end;
    c->used_up_count = 0;
    c->slice_count = 0;
    c->least = 0;
    for (int32_t s = begin; s < end; s++) c->next[s] = c->slices_of[s] = 0;
    for (int32_t s = begin; s < end; s++) {
        const mn_stream_step *step = &c->steps->steps[s];
        c->ring[step->output] = mn_chain_keeps_whole(c, begin, end, step->output) ? 0 : 1;
        c->from[step->output] = end, c->to[step->output] = begin - 1;
        find_oldest(c, step->output);
        for (int32_t i = 0; i < step->read_count; i++) {
            const int32_t tensor = step->reads[i].tensor;
            if (c->maker[tensor] >= begin) continue;
            find_oldest(c, tensor);
            c->excess[tensor] = 0;
            c->over[tensor] = may_take_places(c, tensor);
            if (gets_used_up(c, tensor)) c->used_up[c->used_up_count++] = tensor;
        }
    }
}

/* Every unit that somebody reads, and all of tensors that are whole. */
static void run_all(mn_chains *c) {
    for (int32_t s = c->end - 1; s >= c->begin; s--) {
        if (c->ring[c->steps->steps[s].output] == 0) pull(c, s, units_of(c, s));
    }
}

/* ---- Bytes ----------------------------------------------------------------------------------------------- */

/* Finds the tensor whose memory the last output takes over, so that most is saved. */
static void take_over(const mn_chains *c, mn_chain *out) {
    const size_t bytes = whole_bytes(c, c->steps->steps[c->end - 1].output);
    for (int32_t i = 0; i < c->used_up_count; i++) {
        const int32_t tensor = c->used_up[i];
        const size_t shift = c->over[tensor] ? 0 : mn_round_up((size_t)c->excess[tensor], c->steps->alignment);
        if (shift >= bytes || bytes - shift <= out->saved) continue;
        out->saved = bytes - shift;
        out->taken = tensor;
        out->shift = shift;
    }
    out->bytes -= out->saved;
}

/* Adds up what is in use at each step. */
static void add_up(const mn_chains *c, mn_chain *out) {
    size_t whole = c->crossing[c->begin], most = 0;
    for (int32_t s = c->begin; s < c->end; s++) {
        const int32_t tensor = c->steps->steps[s].output;
        if (c->ring[tensor] == 0) whole += whole_bytes(c, tensor);
        most = mn_max_size(most, bytes_at(c, s));
        out->constant_bytes += (int64_t)c->steps->steps[s].constant_bytes * c->slices_of[s];
    }
    const mn_stream_step *first = &c->steps->steps[c->begin];
    for (int32_t i = 0; i < first->other_count; i++) whole += whole_bytes(c, first->others[i]);
    out->least = most + whole_bytes(c, c->steps->steps[c->end - 1].output);
    out->bytes = whole + most;
}

/* Of a step that runs at once only places can be taken, not units one after another. */
static void keep_taken_places(mn_chains *c) {
    int32_t count = 0;
    for (int32_t i = 0; i < c->used_up_count; i++) {
        if (c->over[c->used_up[i]]) c->used_up[count++] = c->used_up[i];
    }
    c->used_up_count = count;
}

void mn_chain_set_chunk(mn_chains *c, int32_t begin, int32_t end, int32_t chunk) {
    for (int32_t s = begin; s < end; s++) {
        /* What a step without inputs is asked for will be there at once, so that slices of it all take no more memory.
         */
        const bool is_maker = c->steps->steps[s].read_count == 0;
        c->chunk[s] = is_maker ? units_of(c, s) : mn_min_i32(chunk, units_of(c, s));
    }
}

void mn_chain_run(mn_chains *c, int32_t begin, int32_t end, bool overlaps, mn_stream_slice *slices, mn_chain *out) {
    *out = (mn_chain){.taken = -1};
    begin_chain(c, begin, end);
    c->slices = slices;
    const bool at_once = end - begin == 1 && !overlaps;
    if (at_once) c->chunk[begin] = units_of(c, begin);
    run_all(c);
    if (c->least > c->most) {
        *out = (mn_chain){.least = c->least, .is_given_up = true};
        return;
    }
    if (at_once) keep_taken_places(c);
    add_up(c, out);
    take_over(c, out);
    out->slices = c->slice_count;
}
