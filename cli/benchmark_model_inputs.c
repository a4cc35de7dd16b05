/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "benchmark_model_inputs.h"

#include <stdlib.h>
#include <string.h>

#include "benchmark_model_log.h"
#include "common/error.h"
#include "common/file.h"
#include "common/options.h"

/* ---- Lists in text ---- */

typedef struct bench_span {
    const char *text;
    size_t length;
} bench_span;

/** Takes the part of `rest` before the first `separator`, or all of it; false when nothing is left. */
static bool next_part(bench_span *rest, char separator, bench_span *part) {
    if (rest->text == NULL) return false;
    const char *end = memchr(rest->text, separator, rest->length);
    part->text = rest->text;
    part->length = end == NULL ? rest->length : (size_t)(end - rest->text);
    if (end == NULL) {
        rest->text = NULL;
    } else {
        rest->text = end + 1;
        rest->length -= part->length + 1;
    }
    return true;
}

static bench_span span_of(const char *text) {
    return (bench_span){.text = text[0] != '\0' ? text : NULL, .length = strlen(text)};
}

static bool span_number(bench_span span, int32_t low, int32_t high, int32_t *out) {
    char digits[16];
    if (span.length >= sizeof digits) return false;
    memcpy(digits, span.text, span.length);
    digits[span.length] = '\0';
    return cli_parse_int(digits, low, high, out);
}

static int32_t count_parts(const char *text, char separator) {
    bench_span rest = span_of(text);
    bench_span part;
    int32_t count = 0;
    while (next_part(&rest, separator, &part)) count++;
    return count;
}

/* ---- Flags against the model ---- */

static bench_input *find_input(const bench_inputs *inputs, const char *name, size_t length) {
    for (int32_t i = 0; i < inputs->count; i++) {
        bench_input *input = &inputs->input[i];
        if (input->name_length == length && memcmp(input->name, name, length) == 0) return input;
    }
    return NULL;
}

static bool read_shape(bench_span text, int32_t number, mn_input_shape *shape) {
    bench_span rest = text;
    bench_span part;
    int32_t rank = 0;
    int32_t dims[MN_MAX_RANK];
    while (next_part(&rest, ',', &part)) {
        if (rank == MN_MAX_RANK || !span_number(part, 1, INT32_MAX, &dims[rank])) {
            cli_error("--input_layer_shape: '%.*s' is not a list of at most %d dimensions above 0, like 1,224,224,3",
                      (int)text.length, text.text, MN_MAX_RANK);
            return false;
        }
        rank++;
    }
    if (rank != shape->rank) {
        cli_error("--input_layer_shape: input %d of the model has %d dimensions, not %d", (int)number, (int)shape->rank,
                  (int)rank);
        return false;
    }
    memcpy(shape->dims, dims, (size_t)rank * sizeof *dims);
    return true;
}

static bool read_layers(const mn_model *model, const bench_params *params, bench_inputs *inputs) {
    int32_t names = count_parts(params->input_layer, ',');
    int32_t shapes = count_parts(params->input_layer_shape, ':');
    if (names != shapes) {
        cli_error("--input_layer has %d items and --input_layer_shape %d; give one shape for each name, as in "
                  "--input_layer=a,b --input_layer_shape=1,224,224,3:1,20",
                  (int)names, (int)shapes);
        return false;
    }
    if (names == 0) return true;
    if (names != inputs->count) {
        cli_error("--input_layer has %d items, but the model has %d inputs", (int)names, (int)inputs->count);
        return false;
    }
    bench_span name_rest = span_of(params->input_layer);
    bench_span shape_rest = span_of(params->input_layer_shape);
    bench_span name, shape;
    for (int32_t i = 0; next_part(&name_rest, ',', &name) && next_part(&shape_rest, ':', &shape); i++) {
        bench_input *input = &inputs->input[i];
        if (name.length != input->name_length || memcmp(name.text, input->name, name.length) != 0) {
            bench_warn("Tensor # %d is named %s but flags call it %.*s", (int)mn_model_input(model, i), input->name,
                       (int)name.length, name.text);
            input->name = name.text;
            input->name_length = name.length;
        }
        if (!read_shape(shape, i, &inputs->shape[i])) return false;
    }
    return true;
}

/** Reads NAME,LOW,HIGH from the front of `rest`; NAME may hold colons, which separate items only after HIGH. */
static bool next_range(bench_span *rest, bench_span *name, int32_t *low, int32_t *high) {
    bench_span texts[2];
    return next_part(rest, ',', name) && next_part(rest, ',', &texts[0]) && next_part(rest, ':', &texts[1]) &&
           span_number(texts[0], INT32_MIN, INT32_MAX, low) && span_number(texts[1], INT32_MIN, INT32_MAX, high) &&
           *low <= *high;
}

static bool read_ranges(const bench_params *params, bench_inputs *inputs) {
    bench_span rest = span_of(params->input_layer_value_range);
    while (rest.text != NULL) {
        bench_span item = rest;
        bench_span name;
        int32_t low, high;
        if (!next_range(&rest, &name, &low, &high)) {
            cli_error("--input_layer_value_range: '%.*s' does not begin with NAME,LOW,HIGH and whole numbers "
                      "LOW <= HIGH",
                      (int)item.length, item.text);
            return false;
        }
        bench_input *input = find_input(inputs, name.text, name.length);
        if (input == NULL) {
            cli_error("--input_layer_value_range: no input is called '%.*s'", (int)name.length, name.text);
            return false;
        }
        input->ranged = true;
        input->low = low;
        input->high = high;
    }
    return true;
}

/** Copies the text up to `end`, each "::" as ":"; returns NULL when out of memory. */
static char *unescape_colons(const char *text, const char *end) {
    char *copy = malloc((size_t)(end - text) + 1), *to = copy;
    if (copy == NULL) return NULL;
    for (const char *at = text; at < end; at++) {
        *to++ = *at;
        if (at[0] == ':' && at + 1 < end && at[1] == ':') at++;
    }
    *to = '\0';
    return copy;
}

/** Position of the only single colon of `item`; `item.length` when there is none, or more than one. */
static size_t find_colon(bench_span item) {
    size_t place = item.length;
    for (size_t i = 0; i < item.length; i++) {
        if (item.text[i] != ':') continue;
        if (i + 1 < item.length && item.text[i + 1] == ':') {
            i++;
        } else if (place != item.length) {
            return item.length;
        } else {
            place = i;
        }
    }
    return place;
}

static int set_file(bench_span item, size_t colon, bench_inputs *inputs) {
    char *name = unescape_colons(item.text, item.text + colon);
    char *path = unescape_colons(item.text + colon + 1, item.text + item.length);
    bench_input *input = name == NULL ? NULL : find_input(inputs, name, strlen(name));
    int code = CLI_OK;
    if (name == NULL || path == NULL) {
        cli_error("out of memory while reading --input_layer_value_files");
        code = CLI_FAILURE;
    } else if (input == NULL) {
        cli_error("--input_layer_value_files: no input is called '%s'", name);
        code = CLI_USAGE;
    } else {
        if (input->ranged) {
            bench_warn("The input %s is in --input_layer_value_files and in --input_layer_value_range; "
                       "the range is ignored.",
                       name);
        }
        free(input->file);
        input->file = path;
        path = NULL;
    }
    free(path);
    free(name);
    return code;
}

static int read_files(const bench_params *params, bench_inputs *inputs) {
    bench_span rest = span_of(params->input_layer_value_files);
    bench_span item;
    while (next_part(&rest, ',', &item)) {
        size_t colon = find_colon(item);
        if (colon + 1 >= item.length) {
            cli_error("--input_layer_value_files: '%.*s' is not NAME:PATH with one colon (write :: for a colon "
                      "inside NAME or PATH)",
                      (int)item.length, item.text);
            return CLI_USAGE;
        }
        int code = set_file(item, colon, inputs);
        if (code != CLI_OK) return code;
    }
    return CLI_OK;
}

static bool describe_inputs(const mn_model *model, bench_inputs *inputs) {
    for (int32_t i = 0; i < inputs->count; i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        mn_status status = mn_model_tensor(model, mn_model_input(model, i), &info);
        if (status != MN_OK) {
            cli_library_error(status);
            return false;
        }
        inputs->input[i].name = info.name;
        inputs->input[i].name_length = strlen(info.name);
        inputs->shape[i].input = i;
        inputs->shape[i].rank = info.rank;
        memcpy(inputs->shape[i].dims, info.dims, sizeof info.dims);
    }
    return true;
}

int bench_inputs_create(const mn_model *model, const bench_params *params, bench_inputs *inputs) {
    *inputs = (bench_inputs){.count = mn_model_input_count(model)};
    inputs->input = calloc((size_t)inputs->count + 1, sizeof *inputs->input);
    inputs->shape = calloc((size_t)inputs->count + 1, sizeof *inputs->shape);
    if (inputs->input == NULL || inputs->shape == NULL) {
        inputs->count = 0;
        cli_error("out of memory while describing the inputs");
        return CLI_FAILURE;
    }
    if (!describe_inputs(model, inputs)) return CLI_FAILURE;
    if (!read_layers(model, params, inputs) || !read_ranges(params, inputs)) return CLI_USAGE;
    return read_files(params, inputs);
}

/* ---- Values ---- */

/** Next of a fixed sequence (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators"). */
static uint64_t next_random(uint64_t *state) {
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/** Uniform in low..high; the bias is below 2^-32 for every span up to 2^32. */
static int32_t random_whole(uint64_t *state, int32_t low, int32_t high) {
    uint64_t span = (uint64_t)((int64_t)high - low) + 1;
    uint64_t step = ((next_random(state) >> 32) * span) >> 32;
    return (int32_t)(low + (int64_t)step);
}

static float random_real(uint64_t *state, float low, float high) {
    return low + (high - low) * ((float)(next_random(state) >> 40) * 0x1p-24f);
}

/* The range that the original uses when none is given. */
static void default_range(mn_type type, int32_t *low, int32_t *high) {
    switch (type) {
    case MN_INT8: *low = -127, *high = 127; break;
    case MN_UINT8: *low = 0, *high = 254; break;
    default: *low = 0, *high = 99; break;
    }
}

static bool range_fits(mn_type type, int32_t low, int32_t high) {
    if (type == MN_INT8) return low >= INT8_MIN && high <= INT8_MAX;
    if (type == MN_UINT8) return low >= 0 && high <= UINT8_MAX;
    if (type == MN_INT16) return low >= INT16_MIN && high <= INT16_MAX;
    return type != MN_FLOAT16;
}

static void fill_random(mn_type type, const bench_input *input, size_t count, uint64_t *state) {
    int32_t low = input->low;
    int32_t high = input->high;
    if (!input->ranged) default_range(type, &low, &high);
    float real_low = input->ranged ? (float)low : -0.5f;
    float real_high = input->ranged ? (float)high : 0.5f;
    for (size_t i = 0; i < count; i++) {
        switch (type) {
        case MN_FLOAT32: ((float *)input->data)[i] = random_real(state, real_low, real_high); break;
        case MN_FLOAT16: {
            /* Magnitudes 0..0x3800 are the halves from 0 to 0.5. */
            int32_t magnitude = random_whole(state, 0, 0x3800);
            int32_t sign = random_whole(state, 0, 1) << 15;
            ((uint16_t *)input->data)[i] = (uint16_t)(sign | magnitude);
            break;
        }
        case MN_INT8: ((int8_t *)input->data)[i] = (int8_t)random_whole(state, low, high); break;
        case MN_UINT8: ((uint8_t *)input->data)[i] = (uint8_t)random_whole(state, low, high); break;
        case MN_INT16: ((int16_t *)input->data)[i] = (int16_t)random_whole(state, low, high); break;
        case MN_INT32: ((int32_t *)input->data)[i] = random_whole(state, low, high); break;
        case MN_INT64: ((int64_t *)input->data)[i] = random_whole(state, low, high); break;
        case MN_NONE: break;
        }
    }
}

static int fill_input(const mn_tensor_info *info, int32_t number, bench_input *input, uint64_t *state) {
    if (input->ranged && input->file == NULL && !range_fits(info->type, input->low, input->high)) {
        cli_error("--input_layer_value_range: %d to %d does not fit input %d of type %s", (int)input->low,
                  (int)input->high, (int)number, mn_type_name(info->type));
        return CLI_USAGE;
    }
    input->bytes = info->bytes;
    input->data = malloc(info->bytes > 0 ? info->bytes : 1);
    if (input->data == NULL) {
        cli_error("out of memory for %zu bytes of input %d", info->bytes, (int)number);
        return CLI_FAILURE;
    }
    if (input->file != NULL) {
        return cli_read_exact(input->file, input->data, input->bytes, info->name) ? CLI_OK : CLI_FAILURE;
    }
    fill_random(info->type, input, info->bytes / mn_type_size(info->type), state);
    return CLI_OK;
}

int bench_inputs_fill(const mn_model *model, const mn_session *session, bench_inputs *inputs) {
    uint64_t state = 0;
    for (int32_t i = 0; i < inputs->count; i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        mn_status status = mn_session_tensor(session, mn_model_input(model, i), &info);
        if (status != MN_OK) {
            cli_library_error(status);
            return CLI_FAILURE;
        }
        int code = fill_input(&info, i, &inputs->input[i], &state);
        if (code != CLI_OK) return code;
    }
    return CLI_OK;
}

void bench_inputs_copy(const bench_inputs *inputs, mn_session *session) {
    for (int32_t i = 0; i < inputs->count; i++) {
        memcpy(mn_session_input(session, i), inputs->input[i].data, inputs->input[i].bytes);
    }
}

void bench_inputs_free(bench_inputs *inputs) {
    for (int32_t i = 0; i < inputs->count; i++) {
        free(inputs->input[i].data);
        free(inputs->input[i].file);
    }
    free(inputs->input);
    free(inputs->shape);
    *inputs = (bench_inputs){0};
}
