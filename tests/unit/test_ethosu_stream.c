/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs for Ethos-U, written word by word: what is taken is walked through as it was written, and what is wrong is
 * refused with the number of the word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ethosu/stream.h"

enum { COP1 = 0x31504f43, NOP = 5, COMMANDS = 2, CONFIG = 0x100001, U65_256 = 0x10003008, ID = 0x10060000 };
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Reads the first `count` of `words` from memory of just that size, so that a sanitizer sees what lies beyond. */
static mn_status read_words(const uint32_t *words, size_t count, uint8_t **bytes, mn_ethosu_stream *out) {
    const size_t size = 4 * count;
    *bytes = malloc(size + 1);
    assert_non_null(*bytes);
    for (size_t i = 0; i < size; i++) (*bytes)[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
    return mn_ethosu_stream_read(*bytes, size, out);
}

static void refused(const uint32_t *words, size_t count, mn_status status, const char *part) {
    mn_ethosu_stream stream;
    uint8_t *bytes;
    assert_int_equal(read_words(words, count, &bytes, &stream), status);
    free(bytes);
    if (strstr(mn_error_detail(), part) == NULL) fail_msg("'%s' has no '%s'", mn_error_detail(), part);
}

#define REFUSED(status, part, ...)                                                                                     \
    refused((const uint32_t[]){__VA_ARGS__}, COUNT(((const uint32_t[]){__VA_ARGS__})), status, part)

/* Actions, five commands and two words after STOP. */
static const uint32_t whole[] = {COP1,       CONFIG,     U65_256,    ID,         NOP,    NOP,        NOP, 0x80002,
                                 0x00070104, 0x00124000, 0xcafe0000, 0x00010006, 0x4093, 0x12345678, 0,   0x0002};

static void test_walk(void **state) {
    (void)state;
    static const struct {
        const char *name;
        mn_ethosu_command command;
    } expected[] = {{"IFM_DEPTH_M1", {false, 0x104, 7, 0}},
                    {"IFM_BASE0", {true, 0x000, 0x12, 0xcafe0000}},
                    {"OP_ELEMENTWISE", {false, 0x006, 1, 0}},
                    {"SCALE1_LENGTH", {true, 0x093, 0, 0x12345678}},
                    {"OP_STOP", {false, 0x000, 0, 0}}};
    mn_ethosu_stream stream;
    uint8_t *bytes;
    assert_int_equal(read_words(whole, COUNT(whole), &bytes, &stream), MN_OK);
    assert_int_equal(stream.word_count, 8);
    assert_int_equal(stream.command_count, COUNT(expected));
    size_t at = 0;
    mn_ethosu_command command;
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(mn_ethosu_stream_next(&stream, &at, &command));
        assert_string_equal(mn_ethosu_command_name(command.is_long, command.code), expected[i].name);
        assert_int_equal(command.is_long, expected[i].command.is_long);
        assert_int_equal(command.code, expected[i].command.code);
        assert_int_equal(command.param, expected[i].command.param);
        assert_int_equal(command.data, expected[i].command.data);
    }
    assert_false(mn_ethosu_stream_next(&stream, &at, &command));
    assert_false(mn_ethosu_stream_next(&stream, &at, &command));
    free(bytes);
}

static void test_cut(void **state) {
    (void)state;
    for (size_t count = 0; count + 1 < COUNT(whole); count++) {
        uint8_t *bytes;
        mn_ethosu_stream stream;
        assert_int_not_equal(read_words(whole, count, &bytes, &stream), MN_OK);
        free(bytes);
    }
    REFUSED(MN_ERROR_FORMAT, "7 words, and what begins at word 5 goes", COP1, CONFIG, U65_256, ID, NOP, 0x20002, 0);
    REFUSED(MN_ERROR_FORMAT, "3 words, and what begins at word 1 goes", COP1, CONFIG, U65_256);
}

static void test_configs(void **state) {
    (void)state;
    static const struct {
        uint32_t word;
        const char *name;
        int32_t cores, h, w, out, shram;
    } configs[] = {
        {0x00001005, "ethos-u55-32", 1, 1, 1, 4, 16},  {0x00001006, "ethos-u55-64", 1, 1, 1, 8, 16},
        {0x00001807, "ethos-u55-128", 1, 1, 2, 8, 24}, {0x00003008, "ethos-u55-256", 1, 2, 2, 8, 48},
        {0x10003008, "ethos-u65-256", 1, 2, 2, 8, 48}, {0x10006009, "ethos-u65-512", 2, 2, 2, 8, 96},
    };
    for (size_t i = 0; i < COUNT(configs); i++) {
        const uint32_t words[] = {COP1, CONFIG, configs[i].word, ID, 0x10002, 0};
        uint8_t *bytes;
        mn_ethosu_stream stream;
        char name[32];
        assert_int_equal(read_words(words, COUNT(words), &bytes, &stream), MN_OK);
        const mn_ethosu_config *config = &stream.config;
        assert_string_equal(mn_ethosu_config_name(config, name, sizeof name), configs[i].name);
        assert_int_equal(config->cores, configs[i].cores);
        assert_int_equal(config->micro_h, configs[i].h);
        assert_int_equal(config->micro_w, configs[i].w);
        assert_int_equal(config->micro_out, configs[i].out);
        assert_int_equal(config->micro_in, 8);
        assert_int_equal(config->shram_kb, configs[i].shram);
        /* Outputs at once, each of micro_in products, are the multipliers. */
        assert_int_equal(config->cores * config->micro_h * config->micro_w * config->micro_out * config->micro_in,
                         config->macs);
        assert_int_equal(config->arch_major, 1);
        assert_int_equal(config->arch_minor, 0);
        assert_int_equal(config->patch, 6);
        free(bytes);
    }
}

static void test_refused(void **state) {
    (void)state;
    REFUSED(MN_ERROR_UNSUPPORTED, "COP1", 0x32504f43, CONFIG, U65_256, ID, 0x10002, 0);
    REFUSED(MN_ERROR_UNSUPPORTED, "product 0 with 2^9", COP1, CONFIG, 0x00003009, ID, 0x10002, 0);
    REFUSED(MN_ERROR_UNSUPPORTED, "product 2 with 2^8", COP1, CONFIG, 0x20003008, ID, 0x10002, 0);
    REFUSED(MN_ERROR_UNSUPPORTED, "version 1", COP1, CONFIG, 0x10003018, ID, 0x10002, 0);
    REFUSED(MN_ERROR_FORMAT, "before word 1", COP1, 0x10002, 0);
    REFUSED(MN_ERROR_FORMAT, "word 1 of the NPU's program, 0x00000009, asks", COP1, 9);
    REFUSED(MN_ERROR_FORMAT, "no commands", COP1, CONFIG, U65_256, ID, NOP);
    REFUSED(MN_ERROR_FORMAT, "word 6 of the NPU's program, 0x00001fff,", COP1, CONFIG, U65_256, ID, 0x30002, 0x104,
            0x1fff, 0);
    REFUSED(MN_ERROR_FORMAT, "word 5 of the NPU's program, 0x00008002,", COP1, CONFIG, U65_256, ID, 0x20002, 0x8002, 0);
    REFUSED(MN_ERROR_FORMAT, "after word 6 without its command STOP", COP1, CONFIG, U65_256, ID, 0x10002, 0x104);
    REFUSED(MN_ERROR_FORMAT, "after word 6 without its command STOP", COP1, CONFIG, U65_256, ID, 0x10002, 0x4000, 0);
    REFUSED(MN_ERROR_FORMAT, "without its command STOP", COP1, CONFIG, U65_256, ID, 0x0002, 0);
}

/* More than 65535 words: the count's upper bits lie in the action's second byte. */
static void test_long(void **state) {
    (void)state;
    enum { WORDS = 0x12345 };
    uint32_t *words = calloc(WORDS + 5, sizeof *words);
    assert_non_null(words);
    memcpy(words, (const uint32_t[]){COP1, CONFIG, U65_256, ID, 0x2345 << 16 | 0x0102}, 5 * sizeof *words);
    for (size_t i = 5; i < WORDS + 4; i++) words[i] = 0x12f;
    mn_ethosu_stream stream;
    uint8_t *bytes;
    assert_int_equal(read_words(words, WORDS + 5, &bytes, &stream), MN_OK);
    assert_int_equal(stream.command_count, WORDS);
    free(bytes);
    free(words);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),    cmocka_unit_test(test_cut),  cmocka_unit_test(test_configs),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
