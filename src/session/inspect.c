/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Telling what is inside a session: steps, where tensors lie, durations. */
#include "mobilenet_inspect.h"

#include "base/argument.h"
#include "base/cpu.h"
#include "plan/streamed.h"
#include "session/session.h"

const char *mn_cpu_tier(int32_t i) { return mn_tier_name(mn_cpu_family(), mn_cpu_flags(), i); }

size_t mn_session_packed_bytes(const mn_session *session) { return session ? session->plan.packed_bytes : 0; }
int32_t mn_session_step_count(const mn_session *session) { return session ? session->plan.step_count : 0; }

/* Operators of the model that run before operator `op` of the plan. */
static int32_t ops_before(const mn_foreign *foreign, int32_t op) { return foreign ? foreign->ops_begin[op] : op; }

mn_status mn_session_step(const mn_session *session, int32_t index, mn_step_info *out) {
    MN_NEED(session);
    MN_TRY(mn_struct_check(&mn_step_info_struct, out));
    if (index < 0 || index >= session->plan.step_count) {
        return mn_fail(MN_ERROR_ARGUMENT, "step %d does not exist; the plan has %d", index, session->plan.step_count);
    }
    const mn_step *step = &session->plan.steps[index];
    const mn_foreign *foreign = session->plan.foreign;
    const mn_part *part = step->node->part;
    const int32_t begin = ops_before(foreign, step->node->first_op);
    const mn_step_info info = {.first_op = session->ops[begin],
                               .op_count = ops_before(foreign, step->node->first_op + step->node->op_count) - begin,
                               .units = step->cut.units,
                               .grain = step->cut.grain,
                               .output_count = step->node->output_count,
                               .last_ns = session->profile ? session->step_ns[index] : 0,
                               .outputs = step->node->outputs,
                               .kernel = step->kernel ? step->kernel->symbol
                                         : part       ? mn_foreign_kernel(foreign, part)
                                                      : "alias",
                               .packed_bytes = step->packed ? step->need.packed_bytes : 0,
                               .workspace_bytes = step->cut.workspace_bytes,
                               .ops = session->ops + begin,
                               .backend = part ? mn_foreign_name(foreign, part) : NULL};
    mn_struct_write(&mn_step_info_struct, &info, out);
    return MN_OK;
}

int32_t mn_session_slice_count(const mn_session *session) { return session ? session->plan.slice_count : 0; }

mn_status mn_session_slice(const mn_session *session, int32_t index, mn_slice_info *out) {
    MN_NEED(session);
    MN_TRY(mn_struct_check(&mn_slice_info_struct, out));
    if (index < 0 || index >= session->plan.slice_count) {
        return mn_fail(MN_ERROR_ARGUMENT, "slice %d does not exist; the plan has %d", index, session->plan.slice_count);
    }
    const mn_slice_of_step *from = &session->plan.slices[index];
    const mn_slice_info slice = {.step = from->step, .first = from->first, .units = from->units};
    mn_struct_write(&mn_slice_info_struct, &slice, out);
    return MN_OK;
}

mn_status mn_session_stream(const mn_session *session, mn_stream_info *out) {
    MN_NEED(session);
    MN_TRY(mn_struct_check(&mn_stream_info_struct, out));
    const mn_streamed *streamed = session->plan.streamed;
    if (!streamed) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: the plan is not streamed; set `streamed` in mn_session_options",
                       session->graph->name);
    }
    const mn_stream_info info = {.chain_count = streamed->stream.chain_count,
                                 .held_bytes = streamed->stream.arena_bytes,
                                 .arriving_bytes = streamed->arriving_bytes};
    mn_struct_write(&mn_stream_info_struct, &info, out);
    return MN_OK;
}

static mn_layout_info describe_layout(mn_layout l) {
    return (mn_layout_info){
        .block = l.block, .lanes = l.lanes, .rows = l.rows, .together = l.together, .bias = l.biased ? 128 : 0};
}

mn_status mn_session_placement(const mn_session *session, int32_t tensor, mn_placement *out) {
    MN_NEED(session);
    MN_TRY(mn_struct_check(&mn_placement_struct, out));
    const mn_plan *plan = &session->plan;
    if (tensor < 0 || tensor >= session->graph->tensor_count || plan->offset[tensor] == MN_NO_OFFSET) {
        return mn_fail(MN_ERROR_ARGUMENT, "tensor %d has no place in the arena of %s", tensor, session->graph->name);
    }
    const mn_placement place = {.first = plan->first[tensor],
                                .last = plan->last[tensor],
                                .ring = plan->ring[plan->same_as[tensor]],
                                .offset = plan->offset[tensor],
                                .bytes = plan->bytes[plan->same_as[tensor]],
                                .layout = describe_layout(plan->layout[tensor])};
    mn_struct_write(&mn_placement_struct, &place, out);
    return MN_OK;
}

void mn_session_profile(mn_session *session, bool on) {
    if (session) session->profile = on;
}
