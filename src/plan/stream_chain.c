/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/stream_chain.h"

#include "base/checked.h"

/* ---- What is known of all steps -------------------------------------------------------------------------- */

static const mn_stream_tensor *tensor_of(const mn_chains *c, int32_t tensor) { return &c->steps->tensors[tensor]; }

static int32_t rows_of(const mn_chains *c, int32_t step) { return tensor_of(c, c->steps->steps[step].output)->rows; }

size_t mn_chain_bytes(const mn_chains *c, int32_t tensor, int32_t rows) {
    return mn_round_up((size_t)rows * tensor_of(c, tensor)->row_bytes, c->steps->alignment);
}

static size_t whole_bytes(const mn_chains *c, int32_t tensor) {
    return mn_chain_bytes(c, tensor, tensor_of(c, tensor)->rows);
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
    c->next = mn_region_alloc(region, steps, sizeof *c->next);
    c->reader_first = mn_region_alloc(region, tensors + 1, sizeof *c->reader_first);
    c->readers = mn_region_alloc(region, reads, sizeof *c->readers);
    return good && c->read_whole && c->excess && c->over && c->crossing && c->next && c->reader_first && c->readers;
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
            if (!step->by_rows || read->reach == 0) c->read_whole[read->tensor] = true;
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
    *out = (mn_chains){.steps = steps};
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

/* ---- Rows ------------------------------------------------------------------------------------------------ */

/* The row of the image that output row `row` belongs to, `below` the top of its window; the nearest one if there is
 * none. */
static int32_t row_under(const mn_stream_read *read, int32_t row, int32_t below) {
    const int32_t image = row / read->out_rows * read->in_rows;
    const int64_t y = (int64_t)(row % read->out_rows) * read->stride - read->before + below;
    return image + (y < 0 ? 0 : y > read->in_rows ? read->in_rows : (int32_t)y);
}

static int32_t first_row(const mn_stream_read *read, int32_t row) { return row_under(read, row, 0); }

/* Behind the last row. */
static int32_t end_row(const mn_stream_read *read, int32_t row) { return row_under(read, row, read->reach); }

/* The first row of `tensor` that `step` still needs. */
static int32_t still_needs(const mn_chains *c, int32_t step, int32_t tensor) {
    const mn_stream_step *reader = &c->steps->steps[step];
    int32_t least = tensor_of(c, tensor)->rows;
    if (c->next[step] == rows_of(c, step)) return least;
    for (int32_t i = 0; i < reader->read_count; i++) {
        const mn_stream_read *read = &reader->reads[i];
        if (read->tensor != tensor) continue;
        least = mn_min_i32(least, read->reach == 0 ? 0 : first_row(read, c->next[step]));
    }
    return least;
}

static void find_oldest(mn_chains *c, int32_t tensor) {
    c->oldest[tensor] = tensor_of(c, tensor)->rows;
    for (int32_t i = c->reader_first[tensor]; i < c->reader_first[tensor + 1]; i++) {
        const int32_t step = c->readers[i];
        if (step < c->begin || step >= c->end) continue;
        c->oldest[tensor] = mn_min_i32(c->oldest[tensor], still_needs(c, step, tensor));
    }
}

/* ---- Running --------------------------------------------------------------------------------------------- */

/* Which tensors in rings are in use while `step` runs? */
static void note_use(mn_chains *c, int32_t step) {
    for (int32_t s = c->begin; s < c->end; s++) {
        const int32_t tensor = c->steps->steps[s].output;
        if (c->ring[tensor] == 0 || (s != step && c->next[s] <= c->oldest[tensor])) continue;
        c->from[tensor] = mn_min_i32(c->from[tensor], step);
        c->to[tensor] = mn_max_i32(c->to[tensor], step);
    }
}

/* Is every row of the last output made of one row of `tensor`, whose place it may take? */
static bool may_take_places(const mn_chains *c, int32_t tensor) {
    const mn_stream_step *last = &c->steps->steps[c->end - 1];
    const mn_stream_tensor *from = tensor_of(c, tensor), *to = tensor_of(c, last->output);
    if (!last->in_place || from->row_bytes != to->row_bytes || from->rows != to->rows) return false;
    for (int32_t i = 0; i < last->read_count; i++) {
        const mn_stream_read *read = &last->reads[i];
        if (read->tensor == tensor) return read->reach == 1 && read->stride == 1 && read->before == 0;
    }
    return false;
}

/* The first row of `tensor` that a step of the chain but the last one still needs. */
static int32_t others_need(const mn_chains *c, int32_t tensor) {
    int32_t least = tensor_of(c, tensor)->rows;
    for (int32_t i = c->reader_first[tensor]; i < c->reader_first[tensor + 1]; i++) {
        const int32_t step = c->readers[i];
        if (step >= c->begin && step < c->end - 1) least = mn_min_i32(least, still_needs(c, step, tensor));
    }
    return least;
}

/* By how much is the last output, with row `row`, longer than what is used up of others? */
static void note_excess(mn_chains *c, int32_t row) {
    const int32_t output = c->steps->steps[c->end - 1].output;
    const int64_t made = (row + (int64_t)1) * (int64_t)tensor_of(c, output)->row_bytes;
    for (int32_t i = 0; i < c->used_up_count; i++) {
        const int32_t tensor = c->used_up[i];
        const int64_t ahead = made - c->oldest[tensor] * (int64_t)tensor_of(c, tensor)->row_bytes;
        if (ahead > c->excess[tensor]) c->excess[tensor] = ahead;
        if (c->over[tensor]) c->over[tensor] = others_need(c, tensor) > row;
    }
}

static void run_row(mn_chains *c, int32_t step) {
    const mn_stream_step *s = &c->steps->steps[step];
    const int32_t row = c->next[step];
    if (c->ring[s->output] > 0) {
        c->ring[s->output] = mn_max_i32(c->ring[s->output], row + 1 - c->oldest[s->output]);
    }
    note_use(c, step);
    if (step == c->end - 1) note_excess(c, row);
    if (c->slices) c->slices[c->slice_count] = (mn_stream_slice){.step = step, .first = row, .rows = 1};
    c->slice_count++;
    c->next[step]++;
    for (int32_t i = 0; i < s->read_count; i++) find_oldest(c, s->reads[i].tensor);
}

/* Makes the rows of a step's output before `end`, and first what they need. */
static void pull(mn_chains *c, int32_t step, int32_t end) {
    const mn_stream_step *s = &c->steps->steps[step];
    while (c->next[step] < end) {
        for (int32_t i = 0; i < s->read_count; i++) {
            const mn_stream_read *read = &s->reads[i];
            const int32_t maker = c->maker[read->tensor];
            if (maker < c->begin) continue;
            pull(c, maker, read->reach == 0 ? rows_of(c, maker) : end_row(read, c->next[step]));
        }
        run_row(c, step);
    }
}

/* May the last output take over the memory of `tensor`, once listed? */
static bool gets_used_up(const mn_chains *c, int32_t tensor) {
    for (int32_t i = 0; i < c->used_up_count; i++) {
        if (c->used_up[i] == tensor) return false;
    }
    return c->maker[tensor] < c->begin && c->last[tensor] < c->end && !c->read_whole[tensor];
}

static void begin_chain(mn_chains *c, int32_t begin, int32_t end) {
    c->begin = begin, c->end = end;
    c->used_up_count = 0;
    c->slice_count = 0;
    for (int32_t s = begin; s < end; s++) c->next[s] = 0;
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

/* Every row that somebody reads, and all of tensors that are whole. */
static void run_all(mn_chains *c) {
    for (int32_t s = c->end - 1; s >= c->begin; s--) {
        if (c->ring[c->steps->steps[s].output] == 0) pull(c, s, rows_of(c, s));
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
        size_t sum = 0;
        for (int32_t k = c->begin; k < c->end; k++) {
            const int32_t other = c->steps->steps[k].output;
            if (c->ring[other] > 0 && c->from[other] <= s && s <= c->to[other]) {
                sum += mn_chain_bytes(c, other, c->ring[other]);
            }
        }
        most = mn_max_size(most, sum);
    }
    const mn_stream_step *first = &c->steps->steps[c->begin];
    for (int32_t i = 0; i < first->other_count; i++) whole += whole_bytes(c, first->others[i]);
    out->least = most + whole_bytes(c, c->steps->steps[c->end - 1].output);
    out->bytes = whole + most;
}

/* Of a step that runs at once only places can be taken, not rows one after another. */
static void keep_taken_places(mn_chains *c) {
    int32_t count = 0;
    for (int32_t i = 0; i < c->used_up_count; i++) {
        if (c->over[c->used_up[i]]) c->used_up[count++] = c->used_up[i];
    }
    c->used_up_count = count;
}

void mn_chain_run(mn_chains *c, int32_t begin, int32_t end, bool overlaps, mn_stream_slice *slices, mn_chain *out) {
    *out = (mn_chain){.taken = -1};
    begin_chain(c, begin, end);
    c->slices = slices;
    if (end - begin > 1 || overlaps) {
        run_all(c);
    } else {
        if (slices) slices[0] = (mn_stream_slice){.step = begin, .first = 0, .rows = rows_of(c, begin)};
        c->slice_count = 1;
        keep_taken_places(c);
    }
    add_up(c, out);
    take_over(c, out);
    out->slices = c->slice_count;
}
