/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "session/delegation.h"

#include <stdio.h>

#include "backend/delegate.h"
#include "base/argument.h"

mn_status mn_delegation_list(const mn_session_options *options, const mn_backend_list *more, mn_region *region,
                             mn_backend_list *out) {
    const int32_t given = options->delegate_count, others = more ? more->count : 0;
    if (given < 0 || (given > 0 && !options->delegates)) {
        return mn_fail(MN_ERROR_ARGUMENT, "delegate_count is %d and delegates is %s; give as many delegates as that",
                       given, options->delegates ? "set" : "NULL");
    }
    const mn_backend **list = mn_region_alloc(region, (size_t)given + (size_t)others, sizeof *list);
    if (!list) return mn_fail_memory("the session");
    for (int32_t i = 0; i < given; i++) {
        if (!options->delegates[i]) {
            return mn_fail(MN_ERROR_ARGUMENT, "delegate %d of %d is NULL; open it before it is used", i, given);
        }
        list[i] = &options->delegates[i]->backend;
    }
    for (int32_t i = 0; i < others; i++) list[given + i] = more->of[i];
    *out = (mn_backend_list){.count = given + others, .of = list};
    return MN_OK;
}

static int32_t owner_of(const mn_session *session, int32_t op) {
    const mn_foreign *foreign = session->plan.foreign;
    return foreign ? foreign->offer.owners[op] : mn_owner_unclaimed(session->graph, op);
}

static const char *reason_of(const mn_session *session, int32_t owner, int32_t part) {
    const mn_foreign *foreign = session->plan.foreign;
    if (owner == MN_OWNER_DONE)
        return "its result does not depend on the inputs and is known since the model was opened";
    if (owner >= 0) return part < 0 ? "nobody reads its result" : NULL;
    if (!foreign || foreign->backend_count == 0) return "the session has no delegate";
    return foreign->backend_count == 1 ? "the delegate did not claim it" : "no delegate claimed it";
}

mn_status mn_session_delegation(const mn_session *session, int32_t op, mn_delegation *out) {
    MN_NEED(session);
    MN_TRY(mn_struct_check(&mn_delegation_struct, out));
    if (op < 0 || op >= session->graph->op_count) {
        return mn_fail(MN_ERROR_ARGUMENT, "operator %d does not exist; the model has %d", op, session->graph->op_count);
    }
    const int32_t owner = owner_of(session, op), part = owner >= 0 ? session->plan.foreign->part_of[op] : -1;
    const mn_delegation info = {.delegate = owner >= 0 ? owner : -1,
                                .part = part,
                                .name = owner >= 0 ? session->plan.foreign->backends[owner]->name : NULL,
                                .reason = reason_of(session, owner, part)};
    mn_struct_write(&mn_delegation_struct, &info, out);
    return MN_OK;
}

mn_status mn_delegation_check_full(const mn_session *session) {
    int32_t left = 0, first = 0;
    for (int32_t i = session->graph->op_count - 1; i >= 0; i--) {
        if (owner_of(session, i) != MN_OWNER_NONE) continue;
        left++;
        first = i;
    }
    if (left == 0) return MN_OK;
    char others[32] = "";
    if (left > 1) snprintf(others, sizeof others, ", nor %d other%s", left - 1, left > 2 ? "s" : "");
    return mn_graph_fail(
        session->graph, first, MN_ERROR_UNSUPPORTED,
        "no delegate claimed it%s; allow kernels to run what is left, or use a model that the delegate "
        "takes whole",
        others);
}
