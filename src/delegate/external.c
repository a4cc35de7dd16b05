/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mn_delegate_open_external(): a delegate in a shared library, as a back end. */

#include <stdlib.h>
#include <string.h>

#include "backend/delegate.h"
#include "base/argument.h"
#include "base/dynamic.h"
#include "base/sync.h"
#include "delegate/host.h"
#include "delegate/key.h"
#include "delegate/options.h"
#include "mobilenet_delegate.h"

typedef struct external {
    mn_delegate delegate; /* first: what callers hold */
    mn_region region;
    const char *path;
    mn_delegate_options options;
    tfl_create_delegate *create;
    tfl_destroy_delegate *destroy;
    bool caches;      /* an option says where it keeps what it compiles, */
    mn_sha256 prefix; /* and keys begin with this */
} external;

/* One session of it. Each has a delegate of its own, whose options may name the session's model. */
typedef struct session {
    const external *of;
    mn_host *host;
    const char **values; /* [of->options.count] */
    tfl_delegate *made;
} session;

static const char cache[] = "cache_file_path";

/* Makers of delegates expect one thread to make and end things: several keep a device in a variable without a lock. */
static mn_mutex making = MN_MUTEX_INITIAL;

/* ---- Making a delegate ------------------------------------------------------------------------------------- */

static _Thread_local mn_host *making_for; /* whose delegate this thread makes: report_error is told of none */

static void hear(const char *text) {
    if (making_for && text) mn_host_hear(making_for, text);
}

/* The options' values, with the network's key in paths of caches. */
static mn_status take_values(session *s) {
    const external *of = s->of;
    const size_t count = of->options.count;
    char key[MN_KEY_LETTERS + 1];
    s->values = mn_region_alloc(&s->host->region, count, sizeof *s->values);
    if (!s->values) return mn_fail_memory("the delegate's options");
    if (of->caches) mn_delegate_key(s->host, &of->prefix, key);
    for (size_t i = 0; i < count; i++) {
        const bool keyed = strcmp(of->options.keys[i], cache) == 0;
        const char *value = of->options.values[i];
        s->values[i] = keyed ? mn_delegate_keyed_path(value, key, &s->host->region) : value;
        if (!s->values[i]) return mn_fail_memory("the delegate's options");
    }
    return MN_OK;
}

static mn_status make(session *s) {
    const external *of = s->of;
    making_for = s->host;
    s->made = of->create(of->options.keys, s->values, of->options.count, hear);
    making_for = NULL;
    s->host->delegate = s->made;
    if (!s->made) {
        const bool quiet = s->host->words[0] == '\0';
        return mn_fail(MN_ERROR_BACKEND, "it cannot be made%s%s",
                       quiet ? ", and gave no reason; is the device there that it drives?" : ": ", s->host->words);
    }
    return s->made->prepare ? MN_OK : mn_fail(MN_ERROR_BACKEND, "it has no Prepare, which delegates must have");
}

static mn_status apply(session *s) {
    mn_host *host = s->host;
    mn_host_enter(host, MN_HOST_CLAIM);
    const tfl_status status = s->made->prepare(&host->context, s->made);
    mn_host_leave(host);
    if (status != TFL_OK) return mn_host_fail(host, "its Prepare", status);
    return host->misused ? mn_fail(MN_ERROR_BACKEND, "%s", host->words) : MN_OK;
}

/* ---- The slots of a back end ------------------------------------------------------------------------------- */

static mn_status claim(void *context, const mn_offer *offer, bool *wanted, void **out) {
    session *s = calloc(1, sizeof *s);
    if (!s) return mn_fail_memory("the delegate");
    *out = s;
    s->of = context;
    MN_TRY(mn_host_open(offer, &s->host));
    s->host->of = &s->of->delegate;
    MN_TRY(take_values(s));
    mn_mutex_lock(&making);
    mn_status status = make(s);
    if (status == MN_OK) status = apply(s);
    mn_mutex_unlock(&making);
    for (int32_t i = 0; i < offer->graph->op_count && status == MN_OK; i++) wanted[i] = s->host->taken[i] >= 0;
    return status;
}

static mn_status prepare(void *context, const mn_offer *offer, const mn_part *part, mn_prepared *out) {
    (void)offer;
    mn_mutex_lock(&making);
    const mn_status status = mn_host_prepare(((session *)context)->host, part, out);
    mn_mutex_unlock(&making);
    return status;
}

static void free_part(void *state) {
    mn_mutex_lock(&making);
    mn_host_free(state);
    mn_mutex_unlock(&making);
}

static void close_session(void *context) {
    session *closing = context;
    mn_mutex_lock(&making);
    if (closing->host) mn_host_free_handles(closing->host);
    if (closing->made) closing->of->destroy(closing->made);
    mn_mutex_unlock(&making);
    mn_host_close(&closing->host);
    free(closing);
}

/* ---- Opening ------------------------------------------------------------------------------------------------ */

static void close_external(mn_delegate *delegate) {
    external *closing = (external *)(void *)delegate;
    mn_region_free(&closing->region);
    free(closing);
}

static mn_status load(external *e) {
    void *library;
    MN_TRY(mn_dynamic_open(e->path, &library));
    e->create = (tfl_create_delegate *)mn_dynamic_find(library, TFL_CREATE_NAME);
    e->destroy = (tfl_destroy_delegate *)mn_dynamic_find(library, TFL_DESTROY_NAME);
    if (e->create && e->destroy) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: has no function %s; it is not an external delegate of TensorFlow Lite",
                   e->path, e->create ? TFL_DESTROY_NAME : TFL_CREATE_NAME);
}

/* Once and now: another file may have the name when a session is made. */
static mn_status begin_key(external *e) {
    char file[4096];
    e->caches = mn_delegate_options_find(&e->options, cache) >= 0;
    if (!e->caches) return MN_OK;
    if (mn_dynamic_file((mn_dynamic_function *)e->create, file, sizeof file)) {
        return mn_delegate_key_begin(file, &e->options, &e->prefix);
    }
    return mn_fail(MN_ERROR_BACKEND, "%s: %s needs the path of this file, which cannot be found; give the whole path",
                   e->path, cache);
}

/* Without the folders. */
static const char *file_name(const char *path) {
    const char *name = path;
    for (const char *p = path; *p != '\0'; p++) {
        if ((*p == '/' || *p == '\\') && p[1] != '\0') name = p + 1;
    }
    return name;
}

static mn_status open_library(external *e, const char *path, const char *options) {
    e->path = mn_region_string(&e->region, path, strlen(path));
    if (!e->path) return mn_fail_memory("the delegate");
    e->delegate.backend.name = file_name(e->path);
    const mn_status status = mn_delegate_options_parse(options, &e->region, &e->options);
    if (status != MN_OK) return mn_fail_prefix(status, e->path);
    MN_TRY(load(e));
    return begin_key(e);
}

mn_status mn_delegate_open_external(const char *path, const char *options, mn_delegate **out) {
    MN_NEED(path);
    MN_NEED(out);
    external *e = calloc(1, sizeof *e);
    if (!e) return mn_fail_memory("the delegate");
    e->delegate = (mn_delegate){.backend = {.context = e,
                                            .constants = true,
                                            .claim = claim,
                                            .prepare = prepare,
                                            .run = mn_host_run,
                                            .free = free_part,
                                            .close = close_session},
                                .close = close_external};
    const mn_status status = open_library(e, path, options);
    if (status != MN_OK) {
        close_external(&e->delegate);
        return status;
    }
    *out = &e->delegate;
    return MN_OK;
}
