/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "inspect_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "mobilenet_inspect.h"

/* A step with what follows from its operators. */
typedef struct step {
    mn_step_info info;
    mn_placement place; /* of the first output */
    int64_t macs;
    size_t moved; /* bytes of activations read, weights read and results written, each once */
} step;

/* Bytes that `tensor` takes: its padded ones in the arena, its own outside. */
static size_t bytes_of(const mn_session *session, int32_t tensor) {
    mn_placement place = MN_INIT(mn_placement);
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    if (mn_session_placement(session, tensor, &place) == MN_OK) return place.bytes;
    return mn_session_tensor(session, tensor, &info) == MN_OK ? info.bytes : 0;
}

/* Does the step compute `tensor` before the operator at place `before` of it? */
static bool is_inner(const mn_model *model, const mn_step_info *info, int32_t before, int32_t tensor) {
    for (int32_t i = 0; i < before; i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(model, info->ops[i], &op) != MN_OK) continue;
        for (int32_t k = 0; k < op.output_count; k++) {
            if (op.outputs[k] == tensor) return true;
        }
    }
    return false;
}

/* What the operator at place `index` of the step multiplies and reads; packed weights are counted apart. */
static mn_status add_operator(const mn_model *model, const mn_session *session, int32_t index, step *s) {
    mn_op_info op = MN_INIT(mn_op_info);
    MN_TRY(mn_model_op(model, s->info.ops[index], &op));
    s->macs += op.macs;
    for (int32_t i = 0; i < op.input_count; i++) {
        mn_tensor_info tensor = MN_INIT(mn_tensor_info);
        if (op.inputs[i] < 0 || is_inner(model, &s->info, index, op.inputs[i])) continue;
        MN_TRY(mn_model_tensor(model, op.inputs[i], &tensor));
        if (!tensor.data || s->info.packed_bytes == 0) s->moved += bytes_of(session, op.inputs[i]);
    }
    return MN_OK;
}

static bool is_alias(const step *s) { return s->info.units == 0; }

static mn_status describe(const mn_model *model, const mn_session *session, int32_t index, step *out) {
    *out = (step){.info = MN_INIT(mn_step_info), .place = MN_INIT(mn_placement)};
    MN_TRY(mn_session_step(session, index, &out->info));
    MN_TRY(mn_session_placement(session, out->info.outputs[0], &out->place));
    for (int32_t i = 0; i < out->info.op_count; i++) {
        MN_TRY(add_operator(model, session, i, out));
    }
    out->moved += out->info.packed_bytes;
    for (int32_t i = 0; i < out->info.output_count; i++) out->moved += bytes_of(session, out->info.outputs[i]);
    if (is_alias(out)) out->moved = 0;
    return MN_OK;
}

static double macs_per_byte(const step *s) { return s->moved > 0 ? (double)s->macs / (double)s->moved : 0; }

/* ---- Text -------------------------------------------------------------------------------------------- */

enum { NAMES = 80 };

/* "CONV_2D + DEPTHWISE_CONV_2D" */
static const char *operator_names(const mn_model *model, const mn_step_info *info, char out[NAMES]) {
    size_t used = 0;
    out[0] = '\0';
    for (int32_t i = 0; i < info->op_count; i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(model, info->ops[i], &op) != MN_OK) continue;
        const int written = snprintf(out + used, NAMES - used, "%s%s", i > 0 ? " + " : "", op.name);
        if (written > 0) used += (size_t)written;
        if (used >= NAMES) break;
    }
    return out;
}

/* "NHWC", or block/lanes/rows/together of mn_layout_info, and "+128" behind them. */
static const char *layout_name(const mn_layout_info *l, char out[48]) {
    if (l->block == 0) return "NHWC";
    const int written =
        snprintf(out, 48, "%" PRId32 "/%" PRId32 "/%" PRId32 "/%" PRId32, l->block, l->lanes, l->rows, l->together);
    if (l->bias != 0 && written > 0) snprintf(out + written, 48 - (size_t)written, "+%" PRId32, l->bias);
    return out;
}

enum { LIFE = 64 };

/* Steps that use the memory of an output, and the rows that it holds if not all, for people. */
static const char *life(const mn_session *session, const mn_placement *place, char out[LIFE]) {
    int length;
    if (place->last >= mn_session_step_count(session)) {
        length = snprintf(out, LIFE, "%" PRId32 " to the end", place->first);
    } else {
        length = snprintf(out, LIFE, "%" PRId32 " to %" PRId32, place->first, place->last);
    }
    if (place->ring > 0) snprintf(out + length, LIFE - (size_t)length, ", ring of %" PRId32, place->ring);
    return out;
}

static void print_step(const mn_model *model, const mn_session *session, int32_t index, const step *s) {
    char names[NAMES], when[LIFE], layout[48];
    const int32_t last = s->info.ops[s->info.op_count - 1];
    printf("%4" PRId32 "  %3" PRId32 "-%-3" PRId32 " %-33s %-32s %6" PRId32 " %9zu %9zu %11" PRId64
           " %8.1f  %9zu %9zu  %-15s %s\n",
           index, s->info.first_op, last, operator_names(model, &s->info, names),
           s->info.backend ? s->info.backend : s->info.kernel, s->info.units, s->info.packed_bytes,
           s->info.workspace_bytes, s->macs, macs_per_byte(s), s->place.offset, s->place.bytes,
           layout_name(&s->place.layout, layout), life(session, &s->place, when));
}

/* Does the step write its output over an operand, which then is not needed any more? */
static bool overwrites(const mn_model *model, const mn_session *session, const step *s) {
    mn_op_info op = MN_INIT(mn_op_info);
    if (mn_model_op(model, s->info.first_op, &op) != MN_OK) return false;
    for (int32_t i = 0; i < op.input_count; i++) {
        mn_placement place = MN_INIT(mn_placement);
        if (op.inputs[i] < 0 || mn_session_placement(session, op.inputs[i], &place) != MN_OK) continue;
        if (place.offset == s->place.offset && place.last == s->place.first) return true;
    }
    return false;
}

/* Adds the bytes at `place` from the first of its steps on, and takes them away behind the last: [step_count + 1]. */
static void add_life(const mn_placement *place, int32_t step_count, int64_t *change) {
    change[place->first < 0 ? 0 : place->first] += (int64_t)place->bytes;
    if (place->last < step_count) change[place->last + 1] -= (int64_t)place->bytes;
}

/* Bytes of tensors in use at the step that uses the most, and which that is; outputs of aliases are the memory of their
 * inputs. */
static mn_status find_most(const mn_model *model, const mn_session *session, int64_t *most, int32_t *at) {
    const int32_t step_count = mn_session_step_count(session);
    int64_t *change = calloc((size_t)step_count + 1, sizeof *change), bytes = 0;
    if (!change) return mn_fail_memory("the plan");
    for (int32_t i = 0; i < mn_model_input_count(model); i++) {
        mn_placement place = MN_INIT(mn_placement);
        if (mn_session_placement(session, mn_model_input(model, i), &place) == MN_OK) {
            add_life(&place, step_count, change);
        }
    }
    for (int32_t i = 0; i < step_count; i++) {
        step s;
        if (describe(model, session, i, &s) != MN_OK || is_alias(&s)) continue;
        const bool later = overwrites(model, session, &s);
        for (int32_t k = 0; k < s.info.output_count; k++) {
            if (mn_session_placement(session, s.info.outputs[k], &s.place) != MN_OK) continue;
            if (later) s.place.first++;
            add_life(&s.place, step_count, change);
        }
    }
    for (int32_t i = 0; i < step_count; i++) {
        bytes += change[i];
        if (bytes <= *most) continue;
        *most = bytes;
        *at = i;
    }
    free(change);
    return MN_OK;
}

/* ---- Slices -------------------------------------------------------------------------------------------- */

/* Slices that run in turns: of steps [first_step, last_step] alone, which no other slices share. */
typedef struct chain {
    int32_t begin, end; /* slices */
    int32_t first_step, last_step;
} chain;

/* The step of a slice; -1 if there is none such. */
static int32_t step_of(const mn_session *session, int32_t index) {
    mn_slice_info slice = MN_INIT(mn_slice_info);
    return mn_session_slice(session, index, &slice) == MN_OK ? slice.step : -1;
}

/* The chain that begins at slice `begin`; `last_of` is the last slice of each step. */
static chain chain_at(const mn_session *session, const int32_t *last_of, int32_t begin) {
    chain c = {.begin = begin, .end = begin + 1, .first_step = INT32_MAX};
    for (int32_t i = begin; i < c.end; i++) {
        const int32_t s = step_of(session, i);
        if (s < c.first_step) c.first_step = s;
        if (s > c.last_step) c.last_step = s;
        if (last_of[s] + 1 > c.end) c.end = last_of[s] + 1;
    }
    return c;
}

static mn_status print_chains(const mn_session *session) {
    const int32_t count = mn_session_slice_count(session);
    int32_t *last_of = calloc((size_t)mn_session_step_count(session) + 1, sizeof *last_of);
    if (!last_of) return mn_fail_memory("the plan");
    for (int32_t i = 0; i < count; i++) last_of[step_of(session, i)] = i;
    for (int32_t i = 0; i < count;) {
        const chain c = chain_at(session, last_of, i);
        if (c.end - c.begin > 1) {
            printf("row by row  steps %" PRId32 " to %" PRId32 " in %" PRId32 " slices\n", c.first_step, c.last_step,
                   c.end - c.begin);
        }
        i = c.end;
    }
    free(last_of);
    return MN_OK;
}

/* The arena of a streamed plan, and what of it is for tensors. */
static mn_status print_streamed(const mn_session *session, const mn_stream_info *stream) {
    printf("\narena       %zu bytes for tensors and the workspace of %" PRId32 " threads\n",
           mn_session_arena_bytes(session), mn_session_threads(session));
    printf("tensors     %zu bytes with whole inputs, %zu if their rows arrive when they are needed\n",
           stream->held_bytes, stream->arriving_bytes);
    return print_chains(session);
}

static mn_status print_whole(const mn_model *model, const mn_session *session) {
    int64_t most = 0;
    int32_t at = 0;
    MN_TRY(find_most(model, session, &most, &at));
    printf("\narena       %zu bytes for tensors and the workspace of %" PRId32 " threads; step %" PRId32
           " uses the most tensors, %" PRId64 " bytes\n",
           mn_session_arena_bytes(session), mn_session_threads(session), at, most);
    return MN_OK;
}

static mn_status print_summary(const mn_model *model, const mn_session *session) {
    mn_stream_info stream = MN_INIT(mn_stream_info);
    const bool streamed = mn_session_stream(session, &stream) == MN_OK;
    MN_TRY(streamed ? print_streamed(session, &stream) : print_whole(model, session));
    printf("weights     %zu bytes rearranged for the kernels\n", mn_session_packed_bytes(session));
    return MN_OK;
}

mn_status cli_print_plan(const mn_model *model, const mn_session *session) {
    printf("   #  %-7s %-33s %-32s %6s %9s %9s %11s %8s  %9s %9s  %-15s %s\n", "which", "operators", "kernel", "units",
           "packed", "workspace", "MACs", "MAC/byte", "arena at", "bytes", "layout", "steps");
    for (int32_t i = 0; i < mn_session_step_count(session); i++) {
        step s;
        MN_TRY(describe(model, session, i, &s));
        print_step(model, session, i, &s);
    }
    return print_summary(model, session);
}

/* ---- JSON -------------------------------------------------------------------------------------------- */

static void json_step(cli_json *json, const step *s) {
    char layout[48];
    cli_json_object(json, NULL);
    cli_json_text(json, "kernel", s->info.kernel);
    if (s->info.backend) cli_json_text(json, "backend", s->info.backend);
    cli_json_int(json, "first_operator", s->info.first_op);
    cli_json_int(json, "operator_count", s->info.op_count);
    cli_json_array(json, "operators");
    for (int32_t i = 0; i < s->info.op_count; i++) cli_json_int(json, NULL, s->info.ops[i]);
    cli_json_end(json);
    cli_json_int(json, "units", s->info.units);
    cli_json_int(json, "grain", s->info.grain);
    cli_json_int(json, "packed_bytes", (int64_t)s->info.packed_bytes);
    cli_json_int(json, "workspace_bytes", (int64_t)s->info.workspace_bytes);
    cli_json_int(json, "macs", s->macs);
    cli_json_int(json, "moved_bytes", (int64_t)s->moved);
    cli_json_number(json, "macs_per_byte", macs_per_byte(s));
    cli_json_object(json, "output");
    cli_json_int(json, "tensor", s->info.outputs[0]);
    cli_json_int(json, "offset", (int64_t)s->place.offset);
    cli_json_int(json, "bytes", (int64_t)s->place.bytes);
    cli_json_int(json, "first_step", s->place.first);
    cli_json_int(json, "last_step", s->place.last);
    cli_json_text(json, "layout", layout_name(&s->place.layout, layout));
    cli_json_int(json, "ring", s->place.ring);
    cli_json_end(json);
    cli_json_end(json);
}

/* Of a streamed plan: each as its step, first unit and units. */
static void json_slices(cli_json *json, const mn_session *session) {
    mn_stream_info stream = MN_INIT(mn_stream_info);
    if (mn_session_stream(session, &stream) != MN_OK) return;
    cli_json_int(json, "held_bytes", (int64_t)stream.held_bytes);
    cli_json_int(json, "arriving_bytes", (int64_t)stream.arriving_bytes);
    cli_json_array(json, "slices");
    for (int32_t i = 0; i < mn_session_slice_count(session); i++) {
        mn_slice_info slice = MN_INIT(mn_slice_info);
        if (mn_session_slice(session, i, &slice) != MN_OK) continue;
        cli_json_array(json, NULL);
        cli_json_int(json, NULL, slice.step);
        cli_json_int(json, NULL, slice.first);
        cli_json_int(json, NULL, slice.units);
        cli_json_end(json);
    }
    cli_json_end(json);
}

mn_status cli_json_plan(cli_json *json, const mn_model *model, const mn_session *session) {
    cli_json_array(json, "steps");
    for (int32_t i = 0; i < mn_session_step_count(session); i++) {
        step s;
        MN_TRY(describe(model, session, i, &s));
        json_step(json, &s);
    }
    cli_json_end(json);
    json_slices(json, session);
    return MN_OK;
}
