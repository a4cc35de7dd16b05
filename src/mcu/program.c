/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "mcu/program.h"

#include "base/checked.h"
#include "mcu/draft.h"
#include "plan/stream.h"

/* From a draft to what plan/stream.h searches, and back. Steps and tensors of the search: an INPUT in front if rows
 * arrive, then those of the draft; tensors are the draft's, of which those in others' memory are not used. */
typedef struct builder {
    const mn_model *model;
    const mn_mcu_options *options;
    mn_mcu_built *out;
    mn_plan plan;
    mn_draft draft;
    mn_stream_steps steps;
    mn_stream stream;
    mn_stream_step *stream_steps;
    mn_stream_tensor *stream_tensors;
    int32_t first;    /* steps of the search in front of the draft's: 1 if rows arrive */
    int32_t arriving; /* graph tensor of what the caller gives */
    void *map;        /* params of a MAP that the INPUT does as well, or NULL */
    size_t *offset;   /* [draft tensors, then extras] */
    int32_t *step_of; /* [steps of the search]: step of the program */
    mn_mcu_step *to;  /* [steps of the program] */
    uint16_t *chain_ends;
} builder;

enum { CHUNKS = 24, MOST_CHUNK = 1024 };

static mn_status no_memory(void) { return mn_fail_memory("the program"); }

/* ---- What is searched ------------------------------------------------------------------------------------ */

static int32_t units_of(const mn_draft_tensor *t) { return t->height * t->width; }

static int32_t memory_of(const builder *b, int32_t tensor) { return b->draft.tensors[tensor].memory; }

static mn_stream_axis axis_of(int32_t stride, int32_t before, int32_t reach, int32_t in, int32_t out) {
    return (mn_stream_axis){.stride = stride, .before = before, .reach = reach, .in = in, .out = out};
}

static bool reads_all(const mn_draft_step *step) { return step->kind == MN_MCU_DENSE; }

static bool reads_sums(const mn_draft_step *step) { return step->kind == MN_MCU_MEAN || step->kind == MN_MCU_AVERAGE; }

static mn_stream_read read_of(const builder *b, const mn_draft_step *step, int32_t tensor) {
    const mn_draft_tensor *in = &b->draft.tensors[tensor], *out = &b->draft.tensors[step->output];
    mn_stream_read read = {.tensor = in->memory};
    if (reads_all(step) || in->memory != tensor) return read;
    const int32_t units = units_of(in);
    read.columns = MN_STREAM_ONE_COLUMN;
    if (reads_sums(step)) { /* the last of them is what all have become */
        read.rows = axis_of(1, 1 - units, 1, units, 1);
    } else if (step->window) {
        const mn_mcu_window *w = step->window;
        read.rows = axis_of(w->stride_h, w->pad_top, (w->k_h - 1) * w->dilation_h + 1, in->height, out->height);
        read.columns = axis_of(w->stride_w, w->pad_left, (w->k_w - 1) * w->dilation_w + 1, in->width, out->width);
    } else {
        read.rows = axis_of(1, 0, 1, units, units);
    }
    return read;
}

/* Workspace that the runtime says it needs for slices of so many pixels. */
static size_t workspace_of(const mn_draft_step *step, uint16_t chunk) {
    const mn_mcu_step like = {
        .params = step->params, .window = step->window, .chunk = chunk, .kind = (uint8_t)step->kind};
    return mn_mcu_workspace_bytes(NULL, &like);
}

/* For each pixel up to some, or all of it from some pixels on. */
static void set_workspace(const mn_draft_step *step, mn_stream_step *to) {
    enum { MOST_UNITS = 64 };
    const size_t most = workspace_of(step, UINT16_MAX);
    to->workspace_bytes = workspace_of(step, 1);
    to->workspace_units = to->wide_units = 1;
    if (to->workspace_bytes > 0) {
        to->workspace_units = (int32_t)((most + to->workspace_bytes - 1) / to->workspace_bytes);
        return;
    }
    to->wide_bytes = most;
    while (to->wide_units < MOST_UNITS && workspace_of(step, (uint16_t)to->wide_units) == 0) to->wide_units++;
}

static mn_status add_step(builder *b, const mn_draft_step *step) {
    mn_stream_step *to = &b->stream_steps[b->steps.step_count++];
    mn_stream_read *reads = mn_region_alloc(b->draft.region, 2, sizeof *reads);
    if (!reads) return no_memory();
    *to = (mn_stream_step){.reads = reads,
                           .output = step->output,
                           .by_units = true,
                           .in_place = step->kind == MN_MCU_ADD || step->kind == MN_MCU_MAP,
                           .row = step->window ? b->draft.tensors[step->output].width : 0,
                           .constant_bytes = step->weight_bytes};
    set_workspace(step, to);
    for (int32_t i = 0; i < 2; i++) {
        if (step->inputs[i] < 0) continue;
        if (memory_of(b, step->inputs[i]) != step->inputs[i]) to->by_units = false; /* other pixels: all are there */
        reads[to->read_count++] = read_of(b, step, step->inputs[i]);
    }
    return MN_OK;
}

/* Is a function of each byte all that becomes of the input? */
static bool maps_input(const mn_draft *draft) {
    const mn_draft_step *first = draft->steps;
    if (draft->step_count < 2 || first->kind != MN_MCU_MAP || first->inputs[0] != draft->input) return false;
    for (int32_t s = 1; s < draft->step_count; s++) {
        for (int32_t i = 0; i < 2; i++) {
            const int32_t input = draft->steps[s].inputs[i];
            if (input >= 0 && draft->tensors[input].memory == draft->input) return false;
        }
    }
    return first->output != draft->output;
}

/* Rows that arrive go through such a function on their way into the arena. */
static void join_map(builder *b) {
    mn_draft *draft = &b->draft;
    b->arriving = draft->tensors[draft->input].tensor;
    if (b->options->held || !maps_input(draft)) return;
    b->map = draft->steps->params;
    draft->tensors[draft->input].memory = draft->steps->output;
    draft->input = draft->steps->output;
    draft->steps++;
    draft->step_count--;
}

static mn_status list_steps(builder *b) {
    const mn_draft *draft = &b->draft;
    b->stream_steps = mn_region_alloc(draft->region, (size_t)draft->step_count + 1, sizeof *b->stream_steps);
    b->stream_tensors = mn_region_alloc(draft->region, (size_t)draft->tensor_count, sizeof *b->stream_tensors);
    if (!b->stream_steps || !b->stream_tensors) return no_memory();
    for (int32_t i = 0; i < draft->tensor_count; i++) {
        const mn_draft_tensor *t = &draft->tensors[i];
        const size_t bytes = t->memory == i ? t->bytes : 0; /* in another one's memory it takes none */
        b->stream_tensors[i] = (mn_stream_tensor){.unit_bytes = bytes, .units = units_of(t), .is_sum = t->is_sum};
    }
    b->steps = (mn_stream_steps){.steps = b->stream_steps,
                                 .tensors = b->stream_tensors,
                                 .tensor_count = draft->tensor_count,
                                 .alignment = MN_MCU_WORD};
    b->stream_tensors[draft->input].is_input = b->options->held;
    b->stream_tensors[draft->output].is_output = true;
    if (!b->options->held) {
        b->stream_steps[b->steps.step_count++] =
            (mn_stream_step){.output = draft->input, .by_units = true, .row = draft->tensors[draft->input].width};
    }
    b->first = b->steps.step_count;
    for (int32_t s = 0; s < draft->step_count; s++) MN_TRY(add_step(b, &draft->steps[s]));
    return MN_OK;
}

static void add_chunk(int32_t *chunks, int32_t *count, int32_t chunk) {
    int32_t at = *count;
    for (int32_t i = 0; i < *count; i++) {
        if (chunks[i] == chunk) return;
    }
    if (*count == CHUNKS || chunk > MOST_CHUNK) return;
    for (; at > 0 && chunks[at - 1] > chunk; at--) chunks[at] = chunks[at - 1];
    chunks[at] = chunk;
    (*count)++;
}

/* Powers of two, and rows of the network's images. */
static int32_t list_chunks(const builder *b, int32_t *chunks) {
    int32_t count = 0, most = 1;
    for (int32_t i = 0; i < b->draft.tensor_count; i++) {
        most = mn_max_i32(most, units_of(&b->draft.tensors[i]));
    }
    for (int32_t chunk = 1; chunk <= most && chunk <= MOST_CHUNK / 4; chunk *= 2) add_chunk(chunks, &count, chunk);
    for (int32_t i = 0; i < b->draft.tensor_count; i++) {
        const int32_t width = b->draft.tensors[i].width;
        if (width > 4) add_chunk(chunks, &count, width);
    }
    return count;
}

static mn_status find_offsets(builder *b) {
    const int32_t count = b->steps.tensor_count + b->stream.extra_count;
    mn_buffer *buffers = mn_region_alloc(b->draft.region, (size_t)count, sizeof *buffers);
    b->offset = mn_region_alloc(b->draft.region, (size_t)count, sizeof *b->offset);
    if (!buffers || !b->offset) return no_memory();
    size_t bytes, end = 0;
    mn_stream_buffers(&b->steps, &b->stream, buffers);
    MN_TRY(mn_memory_plan(buffers, count, MN_MCU_WORD, &bytes));
    for (int32_t i = 0; i < count; i++) {
        b->offset[i] = buffers[i].offset;
        end = mn_max_size(end, buffers[i].offset + buffers[i].bytes);
    }
    if (end > INT32_MAX) return mn_fail(MN_ERROR_LIMIT, "%s: it takes over 2 GiB of RAM", b->model->graph.name);
    b->out->program.arena_bytes = (uint32_t)end;
    return MN_OK;
}

/* What a slice takes beside its products is about 1.6 microseconds, of some 600 instructions at 400 MHz. */
static const double slice_time = 1.6, usual_speed = 40, speed_of_ram = 400;

/* Searches within a limit, or for the least memory. */
static mn_status search_within(builder *b, size_t limit) {
    int32_t chunks[CHUNKS];
    const double speed = b->options->flash_speed > 0 ? b->options->flash_speed : usual_speed;
    const mn_stream_options options = {.chunks = chunks,
                                       .chunk_count = list_chunks(b, chunks),
                                       .limit = limit,
                                       .slice_cost =
                                           1 + (int64_t)(slice_time * (speed < speed_of_ram ? speed : speed_of_ram)),
                                       .copies = limit > 0 && !b->options->no_loads && speed < speed_of_ram};
    MN_TRY(mn_stream_plan(&b->steps, &options, b->draft.region, &b->stream));
    return find_offsets(b);
}

/* The search counts words, the last of which need not be there. */
static mn_status search(builder *b) {
    const size_t ram = b->options->ram;
    const uint32_t *found = &b->out->program.arena_bytes;
    MN_TRY(search_within(b, ram == 0 ? 0 : mn_round_up(ram, MN_MCU_WORD)));
    if (ram == 0 || *found <= ram) return MN_OK;
    if (ram % MN_MCU_WORD != 0) MN_TRY(search_within(b, ram));
    if (*found <= ram) return MN_OK;
    return mn_fail(MN_ERROR_LIMIT, "%s: %zu bytes of RAM are not enough; it takes at least %u", b->model->graph.name,
                   ram, *found);
}

/* ---- The program ----------------------------------------------------------------------------------------- */

static int32_t loads_of(const builder *b) {
    int32_t loads = 0;
    for (int32_t i = 0; i < b->stream.extra_count; i++) loads += b->stream.extras[i].is_copy;
    return loads;
}

static mn_status check_counts(const builder *b, size_t steps, size_t tensors) {
    if (steps <= INT16_MAX && tensors <= INT16_MAX) return MN_OK;
    return mn_fail(MN_ERROR_LIMIT, "%s: it has over 32,767 steps or tensors", b->model->graph.name);
}

static const char *name_of(const builder *b, int32_t tensor) {
    return tensor < 0 ? "sums" : b->draft.plan->graph->tensors[tensor].name;
}

static mn_status open_program(builder *b) {
    const int32_t loads = loads_of(b);
    const size_t steps = (size_t)(b->steps.step_count + loads), tensors = (size_t)(b->draft.tensor_count + loads);
    MN_TRY(check_counts(b, steps, tensors));
    mn_region *region = b->draft.region;
    b->step_of = mn_region_alloc(region, (size_t)b->steps.step_count, sizeof *b->step_of);
    b->to = mn_region_alloc(region, steps, sizeof *b->to);
    b->chain_ends = mn_region_alloc(region, (size_t)b->stream.chain_count, sizeof *b->chain_ends);
    b->out->steps = mn_region_alloc(region, steps, sizeof *b->out->steps);
    b->out->tensors = mn_region_alloc(region, tensors, sizeof *b->out->tensors);
    if (!b->step_of || !b->to || !b->chain_ends || !b->out->steps || !b->out->tensors) return no_memory();
    b->out->program.steps = b->to;
    b->out->program.chain_ends = b->chain_ends;
    b->out->program.chain_count = (uint16_t)b->stream.chain_count;
    b->out->program.input = (int16_t)b->draft.input;
    b->out->program.output = (int16_t)b->draft.output;
    return MN_OK;
}

/* Does a later chain, or the caller, read what a step makes, or somebody all of it? */
static bool is_whole(const builder *b, int32_t tensor, int32_t chain_end) {
    if (b->stream_tensors[tensor].is_output) return true;
    for (int32_t s = chain_end; s < b->steps.step_count; s++) {
        for (int32_t i = 0; i < b->stream_steps[s].read_count; i++) {
            if (b->stream_steps[s].reads[i].tensor == tensor) return true;
        }
    }
    return false;
}

/* A step that copies the weights of step `s` of the search, and its tensor. */
static mn_status add_load(builder *b, mn_mcu_tensor *tensors, int32_t extra) {
    const int32_t s = b->stream.extras[extra].step;
    const mn_draft_step *step = &b->draft.steps[s - b->first];
    mn_mcu_program *p = &b->out->program;
    mn_mcu_constants *constants = mn_region_alloc(b->draft.region, 1, sizeof *constants);
    if (!constants) return no_memory();
    constants->from = step->weights;
    tensors[p->tensor_count] = (mn_mcu_tensor){.offset = (uint32_t)b->offset[b->steps.tensor_count + extra],
                                               .places = 1,
                                               .bytes = (uint32_t)step->weight_bytes,
                                               .height = 1,
                                               .width = 1};
    b->to[p->step_count] = (mn_mcu_step){
        .params = constants, .inputs = {-1, -1}, .output = (int16_t)p->tensor_count, .chunk = 1, .kind = MN_MCU_LOAD};
    b->out->steps[p->step_count] = (mn_mcu_step_report){.name = step->name,
                                                        .op = step->op,
                                                        .slices = 1,
                                                        .weight_bytes = step->weight_bytes,
                                                        .constant_bytes = step->weight_bytes,
                                                        .read_bytes = (int64_t)step->weight_bytes};
    b->out->tensors[p->tensor_count] = (mn_mcu_tensor_report){.name = step->name, .is_load = true};
    p->step_count++;
    p->tensor_count++;
    return MN_OK;
}

static int32_t find_extra(const builder *b, int32_t step, bool is_copy) {
    for (int32_t i = 0; i < b->stream.extra_count; i++) {
        if (b->stream.extras[i].step == step && b->stream.extras[i].is_copy == is_copy) return i;
    }
    return -1;
}

/* The tensor that a LOAD of the chain being made brings for step `s`; -1: none. */
static int16_t loaded_for(const builder *b, int32_t s, int32_t chain_begin, int32_t first_load) {
    int16_t loaded = (int16_t)first_load;
    if (!b->stream.turns[s].is_copied) return -1;
    for (int32_t i = chain_begin; i < s; i++) loaded = (int16_t)(loaded + b->stream.turns[i].is_copied);
    return loaded;
}

static void add_mcu_step(builder *b, int32_t s, int32_t chain_end, int16_t loaded) {
    mn_mcu_program *p = &b->out->program;
    const mn_stream_turn *turn = &b->stream.turns[s];
    const mn_draft_step *step = s < b->first ? NULL : &b->draft.steps[s - b->first];
    const int32_t workspace = find_extra(b, s, false), output = b->stream_steps[s].output;
    mn_mcu_step *to = &b->to[p->step_count];
    *to = (mn_mcu_step){.inputs = {-1, loaded},
                        .output = (int16_t)output,
                        .chunk = (uint16_t)mn_min_i32(turn->chunk, UINT16_MAX),
                        .kind = MN_MCU_INPUT,
                        .params = b->map,
                        .whole = is_whole(b, output, chain_end)};
    mn_mcu_step_report report = {
        .name = name_of(b, b->arriving), .op = -1, .constant_bytes = b->map ? MN_MCU_MAP_BYTES : 0};
    if (step) {
        to->kind = (uint8_t)step->kind;
        to->window = step->window;
        to->params = step->params;
        to->inputs[0] = (int16_t)step->inputs[0];
        if (step->inputs[1] >= 0) to->inputs[1] = (int16_t)step->inputs[1];
        report = (mn_mcu_step_report){.name = step->name, .op = step->op, .constant_bytes = step->constant_bytes};
        if (loaded < 0) report.weight_bytes = step->weight_bytes;
        if (loaded >= 0) report.constant_bytes -= step->weight_bytes;
        report.read_bytes = (int64_t)report.weight_bytes * turn->slices;
    }
    if (workspace >= 0) {
        to->workspace = (uint32_t)b->offset[b->steps.tensor_count + workspace];
        report.workspace_bytes = b->stream.extras[workspace].bytes;
    }
    report.slices = (uint32_t)turn->slices;
    b->out->steps[p->step_count] = report;
    b->step_of[s] = p->step_count++;
}

/* Whose weights were copied computes with the copy. */
static mn_status take_copy(builder *b, int32_t s) {
    mn_mcu_step *to = &b->to[b->step_of[s]];
    mn_mcu_product *product = mn_region_alloc(b->draft.region, 1, sizeof *product);
    if (!product) return no_memory();
    *product = *(const mn_mcu_product *)to->params;
    product->weights = NULL;
    to->params = product;
    return MN_OK;
}

/* Steps [begin, end) of the search, behind the loads for them; an INPUT is the first of all. */
static mn_status add_chain(builder *b, mn_mcu_tensor *tensors, int32_t begin, int32_t end) {
    mn_mcu_program *p = &b->out->program;
    const int32_t first_load = p->tensor_count, first_step = p->step_count;
    if (begin < b->first) add_mcu_step(b, begin++, end, -1);
    for (int32_t s = begin; s < end; s++) {
        const int32_t copy = find_extra(b, s, true);
        if (copy >= 0) MN_TRY(add_load(b, tensors, copy));
    }
    for (int32_t s = begin; s < end; s++) {
        const int16_t loaded = loaded_for(b, s, begin, first_load);
        add_mcu_step(b, s, end, loaded);
        if (loaded >= 0) MN_TRY(take_copy(b, s));
    }
    for (int32_t t = first_load; t < p->tensor_count; t++) {
        b->out->tensors[t].first = first_step;
        b->out->tensors[t].last = p->step_count - 1;
    }
    p->longest = (uint16_t)mn_max_i32(p->longest, p->step_count - first_step);
    return MN_OK;
}

/* A step of the search, or before or behind all of them, as one of the program. */
static int32_t step_of(const builder *b, int32_t step) {
    if (step < 0) return -1;
    return step < b->steps.step_count ? b->step_of[step] : b->out->program.step_count;
}

static void take_tensors(builder *b, mn_mcu_tensor *tensors) {
    for (int32_t i = 0; i < b->draft.tensor_count; i++) {
        const mn_draft_tensor *t = &b->draft.tensors[i];
        const mn_stream_place *place = &b->stream.places[t->memory];
        const uint32_t all = t->is_sum ? 1 : (uint32_t)units_of(t);
        tensors[i] = (mn_mcu_tensor){.offset = (uint32_t)b->offset[t->memory],
                                     .places = place->ring > 0 ? (uint32_t)place->ring : all,
                                     .bytes = (uint32_t)t->bytes,
                                     .height = (uint16_t)t->height,
                                     .width = (uint16_t)t->width};
    }
}

static void report_tensors(builder *b) {
    for (int32_t i = 0; i < b->draft.tensor_count; i++) {
        const mn_draft_tensor *t = &b->draft.tensors[i];
        const mn_stream_place *place = &b->stream.places[t->memory];
        b->out->tensors[i] = (mn_mcu_tensor_report){.name = name_of(b, t->tensor),
                                                    .first = step_of(b, place->first),
                                                    .last = step_of(b, place->last),
                                                    .is_view = t->memory != i};
    }
    for (int32_t s = 0; s < b->out->program.step_count; s++) {
        b->out->weight_bytes += b->out->steps[s].weight_bytes;
        b->out->constant_bytes += b->out->steps[s].constant_bytes;
        b->out->read_bytes += b->out->steps[s].read_bytes;
    }
}

static mn_status make_program(builder *b) {
    MN_TRY(open_program(b));
    const size_t tensors = (size_t)(b->draft.tensor_count + loads_of(b));
    mn_mcu_tensor *list = mn_region_alloc(b->draft.region, tensors, sizeof *list);
    if (!list) return no_memory();
    b->out->program.tensors = list;
    b->out->program.tensor_count = (uint16_t)b->draft.tensor_count;
    take_tensors(b, list);
    for (int32_t k = 0, begin = 0; k < b->stream.chain_count; begin = b->stream.chain_ends[k++]) {
        MN_TRY(add_chain(b, list, begin, b->stream.chain_ends[k]));
        b->chain_ends[k] = b->out->program.step_count;
    }
    report_tensors(b);
    b->out->input = b->arriving;
    b->out->output = b->draft.tensors[b->draft.output].tensor;
    return MN_OK;
}

/* ---- All of it ------------------------------------------------------------------------------------------- */

static mn_status build(builder *b) {
    const mn_plan_options options = {
        .threads = 1, .keep_tensors = true, .target = mn_target_here(), .tier = MN_TIER_REF};
    MN_TRY(mn_plan_create(&b->model->graph, b->model->cache, &options, &b->plan));
    MN_TRY(mn_draft_make(&b->plan, &b->out->region, &b->draft));
    join_map(b);
    MN_TRY(list_steps(b));
    MN_TRY(search(b));
    return make_program(b);
}

mn_status mn_mcu_build(const mn_model *model, const mn_mcu_options *options, mn_mcu_built *out) {
    builder b = {.model = model, .options = options, .out = out};
    *out = (mn_mcu_built){.file = model->graph.name, .input = -1, .output = -1};
    const mn_status status = build(&b);
    mn_plan_free(&b.plan);
    if (status != MN_OK) mn_mcu_built_free(out);
    return status;
}

void mn_mcu_built_free(mn_mcu_built *built) {
    mn_region_free(&built->region);
    *built = (mn_mcu_built){.input = -1, .output = -1};
}
