/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* TFLite metadata and the files behind a model: what is written is read, the same graph gives the same bytes, and
 * damage is told or does no harm. tests/oracle/metadata.py asks TensorFlow's own tools. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/model_builder.h"
#include "tflite/read.h"
#include "tflite/write.h"
#include "tflite/zip.h"

enum { CLASSES = 5 };

typedef struct file {
    uint8_t *data;
    size_t bytes;
} file;

static const char *const fruits[CLASSES] = {"apple", "pear", "äpfel", "kiwi", "a, b"};

static void ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* A row of CLASSES values; what it means is for the caller. */
static void make_graph(model_builder *b) {
    static const int32_t row[] = {1, CLASSES};
    mb_open(b, MN_FLOAT32, 5);
    int32_t x = mb_tensor(b, "x", MN_FLOAT32, 2, row), y = mb_tensor(b, "y", MN_FLOAT32, 2, row);
    mb_op(b, MN_OP_RELU, 1, 1, &x, y);
    mb_ends(b, x, y);
}

static file write_graph(const mn_graph *graph) {
    file f;
    ok(mn_tflite_write(graph, &f.data, &f.bytes));
    return f;
}

static file make_file(void (*mean)(mn_graph *graph)) {
    model_builder b;
    make_graph(&b);
    if (mean) mean(&b.graph);
    file f = write_graph(&b.graph);
    mn_graph_free(&b.graph);
    return f;
}

static mn_graph read_file(const file *f) {
    mn_graph graph;
    ok(mn_tflite_read(f->data, f->bytes, "m.tflite", &graph));
    ok(mn_graph_check(&graph));
    return graph;
}

static const uint8_t *find(const file *f, const char *text) {
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= f->bytes; i++) {
        if (memcmp(f->data + i, text, length) == 0) return f->data + i;
    }
    return NULL;
}

/* ---- What is written is read ---------------------------------------------------------------------------- */

static void mean_all(mn_graph *graph) {
    static const float mean[] = {123.675f, 116.28f, 103.53f}, deviation[] = {58.395f, 57.12f, 57.375f};
    graph->meaning.normalised = true;
    memcpy(graph->meaning.mean, mean, sizeof mean);
    memcpy(graph->meaning.deviation, deviation, sizeof deviation);
    graph->meaning.fit = MN_FIT_CROP;
    ok(mn_meaning_set_classes(&graph->meaning, &graph->region, 0, fruits, CLASSES));
}

static void expect_fruits(const mn_graph *graph) {
    assert_int_equal(graph->meaning.output_count, 1);
    assert_int_equal(graph->meaning.classes[0].count, CLASSES);
    for (int32_t i = 0; i < CLASSES; i++) assert_string_equal(graph->meaning.classes[0].name[i], fruits[i]);
}

static void test_everything_comes_back(void **state) {
    (void)state;
    file f = make_file(mean_all), again = make_file(mean_all);
    assert_int_equal(f.bytes, again.bytes);
    assert_memory_equal(f.data, again.data, f.bytes);
    mn_graph graph = read_file(&f);
    assert_true(graph.meaning.normalised);
    assert_true(graph.meaning.mean[2] == 103.53f && graph.meaning.deviation[0] == 58.395f);
    assert_int_equal(graph.meaning.fit, MN_FIT_CROP);
    expect_fruits(&graph);
    file third = write_graph(&graph);
    assert_int_equal(f.bytes, third.bytes);
    assert_memory_equal(f.data, third.data, f.bytes);
    mn_graph_free(&graph);
    free(f.data);
    free(again.data);
    free(third.data);
}

static void mean_range(mn_graph *graph) {
    mn_meaning_set_range(&graph->meaning, -1, 1);
    graph->meaning.fit = MN_FIT_EXACT;
}

static void test_one_number_for_all_channels(void **state) {
    (void)state;
    file f = make_file(mean_range);
    mn_graph graph = read_file(&f);
    assert_true(graph.meaning.normalised);
    for (int c = 0; c < 3; c++) assert_true(graph.meaning.mean[c] == 127.5f && graph.meaning.deviation[c] == 127.5f);
    assert_int_equal(graph.meaning.fit, MN_FIT_EXACT);
    assert_int_equal(graph.meaning.output_count, 0);
    assert_null(find(&f, "PK")); /* no files, no archive */
    mn_graph_free(&graph);
    free(f.data);
}

static void test_nothing_said_nothing_written(void **state) {
    (void)state;
    file f = make_file(NULL);
    assert_null(find(&f, "TFLITE_METADATA"));
    assert_null(find(&f, "M001"));
    mn_graph graph = read_file(&f);
    assert_false(mn_meaning_known(&graph.meaning));
    mn_graph_free(&graph);
    free(f.data);
}

static void mean_lines(mn_graph *graph) {
    const char *names[CLASSES];
    for (int32_t i = 0; i < CLASSES; i++) names[i] = "x";
    names[3] = "two\nlines";
    ok(mn_meaning_set_classes(&graph->meaning, &graph->region, 0, names, CLASSES));
}

static void test_a_name_is_one_line(void **state) {
    (void)state;
    file f = make_file(mean_lines);
    mn_graph graph = read_file(&f);
    assert_string_equal(graph.meaning.classes[0].name[3], "two lines");
    mn_graph_free(&graph);
    free(f.data);
}

/* Two outputs, of which the second one's classes have names. */
static void test_outputs_have_their_own_labels(void **state) {
    (void)state;
    static const int32_t row[] = {1, 3};
    const char *const names[] = {"0", "1", "2"}; /* numbers that are names, not numbers before names */
    model_builder b;
    mb_open(&b, MN_FLOAT32, 3);
    int32_t x = mb_tensor(&b, "x", MN_FLOAT32, 2, row), y = mb_tensor(&b, "y", MN_FLOAT32, 2, row);
    int32_t z = mb_tensor(&b, "z", MN_FLOAT32, 2, row);
    mb_op(&b, MN_OP_RELU, 1, 1, &x, y);
    mb_op(&b, MN_OP_RELU6, 1, 1, &x, z);
    int32_t outputs[] = {y, z};
    mb_ends(&b, x, y);
    b.graph.outputs = outputs;
    b.graph.output_count = 2;
    ok(mn_meaning_set_classes(&b.graph.meaning, &b.graph.region, 1, names, 3));
    file f = write_graph(&b.graph);
    mn_graph graph = read_file(&f);
    /* The first output's metadata names no file, so any fitting text would do for it. */
    assert_int_equal(graph.meaning.output_count, 2);
    assert_string_equal(graph.meaning.classes[1].name[2], "2");
    mn_graph_free(&graph);
    mn_graph_free(&b.graph);
    free(f.data);
}

/* ---- Files without metadata ----------------------------------------------------------------------------- */

static mn_zip_file text_file(const char *name, const char *text) {
    return (mn_zip_file){.name = (const uint8_t *)name,
                         .name_bytes = strlen(name),
                         .data = (const uint8_t *)text,
                         .bytes = strlen(text)};
}

#define CORAL "\xef\xbb\xbf 0  apple\r\n1  pear\n2: äpfel\n3\tkiwi\n4  a, b\n\n"

static void test_labels_behind_a_bare_model(void **state) {
    (void)state;
    file f = make_file(NULL);
    const mn_zip_file files[] = {text_file("readme.txt", "one line\n"), text_file("labels.bin", CORAL),
                                 text_file("labels.txt", CORAL)};
    ok(mn_zip_append(files, 3, &f.data, &f.bytes));
    mn_graph graph = read_file(&f);
    expect_fruits(&graph);
    mn_graph_free(&graph);
    free(f.data);
}

/* A model and an archive made on its own, whose offsets count from its own start, as with `cat model.tflite
 * labels.zip`; with a comment at its end, of bytes that look like beginnings of signatures if `likely`. */
static file with_comment(size_t bytes, bool likely) {
    file f = make_file(NULL), archive = {0};
    const mn_zip_file labels = text_file("labels.txt", CORAL);
    ok(mn_zip_append(&labels, 1, &archive.data, &archive.bytes));
    f.data = realloc(f.data, f.bytes + archive.bytes + bytes);
    assert_non_null(f.data);
    memcpy(f.data + f.bytes, archive.data, archive.bytes);
    f.bytes += archive.bytes;
    f.data[f.bytes - 2] = (uint8_t)bytes;
    f.data[f.bytes - 1] = (uint8_t)(bytes >> 8);
    for (size_t i = 0; i < bytes; i++) f.data[f.bytes + i] = likely ? (uint8_t) "PK"[i % 2] : 'x';
    f.bytes += bytes;
    free(archive.data);
    return f;
}

/* All places in what is searched at once, and the longest comment that there is. */
static void test_offsets_from_the_archives_start(void **state) {
    (void)state;
    enum { MOST = 65535 };
    for (size_t bytes = 0; bytes <= MOST; bytes = bytes == 140 ? MOST - 70 : bytes + 1) {
        file f = with_comment(bytes, bytes % 2 == 1);
        mn_graph graph = read_file(&f);
        expect_fruits(&graph);
        mn_graph_free(&graph);
        free(f.data);
    }
}

static void expect_no_labels(const file *f) {
    mn_graph graph = read_file(f);
    assert_int_equal(graph.meaning.output_count, 0);
    mn_graph_free(&graph);
}

static void test_other_lists_are_not_taken(void **state) {
    (void)state;
    static const char *const texts[] = {"", "one\ntwo\n", "a\nb\nc\nd\ne\nf\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        file f = make_file(NULL);
        const mn_zip_file labels = text_file("labels.txt", texts[i]);
        ok(mn_zip_append(&labels, 1, &f.data, &f.bytes));
        expect_no_labels(&f);
        free(f.data);
    }
}

/* A byte of the text, and the method in the directory. */
static void test_damaged_or_compressed_files_are_not_taken(void **state) {
    (void)state;
    file f = make_file(NULL);
    const size_t before = f.bytes;
    const mn_zip_file labels = text_file("labels.txt", CORAL);
    ok(mn_zip_append(&labels, 1, &f.data, &f.bytes));
    uint8_t *text = (uint8_t *)(uintptr_t)find(&f, "kiwi");
    text[0] = 'K';
    expect_no_labels(&f);
    text[0] = 'k';
    uint8_t *entry = f.data + f.bytes - 22 - 46 - strlen("labels.txt");
    assert_memory_equal(entry, "PK\1\2", 4);
    entry[10] = 8;
    expect_no_labels(&f);
    entry[10] = 0;
    mn_graph graph = read_file(&f);
    expect_fruits(&graph);
    mn_graph_free(&graph);
    /* Whatever else happens to the archive, the model is read. */
    for (size_t i = before; i < f.bytes; i++) {
        f.data[i] ^= 0xff;
        graph = read_file(&f);
        mn_graph_free(&graph);
        f.data[i] ^= 0xff;
    }
    free(f.data);
}

/* ---- Damaged metadata ----------------------------------------------------------------------------------- */

/* Every byte of the metadata, changed in several ways, in memory of exactly the file's size: told or read, never more
 * (run under sanitizers). */
static void test_damaged_metadata(void **state) {
    (void)state;
    file f = make_file(mean_all);
    const uint8_t *start = find(&f, "M001");
    assert_non_null(start);
    const size_t from = (size_t)(start - f.data) - 4, to = from + 600;
    int32_t refused = 0;
    for (size_t i = from; i < to; i++) {
        for (int change = 1; change < 256; change = change * 2 + 1) {
            mn_graph graph;
            uint8_t kept = f.data[i];
            f.data[i] = (uint8_t)(kept ^ change);
            mn_status status = mn_tflite_read(f.data, f.bytes, "m.tflite", &graph);
            if (status == MN_OK) {
                mn_graph_free(&graph);
            } else if (strstr(mn_error_detail(), "m.tflite: metadata: ")) {
                refused++;
            }
            f.data[i] = kept;
        }
    }
    assert_true(refused > 100);
    free(f.data);
}

/* A deviation of zero, or a mean that is not a number, says nothing. */
static void test_senseless_normalisation(void **state) {
    (void)state;
    static const float bad[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        model_builder b;
        make_graph(&b);
        mean_all(&b.graph);
        b.graph.meaning.deviation[1] = bad[i];
        file f = write_graph(&b.graph);
        mn_graph graph = read_file(&f);
        assert_false(graph.meaning.normalised);
        expect_fruits(&graph);
        mn_graph_free(&graph);
        mn_graph_free(&b.graph);
        free(f.data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_comes_back),
        cmocka_unit_test(test_one_number_for_all_channels),
        cmocka_unit_test(test_nothing_said_nothing_written),
        cmocka_unit_test(test_a_name_is_one_line),
        cmocka_unit_test(test_outputs_have_their_own_labels),
        cmocka_unit_test(test_labels_behind_a_bare_model),
        cmocka_unit_test(test_offsets_from_the_archives_start),
        cmocka_unit_test(test_other_lists_are_not_taken),
        cmocka_unit_test(test_damaged_or_compressed_files_are_not_taken),
        cmocka_unit_test(test_damaged_metadata),
        cmocka_unit_test(test_senseless_normalisation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
