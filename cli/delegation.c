/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "delegation.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "mobilenet_delegate.h"
#include "mobilenet_inspect.h"

enum { SHOWN = 4 }; /* operators in a sentence */

cli_delegation cli_delegation_of(const mn_session *session) {
    cli_delegation d = {0};
    for (int32_t i = 0; i < mn_session_step_count(session); i++) {
        mn_step_info step = MN_INIT(mn_step_info);
        if (mn_session_step(session, i, &step) != MN_OK) continue;
        d.operators += step.op_count;
        if (step.backend == NULL) continue;
        d.parts++;
        d.delegated += step.op_count;
    }
    return d;
}

/* An operator that the processor runs. */
typedef struct left {
    int32_t op;
    const char *name, *reason;
} left;

/* Calls tell() for each, in the order they run. */
static void visit_left(const mn_model *model, const mn_session *session,
                       void (*tell)(void *context, int32_t nth, const left *one), void *context) {
    int32_t nth = 0;
    for (int32_t i = 0; i < mn_session_step_count(session); i++) {
        mn_step_info step = MN_INIT(mn_step_info);
        if (mn_session_step(session, i, &step) != MN_OK || step.backend != NULL) continue;
        for (int32_t k = 0; k < step.op_count; k++) {
            mn_op_info op = MN_INIT(mn_op_info);
            if (mn_model_op(model, step.ops[k], &op) != MN_OK) continue;
            mn_delegation who = MN_INIT(mn_delegation);
            if (mn_session_delegation(session, step.ops[k], &who) != MN_OK) continue;
            const left one = {step.ops[k], op.name, who.reason};
            tell(context, nth++, &one);
        }
    }
}

/* ---- A sentence -------------------------------------------------------------------------------------- */

typedef struct sentence {
    char *text;
    size_t used;
    const char *reason; /* of the operators since the last one that was said */
} sentence;

static void MN_PRINTF(2, 3) add(sentence *s, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int written = vsnprintf(s->text + s->used, CLI_DELEGATION_TEXT - s->used, format, arguments);
    va_end(arguments);
    if (written > 0) s->used += (size_t)written;
    if (s->used >= CLI_DELEGATION_TEXT) s->used = CLI_DELEGATION_TEXT - 1;
}

/* Several operators may have one reason. */
static void add_left(void *context, int32_t nth, const left *one) {
    sentence *s = context;
    if (nth >= SHOWN) return;
    if (nth > 0 && strcmp(s->reason, one->reason) != 0) add(s, " (%s)", s->reason);
    add(s, "%s%s #%d", nth > 0 ? ", " : "", one->name, one->op);
    s->reason = one->reason;
}

const char *cli_delegation_share(const cli_delegation *d, char text[CLI_SHARE_TEXT]) {
    if (d->delegated == 0) {
        snprintf(text, CLI_SHARE_TEXT, "none of %d operators", d->operators);
    } else {
        snprintf(text, CLI_SHARE_TEXT, "%d of %d operators in %d part%s", d->delegated, d->operators, d->parts,
                 d->parts > 1 ? "s" : "");
    }
    return text;
}

const char *cli_delegation_text(const char *who, const mn_model *model, const mn_session *session,
                                char text[CLI_DELEGATION_TEXT]) {
    const cli_delegation d = cli_delegation_of(session);
    const int32_t count = d.operators - d.delegated;
    char share[CLI_SHARE_TEXT];
    sentence s = {0};
    s.text = text;
    add(&s, "%s runs %s", who, cli_delegation_share(&d, share));
    if (count == 0) return text;
    if (d.delegated == 0) {
        add(&s, ": it claimed nothing of this model");
        return text;
    }
    add(&s, "; on the CPU: ");
    visit_left(model, session, add_left, &s);
    if (s.reason != NULL) add(&s, " (%s)", s.reason);
    if (count > SHOWN) add(&s, " and %d more, which 'mobilenet inspect --plan' lists", count - SHOWN);
    return text;
}

/* ---- Lines and JSON ---------------------------------------------------------------------------------- */

static void print_left(void *context, int32_t nth, const left *one) {
    (void)context;
    printf("%-11s #%d %s: %s\n", nth == 0 ? "on the CPU" : "", one->op, one->name, one->reason);
}

void cli_delegation_print(const char *who, const mn_model *model, const mn_session *session) {
    if (who == NULL) return;
    const cli_delegation d = cli_delegation_of(session);
    char share[CLI_SHARE_TEXT];
    printf("%-11s %s: %s\n", "delegate", who, cli_delegation_share(&d, share));
    visit_left(model, session, print_left, NULL);
}

static void json_left(void *context, int32_t nth, const left *one) {
    (void)nth;
    cli_json *json = context;
    cli_json_object(json, NULL);
    cli_json_int(json, "operator", one->op);
    cli_json_text(json, "name", one->name);
    cli_json_text(json, "reason", one->reason);
    cli_json_end(json);
}

void cli_json_delegation(cli_json *json, const char *who, const mn_model *model, const mn_session *session) {
    if (who == NULL) return;
    const cli_delegation d = cli_delegation_of(session);
    cli_json_object(json, "delegate");
    cli_json_text(json, "path", who);
    cli_json_int(json, "parts", d.parts);
    cli_json_int(json, "delegated", d.delegated);
    cli_json_int(json, "operators", d.operators);
    cli_json_array(json, "on_cpu");
    visit_left(model, session, json_left, json);
    cli_json_end(json);
    cli_json_end(json);
}
