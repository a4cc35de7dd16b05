/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet run: raw tensors in, raw tensors out. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "delegation.h"
#include "mobilenet_inspect.h"
#include "model_file.h"
#include "session_options.h"
#include "tensor_text.h"

enum { MAX_SHAPES = 16 };

typedef struct settings {
    const char *model, *tensors;
    cli_list inputs, outputs, shapes;
    cli_session_options session;
    int32_t plan;
    bool json;
} settings;

/* Values of --plan. */
enum { PLAN_WHOLE, PLAN_STREAMED };
static const char *const plans[] = {"whole", "streamed", NULL};

static const cli_option options[] = {
    {.name = "model",
     .letter = 'm',
     .kind = CLI_TEXT,
     .required = true,
     .offset = offsetof(settings, model),
     .value = "FILE",
     .help = "the .tflite model"},
    {.name = "input",
     .letter = 'i',
     .kind = CLI_LIST,
     .offset = offsetof(settings, inputs),
     .value = "RAW...",
     .help = "one file for each input of the model, in its order: the elements and nothing else, row by row, in the "
             "machine's byte order; - for standard input"},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_LIST,
     .offset = offsetof(settings, outputs),
     .value = "RAW...",
     .help = "one file to write for each output of the model; - for standard output"},
    {.name = "tensors",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, tensors),
     .value = "DIR",
     .help = "also write every tensor computed in the run as DIR/<tensor index>.bin; DIR is made if it is missing"},
    {.name = "resize-input",
     .kind = CLI_LIST,
     .offset = offsetof(settings, shapes),
     .value = "SHAPE...",
     .help = "new dimensions for the inputs, in their order, as 1,96,96,3; or for input N alone, as N:1,96,96,3"},
    CLI_SESSION_OPTIONS(settings, session),
    CLI_NPU_OPTION(settings, session),
    {.name = "plan",
     .kind = CLI_CHOICE,
     .offset = offsetof(settings, plan),
     .value = "whole|streamed",
     .choices = plans,
     .help = "compute whole tensors, one after another; or a few rows of each in turn, in the least memory, and print "
             "how much that is [whole]"},
    {.name = "json",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, json),
     .help = "print what was run as one JSON object"},
    {0},
};

const cli_command cli_run_command = {
    .name = "run",
    .usage = "-m MODEL --input RAW... --output RAW... [options]",
    .summary = "Runs a model once on raw tensors: for scripts, and for comparing engines. Prints nothing unless asked.",
    .notes =
        "'mobilenet inspect MODEL' prints the type and shape of each input and output. A file of the wrong size is "
        "an error.",
    .options = options,
};

/* Parses "1,96,96,3" or "2:1,96,96,3"; `order` is the input meant when none is named. */
static bool parse_shape(const char *text, int32_t order, mn_input_shape *out) {
    char word[16];
    const char *colon = strchr(text, ':'), *at = colon != NULL ? colon + 1 : text;
    *out = (mn_input_shape){.input = order};
    if (colon != NULL) {
        snprintf(word, sizeof word, "%.*s", (int)(colon - text), text);
        if (!cli_parse_int(word, 0, INT32_MAX, &out->input)) return false;
    }
    for (;; at++) {
        size_t length = strcspn(at, ",");
        if (out->rank == MN_MAX_RANK || length >= sizeof word) return false;
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        if (!cli_parse_int(word, 1, INT32_MAX, &out->dims[out->rank++])) return false;
        at += length;
        if (*at == '\0') return true;
    }
}

static bool parse_shapes(const settings *s, mn_input_shape shapes[MAX_SHAPES]) {
    if (s->shapes.count > MAX_SHAPES) {
        cli_error("--resize-input: at most %d shapes may be given", MAX_SHAPES);
        return false;
    }
    for (int32_t i = 0; i < s->shapes.count; i++) {
        if (parse_shape(s->shapes.items[i], i, &shapes[i])) continue;
        cli_error("--resize-input: '%s' is not a shape such as 1,96,96,3 or 0:1,96,96,3", s->shapes.items[i]);
        return false;
    }
    return true;
}

static bool check_counts(const settings *s, const mn_model *model) {
    int32_t inputs = mn_model_input_count(model), outputs = mn_model_output_count(model);
    if (s->inputs.count != inputs) {
        cli_error("%s: has %d input(s), but --input names %d file(s)", s->model, inputs, s->inputs.count);
    } else if (s->outputs.count != outputs && s->outputs.count != 0) {
        cli_error("%s: has %d output(s), but --output names %d file(s)", s->model, outputs, s->outputs.count);
    } else if (s->plan == PLAN_STREAMED && s->tensors != NULL) {
        cli_error("run: --tensors needs whole tensors, and --plan streamed keeps none; give one of both");
    } else if (s->outputs.count == 0 && s->tensors == NULL && !s->json && s->plan == PLAN_WHOLE) {
        cli_error("run: nothing would be kept; give --output RAW... or --tensors DIR");
    } else {
        return true;
    }
    return false;
}

static bool read_inputs(const settings *s, const mn_model *model, mn_session *session) {
    for (int32_t i = 0; i < s->inputs.count; i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        char what[24];
        mn_status status = mn_session_tensor(session, mn_model_input(model, i), &info);
        if (status != MN_OK) {
            cli_library_error(status);
            return false;
        }
        snprintf(what, sizeof what, "input %d", i);
        if (!cli_read_exact(s->inputs.items[i], mn_session_input(session, i), info.bytes, what)) return false;
    }
    return true;
}

static bool write_outputs(const settings *s, const mn_model *model, mn_session *session) {
    for (int32_t i = 0; i < s->outputs.count; i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        mn_status status = mn_session_tensor(session, mn_model_output(model, i), &info);
        if (status != MN_OK) {
            cli_library_error(status);
            return false;
        }
        const char *path = s->outputs.items[i];
        const void *data = mn_session_output(session, i);
        if (strcmp(path, "-") == 0) {
            fwrite(data, 1, info.bytes, stdout); /* cli_end() tells of a failure */
        } else if (!cli_write_file(path, data, info.bytes)) {
            return false;
        }
    }
    return true;
}

/* Writes everything that is not constant; a tensor that no operator made has no memory. */
static bool write_tensors(const settings *s, const mn_model *model, mn_session *session) {
    size_t room = strlen(s->tensors) + 32;
    char *path = malloc(room);
    bool good = path != NULL;
    if (path == NULL) cli_error("out of memory");
    if (good && !mn_file_make_folder(s->tensors) && errno != EEXIST) {
        cli_error("%s: folder cannot be made: %s", s->tensors, strerror(errno));
        good = false;
    }
    for (int32_t i = 0; good && i < mn_model_tensor_count(model); i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        const void *data = mn_session_tensor_data(session, i);
        if (data == NULL || mn_session_tensor(session, i, &info) != MN_OK || info.data != NULL) continue;
        snprintf(path, room, "%s/%d.bin", s->tensors, i);
        good = cli_write_file(path, data, info.bytes);
    }
    free(path);
    return good;
}

static void print_json(const settings *s, const cli_session_setup *setup, const mn_model *model, mn_session *session,
                       uint64_t ns) {
    cli_json json = {.out = stdout};
    mn_stream_info stream = MN_INIT(mn_stream_info);
    cli_json_object(&json, NULL);
    cli_json_text(&json, "model", s->model);
    cli_json_int(&json, "threads", mn_session_threads(session));
    cli_json_number(&json, "milliseconds", (double)ns * 1e-6);
    cli_json_int(&json, "arena_bytes", (int64_t)mn_session_arena_bytes(session));
    if (mn_session_stream(session, &stream) == MN_OK) {
        cli_json_int(&json, "held_bytes", (int64_t)stream.held_bytes);
        cli_json_int(&json, "arriving_bytes", (int64_t)stream.arriving_bytes);
    }
    cli_json_delegation(&json, cli_delegate_name(setup), model, session);
    for (int side = 0; side < 2; side++) {
        cli_json_array(&json, side == 0 ? "inputs" : "outputs");
        int32_t count = side == 0 ? mn_model_input_count(model) : mn_model_output_count(model);
        for (int32_t i = 0; i < count; i++) {
            mn_tensor_info info = MN_INIT(mn_tensor_info);
            int32_t tensor = side == 0 ? mn_model_input(model, i) : mn_model_output(model, i);
            const cli_list *files = side == 0 ? &s->inputs : &s->outputs;
            if (mn_session_tensor(session, tensor, &info) != MN_OK) continue;
            cli_json_object(&json, NULL);
            cli_json_int(&json, "tensor", tensor);
            cli_json_tensor_members(&json, &info);
            cli_json_text(&json, "file", i < files->count ? files->items[i] : NULL);
            cli_json_end(&json);
        }
        cli_json_end(&json);
    }
    cli_json_end(&json);
}

/* Where no output goes to standard output. */
static void print_memory(const settings *s, const mn_session *session) {
    mn_stream_info stream = MN_INIT(mn_stream_info);
    if (mn_session_stream(session, &stream) != MN_OK) return;
    for (int32_t i = 0; i < s->outputs.count; i++) {
        if (strcmp(s->outputs.items[i], "-") == 0) return;
    }
    printf("tensors  %zu bytes with whole inputs, %zu if their rows arrive when they are needed\n", stream.held_bytes,
           stream.arriving_bytes);
    printf("arena    %zu bytes with the workspace of kernels\n", mn_session_arena_bytes(session));
}

/* Everything is read, run and written with this session. */
static bool run_session(const settings *s, const cli_session_setup *setup, const mn_model *model, mn_session *session) {
    if (!read_inputs(s, model, session)) return false;
    uint64_t start = mn_clock_ns();
    const mn_status status = mn_session_run(session);
    uint64_t ns = mn_clock_ns() - start;
    if (status != MN_OK) {
        cli_library_error(status);
        return false;
    }
    if (!write_outputs(s, model, session)) return false;
    if (s->tensors != NULL && !write_tensors(s, model, session)) return false;
    if (s->json) {
        print_json(s, setup, model, session, ns);
    } else {
        print_memory(s, session);
    }
    return true;
}

static int run_model(const settings *s, const mn_model *model, const mn_input_shape *shapes) {
    mn_session *session = NULL;
    cli_session_setup setup = {0};
    mn_status status = cli_session_setup_open(&s->session, &setup);
    setup.options.keep_tensors = s->tensors != NULL;
    setup.options.streamed = s->plan == PLAN_STREAMED;
    setup.options.input_shapes = shapes;
    setup.options.input_shape_count = s->shapes.count;
    if (status == MN_OK) status = cli_session_create(model, &setup, &session);
    if (status == MN_OK) status = cli_session_accept(&setup, model, session);
    if (status == MN_OK) {
        cli_session_tell(&setup, model, session);
    } else {
        cli_library_error(status);
    }
    const bool good = status == MN_OK && run_session(s, &setup, model, session);
    mn_session_close(&session);
    cli_session_setup_close(&setup);
    return good ? CLI_OK : CLI_FAILURE;
}

static int run(const settings *s) {
    mn_model *model = NULL;
    mn_input_shape shapes[MAX_SHAPES];
    if (!parse_shapes(s, shapes) || !cli_delegate_check(&s->session.delegate)) return CLI_USAGE;
    mn_status status = cli_model_open(s->model, &model);
    if (status != MN_OK) {
        cli_library_error(status);
        return CLI_FAILURE;
    }
    for (int32_t i = 0; i < s->outputs.count; i++) cli_output_tell(s->outputs.items[i]);
    int code = check_counts(s, model) ? run_model(s, model, shapes) : CLI_USAGE;
    mn_model_close(&model);
    return code;
}

int cli_run(int count, char *const *arguments) {
    settings s = {.session = CLI_SESSION_DEFAULTS};
    cli_parsed parsed = cli_parse(&cli_run_command, count, arguments, &s);
    int code = parsed == CLI_PARSED ? run(&s) : cli_parsed_code(parsed);
    cli_list_free(&s.inputs);
    cli_list_free(&s.outputs);
    cli_list_free(&s.shapes);
    return code;
}
