/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "session_options.h"

#include <string.h>

#include "base/status.h"
#include "common/error.h"
#include "delegation.h"
#include "session/model.h"

static bool is_given(const char *text) { return text != NULL && text[0] != '\0'; }

bool cli_delegate_check(const cli_delegate_options *asked) {
    const bool named = is_given(asked->path) || is_given(asked->npu);
    if (is_given(asked->npu) && strcmp(asked->npu, "emulate") != 0) {
        cli_error("--npu: '%s' is not emulate; an NPU that is there is used by --external_delegate_path FILE",
                  asked->npu);
    } else if (is_given(asked->npu) && is_given(asked->path)) {
        cli_error("--npu excludes --external_delegate_path; give one of both");
    } else if (asked->required && asked->fallback) {
        cli_error("--require_full_delegation excludes --allow_cpu_fallback; give one of both");
    } else if ((!named && (asked->required || asked->fallback)) ||
               (!is_given(asked->path) && is_given(asked->options))) {
        cli_error("--%s is about a delegate, and none is named; give --external_delegate_path FILE",
                  asked->required   ? "require_full_delegation"
                  : asked->fallback ? "allow_cpu_fallback"
                                    : "external_delegate_options");
    } else {
        return true;
    }
    return false;
}

const char *cli_delegate_name(const cli_session_setup *setup) {
    return setup->options.delegate_count > 0 ? mn_delegate_name(setup->delegates[0]) : NULL;
}

/* What delegates say of themselves, such as why they leave an operator. */
static void hear(void *context, const char *line) {
    const cli_session_setup *setup = context;
    cli_warn("%s says: %s", mn_delegate_name(setup->delegates[0]), line);
}

mn_status cli_session_setup_open(const cli_session_options *asked, cli_session_setup *out) {
    out->options = (mn_session_options)MN_INIT(mn_session_options);
    out->options.threads = asked->threads == 0 ? MN_THREADS_ALL : asked->threads;
    out->options.cpu = asked->cpu;
    out->asked = asked->delegate;
    if (!is_given(asked->delegate.path) && !is_given(asked->delegate.npu)) return MN_OK;
    const char *options = is_given(asked->delegate.options) ? asked->delegate.options : NULL;
    const mn_status status = is_given(asked->delegate.npu)
                                 ? mn_delegate_open_ethosu(&out->delegates[0])
                                 : mn_delegate_open_external(asked->delegate.path, options, &out->delegates[0]);
    mn_delegate_listen(out->delegates[0], hear, out);
    out->options.delegates = out->delegates;
    out->options.delegate_count = 1;
    const bool mistyped = status == MN_ERROR_ARGUMENT;
    return status == MN_OK || (!mistyped && cli_session_setup_forgo(out, status)) ? MN_OK : status;
}

void cli_session_setup_close(cli_session_setup *setup) { mn_delegate_close(&setup->delegates[0]); }

bool cli_session_setup_forgo(cli_session_setup *setup, mn_status status) {
    if (!setup->asked.fallback || setup->options.delegate_count == 0) return false;
    const char *detail = mn_error_detail();
    cli_warn("%s; everything runs on the CPU", detail[0] != '\0' ? detail : mn_status_text(status));
    setup->options.delegate_count = 0;
    return true;
}

mn_status cli_session_create(const mn_model *model, cli_session_setup *setup, mn_session **out) {
    const mn_status status = mn_session_create(model, &setup->options, out);
    if (status == MN_OK || !cli_session_setup_forgo(setup, status)) return status;
    return mn_session_create(model, &setup->options, out);
}

/* What the delegate leaves, as a sentence; false where that is nothing. */
static bool find_left(const cli_session_setup *setup, const mn_model *model, const mn_session *session,
                      char text[CLI_DELEGATION_TEXT]) {
    const char *name = cli_delegate_name(setup);
    const cli_delegation d = cli_delegation_of(session);
    if (name == NULL || d.delegated == d.operators) return false;
    cli_delegation_text(name, model, session, text);
    return true;
}

mn_status cli_session_accept(const cli_session_setup *setup, const mn_model *model, const mn_session *session) {
    char text[CLI_DELEGATION_TEXT];
    if (!setup->asked.required || !find_left(setup, model, session, text)) return MN_OK;
    return mn_fail(MN_ERROR_BACKEND, "%s: not fully delegated: %s", model->graph.name, text);
}

void cli_session_tell(const cli_session_setup *setup, const mn_model *model, const mn_session *session) {
    char text[CLI_DELEGATION_TEXT];
    if (find_left(setup, model, session, text)) cli_warn("%s", text);
}
