/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Models as programs for microcontrollers: every byte of the output is that of a session of reference kernels, in an
 * arena of exactly as many bytes as are said, of which none is too many. Run in the repository root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/program.h"
#include "support/model_builder.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* ---- Running ---------------------------------------------------------------------------------------------- */

enum { GUARD = 64, GUARD_BYTE = 0x5a };

/* Runs a program on an image in an arena with guards around it; the output goes to `out`, as far as it is asked for. */
static void run_program(const mn_mcu_program *p, const int8_t *image, int8_t *out, size_t bytes) {
    uint8_t *memory = aligned_alloc(GUARD, 2 * GUARD + (p->arena_bytes + GUARD - 1) / GUARD * GUARD);
    mn_mcu_cursor *cursors = calloc(p->longest, sizeof *cursors);
    mn_mcu_run run = {0};
    assert_non_null(memory);
    assert_non_null(cursors);
    memset(memory, GUARD_BYTE, 2 * GUARD + p->arena_bytes);
    const int8_t *result = mn_mcu_run_image(&run, p, memory + GUARD, cursors, image);
    assert_non_null(result);
    memcpy(out, result, bytes);
    for (size_t i = 0; i < GUARD; i++) {
        assert_int_equal(memory[i], GUARD_BYTE);
        assert_int_equal(memory[GUARD + p->arena_bytes + i], GUARD_BYTE);
    }
    free(memory);
    free(cursors);
}

/* A model in a session of reference kernels. */
typedef struct reference {
    mn_session *session;
    mn_tensor_info in, out;
} reference;

static void open_reference(const mn_model *model, reference *r) {
    mn_session_options options = MN_INIT(mn_session_options);
    options.cpu = "ref";
    options.threads = 1;
    *r = (reference){.in = MN_INIT(mn_tensor_info), .out = MN_INIT(mn_tensor_info)};
    expect_ok(mn_session_create(model, &options, &r->session));
    expect_ok(mn_session_tensor(r->session, mn_model_input(model, 0), &r->in));
    expect_ok(mn_session_tensor(r->session, mn_model_output(model, 0), &r->out));
}

static void fill(uint8_t *bytes, size_t count, uint32_t seed) {
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

/* Runs both on the same image, and compares. */
static void compare(const mn_mcu_built *built, reference *r, uint32_t seed, const char *what) {
    int8_t *out = malloc(r->out.bytes);
    assert_non_null(out);
    fill(mn_session_input(r->session, 0), r->in.bytes, seed);
    run_program(&built->program, mn_session_input(r->session, 0), out, r->out.bytes);
    expect_ok(mn_session_run(r->session));
    if (memcmp(out, mn_session_output(r->session, 0), r->out.bytes) != 0) fail_msg("%s: the output differs", what);
    free(out);
}

/* What a program says of its slices is what runs. */
static void count_slice(void *context, uint32_t step, uint32_t first, uint32_t count) {
    (void)first, (void)count;
    ((uint32_t *)context)[step]++;
}

static void check_slices(const mn_mcu_built *built, const int8_t *image) {
    const mn_mcu_program *p = &built->program;
    uint32_t *slices = calloc(p->step_count, sizeof *slices);
    uint8_t *arena = aligned_alloc(GUARD, (p->arena_bytes + GUARD - 1) / GUARD * GUARD);
    mn_mcu_cursor *cursors = calloc(p->longest, sizeof *cursors);
    mn_mcu_run run = {.tell = count_slice, .context = slices};
    assert_non_null(slices);
    assert_non_null(arena);
    assert_non_null(cursors);
    assert_non_null(mn_mcu_run_image(&run, p, arena, cursors, image));
    for (uint32_t s = 0; s < p->step_count; s++) assert_int_equal(slices[s], built->steps[s].slices);
    free(slices);
    free(arena);
    free(cursors);
}

/* Would an arena of one byte less be too small? Its last byte is written then: not as it was both times. */
static bool needs_last_byte(const mn_mcu_built *built, const int8_t *image) {
    const mn_mcu_program *p = &built->program;
    uint8_t *arena = aligned_alloc(GUARD, (p->arena_bytes + GUARD - 1) / GUARD * GUARD);
    mn_mcu_cursor *cursors = calloc(p->longest, sizeof *cursors);
    bool written = false;
    assert_non_null(arena);
    assert_non_null(cursors);
    for (int i = 0; i < 2; i++) {
        mn_mcu_run run = {0};
        arena[p->arena_bytes - 1] = (uint8_t)i;
        assert_non_null(mn_mcu_run_image(&run, p, arena, cursors, image));
        written = written || arena[p->arena_bytes - 1] != (uint8_t)i;
    }
    free(arena);
    free(cursors);
    return written;
}

/* Arenas that were run in, and those whose last byte is of a pixel that nobody needs, so that it is never made. */
static int32_t arenas, loose_arenas;

/* Builds a program for each of some limits, and compares; prints what the first takes. */
static void check_model(const mn_model *model, const char *what) {
    reference r;
    open_reference(model, &r);
    for (int32_t held = 0; held < 2; held++) {
        mn_mcu_built least, more;
        mn_mcu_options options = {.held = held > 0};
        expect_ok(mn_mcu_build(model, &options, &least));
        compare(&least, &r, 1, what);
        check_slices(&least, mn_session_input(r.session, 0));
        arenas++;
        if (!needs_last_byte(&least, mn_session_input(r.session, 0))) loose_arenas++;
        options.ram = least.program.arena_bytes + least.program.arena_bytes / 3;
        expect_ok(mn_mcu_build(model, &options, &more));
        compare(&more, &r, 2, what);
        check_slices(&more, mn_session_input(r.session, 0));
        assert_true(more.program.arena_bytes <= options.ram);
        if (!strstr(what, "network"))
            print_message("%s, %s: %u bytes, weights %zu, read %lld; in %u bytes %lld\n", what,
                          held ? "input held" : "rows arrive", least.program.arena_bytes, least.weight_bytes,
                          (long long)least.read_bytes, more.program.arena_bytes, (long long)more.read_bytes);
        mn_mcu_built_free(&least);
        mn_mcu_built_free(&more);
    }
    mn_session_close(&r.session);
}

static void test_random_networks(void **state) {
    (void)state;
    int32_t refused = 0;
    enum { NETWORKS = 300 };
    for (uint32_t seed = 1; seed <= NETWORKS; seed++) {
        char what[40];
        model_builder b;
        mn_model *model = NULL;
        mn_mcu_built built;
        const mn_mcu_options options = {.held = false};
        mb_small_classifier(&b, seed, 1 + (int32_t)(seed % 16));
        expect_ok(mn_model_from_graph(&b.graph, &model));
        snprintf(what, sizeof what, "network %u", seed);
        const mn_status status = mn_mcu_build(model, &options, &built);
        if (status == MN_ERROR_UNSUPPORTED) {
            refused++;
        } else {
            expect_ok(status);
            mn_mcu_built_free(&built);
            check_model(model, what);
        }
        mn_model_close(&model);
    }
    print_message("%d of %d networks have operators for which there are no steps\n", refused, NETWORKS);
    print_message("%d of %d arenas are loose\n", loose_arenas, arenas);
    assert_true(refused < NETWORKS / 2);
    assert_true(loose_arenas * 50 < arenas);
}

static void check_file(const char *path) {
    mn_model *model = NULL;
    if (mn_model_open(path, &model) != MN_OK) {
        print_message("SKIPPED: %s\n", mn_error_detail());
        return;
    }
    check_model(model, path);
    mn_model_close(&model);
}

static void test_files(void **state) {
    (void)state;
    loose_arenas = 0;
    check_file("tests/golden/tiny_v2_int8.tflite");
    check_file("../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite");
    assert_int_equal(loose_arenas, 0);
}

/* ---- What is refused ------------------------------------------------------------------------------------- */

/* Fails with a sentence that has all of these words. */
static void expect_refusal(const char *path, const mn_mcu_options *options, mn_status status, const char *first,
                           const char *second) {
    mn_model *model = NULL;
    mn_mcu_built built;
    expect_ok(mn_model_open(path, &model));
    assert_int_equal(mn_mcu_build(model, options, &built), status);
    if (!strstr(mn_error_detail(), path) || !strstr(mn_error_detail(), first) || !strstr(mn_error_detail(), second)) {
        fail_msg("not what was expected: %s", mn_error_detail());
    }
    assert_null(built.steps);
    mn_model_close(&model);
}

static void test_what_is_refused(void **state) {
    (void)state;
    const mn_mcu_options usual = {.held = false}, little = {.ram = 1000};
    expect_refusal("tests/golden/tiny_v2_float32.tflite", &usual, MN_ERROR_UNSUPPORTED, "int8", "mobilenet quantize");
    expect_refusal("tests/golden/tiny_v2_uint8.tflite", &usual, MN_ERROR_UNSUPPORTED, "(CONV_2D)", "uint8");
    expect_refusal("tests/golden/tiny_v2_int8.tflite", &little, MN_ERROR_LIMIT, "1000 bytes", "at least 1815");
}

/* The least that is said is enough, and one byte less is not. */
static void test_least_memory(void **state) {
    (void)state;
    mn_model *model = NULL;
    mn_mcu_built built;
    mn_mcu_options options = {.held = true};
    expect_ok(mn_model_open("tests/golden/tiny_v2_int8.tflite", &model));
    expect_ok(mn_mcu_build(model, &options, &built));
    options.ram = built.program.arena_bytes;
    mn_mcu_built_free(&built);
    expect_ok(mn_mcu_build(model, &options, &built));
    assert_int_equal(built.program.arena_bytes, options.ram);
    mn_mcu_built_free(&built);
    options.ram--;
    assert_int_equal(mn_mcu_build(model, &options, &built), MN_ERROR_LIMIT);
    mn_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_least_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
