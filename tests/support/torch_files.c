/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/torch_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Bytes ------------------------------------------------------------------------------------------- */

void test_bytes_add(test_bytes *bytes, const void *data, size_t count) {
    if (bytes->count + count > bytes->room) {
        bytes->room = 2 * (bytes->count + count);
        uint8_t *larger = realloc(bytes->data, bytes->room);
        if (!larger) abort();
        bytes->data = larger;
    }
    if (count > 0) memcpy(bytes->data + bytes->count, data, count);
    bytes->count += count;
}

void test_bytes_text(test_bytes *bytes, const char *text) { test_bytes_add(bytes, text, strlen(text)); }

void test_bytes_number(test_bytes *bytes, uint64_t value, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = 0;
        if (i < sizeof value) byte = (uint8_t)(value >> 8 * i);
        test_bytes_add(bytes, &byte, 1);
    }
}

/* ---- State dicts ------------------------------------------------------------------------------------- */

typedef struct maker {
    test_state *state;
    const char *prefix;
    uint32_t seed;
} maker;

static float next_value(maker *m) {
    m->seed = m->seed * 1664525U + 1013904223U;
    return (float)(m->seed >> 8) / (float)(1 << 24);
}

static void add(maker *m, const char *layer, const char *what, int32_t rank, const int32_t *dims, float low,
                float high) {
    test_array *array = &m->state->arrays[m->state->count++];
    snprintf(array->name, sizeof array->name, "%s%s.%s", m->prefix, layer, what);
    array->rank = rank;
    array->count = 1;
    for (int32_t i = 0; i < rank; i++) array->count *= (size_t)(array->dims[i] = dims[i]);
    array->values = calloc(array->count, sizeof *array->values);
    if (!array->values) abort();
    for (size_t i = 0; i < array->count; i++) array->values[i] = low + (high - low) * next_value(m);
    array->integer = strcmp(what, "num_batches_tracked") == 0;
}

static void add_conv(maker *m, const char *layer, int32_t out, int32_t in, int32_t size) {
    add(m, layer, "weight", 4, (const int32_t[]){out, in, size, size}, -0.5f, 0.5f);
}

static void add_norm(maker *m, const char *layer, int32_t channels) {
    add(m, layer, "weight", 1, &channels, 0.5f, 1.5f);
    add(m, layer, "bias", 1, &channels, -0.5f, 0.5f);
    add(m, layer, "running_mean", 1, &channels, -0.5f, 0.5f);
    add(m, layer, "running_var", 1, &channels, 0.1f, 1.0f);
    add(m, layer, "num_batches_tracked", 0, NULL, 0, 0);
}

/* Layer names within a block: expand, depthwise, project, each with its norm. */
static const char *const in_block[][2][6] = {
    [TEST_TORCHVISION] = {{"", "", "0.0", "0.1", "1", "2"}, {"0.0", "0.1", "1.0", "1.1", "2", "3"}},
    [TEST_OLD_TORCHVISION] = {{"", "", "0", "1", "3", "4"}, {"0", "1", "3", "4", "6", "7"}},
    [TEST_TIMM] = {{"", "", "conv_dw", "bn1", "conv_pw", "bn2"},
                   {"conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"}},
};

static void add_block(maker *m, test_names names, const char *block, bool first) {
    const char *const *layers = in_block[names][!first];
    int32_t channels = TEST_CHANNELS, wide = first ? channels : 6 * channels;
    char name[100];
    for (int i = first ? 2 : 0; i < 6; i++) {
        snprintf(name, sizeof name, "%s%s", block, layers[i]);
        if (i % 2 == 1) add_norm(m, name, i == 5 ? channels : wide);
        if (i == 0) add_conv(m, name, wide, channels, 1);
        if (i == 2) add_conv(m, name, wide, 1, 3);
        if (i == 4) add_conv(m, name, channels, wide, 1);
    }
}

void test_state_make(test_state *state, test_names names, const char *prefix) {
    static const int32_t blocks[] = {1, 2, 3, 4, 3, 3, 1};
    bool timm = names == TEST_TIMM;
    maker m = {.state = state, .prefix = prefix, .seed = 1};
    int32_t number = 1, classes = TEST_CLASSES;
    char block[64];
    state->count = 0;
    add_conv(&m, timm ? "conv_stem" : "features.0.0", TEST_CHANNELS, 3, 3);
    add_norm(&m, timm ? "bn1" : "features.0.1", TEST_CHANNELS);
    for (int32_t s = 0; s < 7; s++) {
        for (int32_t i = 0; i < blocks[s]; i++, number++) {
            if (timm) snprintf(block, sizeof block, "blocks.%d.%d.", s, i);
            if (!timm) snprintf(block, sizeof block, "features.%d.conv.", number);
            add_block(&m, names, block, number == 1);
        }
    }
    add_conv(&m, timm ? "conv_head" : "features.18.0", TEST_HEAD, TEST_CHANNELS, 1);
    add_norm(&m, timm ? "bn2" : "features.18.1", TEST_HEAD);
    const char *classifier = timm ? "classifier" : "classifier.1";
    add(&m, classifier, "weight", 2, (const int32_t[]){TEST_CLASSES, TEST_HEAD}, -0.5f, 0.5f);
    add(&m, classifier, "bias", 1, &classes, -0.5f, 0.5f);
}

static void add_biased(maker *m, const char *layer, int32_t out, int32_t in) {
    add_conv(m, layer, out, in, 1);
    add(m, layer, "bias", 1, &out, -0.5f, 0.5f);
}

/* Number 0 does not expand; of the rest all but 1 and 2 have gates. */
static void add_v3_block(maker *m, bool timm, int32_t stage, int32_t index, int32_t number) {
    static const char *const timm_first[] = {"",        "",   "conv_dw", "bn1", "se.conv_reduce", "se.conv_expand",
                                             "conv_pw", "bn2"};
    static const char *const timm_later[] = {"conv_pw",        "bn1",      "conv_dw", "bn2", "se.conv_reduce",
                                             "se.conv_expand", "conv_pwl", "bn3"};
    static const char *const vision[][8] = {{"", "", "0.0", "0.1", "1.fc1", "1.fc2", "2.0", "2.1"},
                                            {"0.0", "0.1", "1.0", "1.1", "", "", "2.0", "2.1"},
                                            {"0.0", "0.1", "1.0", "1.1", "2.fc1", "2.fc2", "3.0", "3.1"}};
    bool gates = number != 1 && number != 2;
    int32_t channels = TEST_CHANNELS, wide = number > 0 ? 2 * channels : channels;
    const char *const *layers = timm && number == 0 ? timm_first
                                : timm              ? timm_later
                                                    : vision[number == 0 ? 0
                                                             : gates     ? 2
                                                                         : 1];
    char name[8][100];
    for (int i = 0; i < 8; i++) {
        if (timm) snprintf(name[i], sizeof name[i], "blocks.%d.%d.%s", stage, index, layers[i]);
        if (!timm) snprintf(name[i], sizeof name[i], "features.%d.block.%s", number + 1, layers[i]);
    }
    if (number > 0) add_conv(m, name[0], wide, channels, 1);
    if (number > 0) add_norm(m, name[1], wide);
    add_conv(m, name[2], wide, 1, number < 3 ? 3 : 5);
    add_norm(m, name[3], wide);
    if (gates) add_biased(m, name[4], TEST_CHANNELS / 2, wide);
    if (gates) add_biased(m, name[5], wide, TEST_CHANNELS / 2);
    add_conv(m, name[6], channels, wide, 1);
    add_norm(m, name[7], channels);
}

void test_state_make_v3(test_state *state, test_names names) {
    static const int32_t blocks[] = {1, 2, 3, 2, 3};
    const int32_t head = TEST_HEAD, classes = TEST_CLASSES, flat[] = {TEST_HEAD, 2 * TEST_CHANNELS};
    bool timm = names == TEST_TIMM;
    maker m = {.state = state, .prefix = "", .seed = 1};
    int32_t number = 0;
    state->count = 0;
    add_conv(&m, timm ? "conv_stem" : "features.0.0", TEST_CHANNELS, 3, 3);
    add_norm(&m, timm ? "bn1" : "features.0.1", TEST_CHANNELS);
    for (int32_t s = 0; s < 5; s++) {
        for (int32_t i = 0; i < blocks[s]; i++) add_v3_block(&m, timm, s, i, number++);
    }
    add_conv(&m, timm ? "blocks.5.0.conv" : "features.12.0", 2 * TEST_CHANNELS, TEST_CHANNELS, 1);
    add_norm(&m, timm ? "blocks.5.0.bn1" : "features.12.1", 2 * TEST_CHANNELS);
    if (timm) add_conv(&m, "conv_head", TEST_HEAD, 2 * TEST_CHANNELS, 1);
    if (!timm) add(&m, "classifier.0", "weight", 2, flat, -0.5f, 0.5f);
    add(&m, timm ? "conv_head" : "classifier.0", "bias", 1, &head, -0.5f, 0.5f);
    const char *last = timm ? "classifier" : "classifier.3";
    add(&m, last, "weight", 2, (const int32_t[]){TEST_CLASSES, TEST_HEAD}, -0.5f, 0.5f);
    add(&m, last, "bias", 1, &classes, -0.5f, 0.5f);
}

void test_state_make_v1(test_state *state) {
    static const int32_t blocks[] = {1, 2, 2, 6, 2};
    const int32_t classes = TEST_CLASSES, channels = TEST_CHANNELS;
    static const char *const layers[] = {"conv_dw", "bn1", "conv_pw", "bn2"};
    maker m = {.state = state, .prefix = "", .seed = 1};
    char name[4][100];
    state->count = 0;
    add_conv(&m, "conv_stem", channels, 3, 3);
    add_norm(&m, "bn1", channels);
    for (int32_t s = 0; s < 5; s++) {
        for (int32_t i = 0; i < blocks[s]; i++) {
            for (int k = 0; k < 4; k++) snprintf(name[k], sizeof name[k], "blocks.%d.%d.%s", s, i, layers[k]);
            add_conv(&m, name[0], channels, 1, 3);
            add_norm(&m, name[1], channels);
            add_conv(&m, name[2], channels, channels, 1);
            add_norm(&m, name[3], channels);
        }
    }
    add(&m, "classifier", "weight", 2, (const int32_t[]){TEST_CLASSES, TEST_CHANNELS}, -0.5f, 0.5f);
    add(&m, "classifier", "bias", 1, &classes, -0.5f, 0.5f);
}

void test_state_free(test_state *state) {
    for (int32_t i = 0; i < state->count; i++) free(state->arrays[i].values);
    state->count = 0;
}

test_array *test_state_find(test_state *state, const char *name) {
    for (int32_t i = 0; i < state->count; i++) {
        if (strcmp(state->arrays[i].name, name) == 0) return &state->arrays[i];
    }
    abort();
}

/* ---- Files ------------------------------------------------------------------------------------------- */

void test_write_safetensors(const test_state *state, test_bytes *out) {
    test_bytes header = {0}, data = {0};
    char text[256];
    test_bytes_text(&header, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (int32_t i = 0; i < state->count; i++) {
        const test_array *array = &state->arrays[i];
        size_t begin = data.count;
        if (array->integer) test_bytes_number(&data, 7, 8);
        if (!array->integer) test_bytes_add(&data, array->values, array->count * sizeof(float));
        snprintf(text, sizeof text, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", array->name,
                 array->integer ? "I64" : "F32");
        test_bytes_text(&header, text);
        for (int32_t d = 0; d < array->rank; d++) {
            snprintf(text, sizeof text, "%s%d", d ? "," : "", array->dims[d]);
            test_bytes_text(&header, text);
        }
        snprintf(text, sizeof text, "],\"data_offsets\":[%zu,%zu]}", begin, data.count);
        test_bytes_text(&header, text);
    }
    test_bytes_text(&header, "}");
    test_bytes_number(out, header.count, 8);
    test_bytes_add(out, header.data, header.count);
    test_bytes_add(out, data.data, data.count);
    free(header.data);
    free(data.data);
}
