/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Damaged models are read or refused with a sentence, whatever the damage; sanitizers watch that nothing outside the
 * file is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "support/model_builder.h"
#include "support/rounds.h"
#include "tflite/read.h"
#include "tflite/write.h"

static const char *const real_models[] = {
    "../shared/models/mobilenet_v2_1.0_224_quant.tflite",
    "../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite",
};

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* Reads and checks. A refusal is one line that starts with the file's name. */
static bool survives(const uint8_t *data, size_t bytes) {
    mn_graph graph;
    mn_status status = mn_tflite_read(data, bytes, "m", &graph);
    if (status == MN_OK) {
        status = mn_graph_check(&graph);
        mn_graph_free(&graph);
    }
    if (status == MN_OK) return true;
    const char *sentence = mn_error_detail();
    if (strncmp(sentence, "m: ", 3) != 0 || strlen(sentence) > 500 || strchr(sentence, '\n')) {
        fail_msg("\"%s\" is not a good sentence", sentence);
    }
    return false;
}

/* What only a back end runs, behind all else, with workspace and metadata. */
static void append_custom(model_builder *b) {
    static const uint8_t options[] = {1, 4, 1};
    static mn_metadata said = {.name = "OfflineMemoryAllocation", .data = options, .bytes = sizeof options};
    const int32_t x = b->graph.outputs[0], rank = b->graph.tensors[x].rank;
    const int32_t scratch = mb_tensor(b, "scratch", MN_INT32, 1, (int32_t[]){64});
    const int32_t y = mb_alike(b, "y", x, rank, b->graph.tensors[x].dims);
    mb_custom(b, "ethos-u", options, sizeof options, 3, (int32_t[]){x, scratch, -1}, 1, &y);
    b->graph.outputs[0] = y;
    b->graph.metadata = &said;
    b->graph.metadata_count = 1;
}

/* Small models that together hold every kind of operator and type. */
static void small_model(uint32_t seed, uint8_t **data, size_t *bytes) {
    const mn_type types[] = {MN_INT8, MN_FLOAT32, MN_UINT8};
    model_builder b;
    mb_classifier(&b, types[seed % 3], seed, 1 + (int32_t)(seed % 5));
    if (seed % 2 == 0) append_custom(&b);
    expect_ok(mn_tflite_write(&b.graph, data, bytes));
    mn_graph_free(&b.graph);
}

static void test_truncated_at_every_byte(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 6; seed++) {
        uint8_t *data;
        size_t bytes;
        small_model(seed, &data, &bytes);
        assert_true(survives(data, bytes));
        for (size_t length = 0; length < bytes; length++) {
            uint8_t *cut = malloc(length ? length : 1); /* its own block, so that reading past the end shows */
            assert_non_null(cut);
            memcpy(cut, data, length);
            survives(cut, length);
            free(cut);
        }
        free(data);
    }
}

static void test_every_byte_takes_many_values(void **state) {
    (void)state;
    uint8_t *data;
    size_t bytes, tried = 0, readable = 0;
    const int32_t step = tests_run_long() ? 1 : 8; /* 1: every value */
    small_model(0, &data, &bytes);
    for (size_t i = 0; i < bytes; i++) {
        for (int32_t mask = 1 + (int32_t)(i % (size_t)step); mask < 256; mask += step) {
            data[i] ^= (uint8_t)mask;
            readable += survives(data, bytes);
            data[i] ^= (uint8_t)mask;
            tried++;
        }
    }
    print_message("%zu mutations of %zu bytes, %zu still models\n", tried, bytes, readable);
    assert_true(readable > 0 && readable < tried);
    free(data);
}

/* Damages a few bytes at a time among those `where` gives, and repairs them. */
static void mutate(uint8_t *data, size_t bytes, uint32_t seed, int32_t rounds,
                   size_t (*where)(model_builder *, size_t bytes)) {
    model_builder random;
    mb_open(&random, MN_FLOAT32, seed);
    for (int32_t i = 0; i < rounds; i++) {
        size_t places[4];
        uint8_t kept[4];
        int32_t count = mb_random(&random, 1, 4);
        for (int32_t k = 0; k < count; k++) {
            places[k] = where(&random, bytes);
            kept[k] = data[places[k]];
            data[places[k]] = (uint8_t)mb_random(&random, 0, 255);
        }
        survives(data, bytes);
        for (int32_t k = count; k-- > 0;) data[places[k]] = kept[k];
    }
    mn_graph_free(&random.graph);
}

static size_t anywhere(model_builder *random, size_t bytes) {
    return (size_t)mb_random(random, 0, (int32_t)(bytes - 1));
}

/* The first and last 32 KiB of a large file hold its tables. */
static size_t at_the_ends(model_builder *random, size_t bytes) {
    size_t place = (size_t)mb_random(random, 0, (1 << 16) - 1);
    return place < 1 << 15 ? place : bytes - 1 - (place - (1 << 15));
}

static void test_random_damage(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 40; seed++) {
        uint8_t *data;
        size_t bytes;
        small_model(seed, &data, &bytes);
        mutate(data, bytes, seed, 2000, anywhere);
        free(data);
    }
}

static void test_damaged_real_models(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof real_models / sizeof real_models[0]; i++) {
        mn_map map;
        if (mn_map_open(real_models[i], &map) != MN_OK) {
            print_message("SKIPPED: %s\n", mn_error_detail());
            skip();
        }
        uint8_t *data = malloc(map.bytes);
        assert_non_null(data);
        memcpy(data, map.data, map.bytes);
        assert_true(survives(data, map.bytes));
        mutate(data, map.bytes, (uint32_t)i, 1000, at_the_ends);
        mutate(data, map.bytes, (uint32_t)i + 10, 200, anywhere);
        free(data);
        mn_map_close(&map);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated_at_every_byte),
        cmocka_unit_test(test_every_byte_takes_many_values),
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_damaged_real_models),
    };
    return cmocka_run_group_tests_name("tflite mutate", tests, NULL, NULL);
}
