/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Models with operators `ethos-u`: several in one part, regions that share memory, and models whose tensors, sizes and
 * notes do not go with their programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/little.h"
#include "mobilenet_delegate.h"
#include "support/ethosu_program.h"
#include "support/model_builder.h"
#include "tflite/write.h"

enum { COUNT = 16, ARENA = 64, TENSORS = 12 };

/* Tensors: programs and constants, memories, and x -> middle -> y, each 16 numbers. */
enum { FIRST, SECOND, CONSTANTS, SCRATCH, FAST, X, MIDDLE, Y, USED };

typedef struct model {
    model_builder b;
    uint8_t offsets[4 * (3 + TENSORS)]; /* OfflineMemoryAllocation */
    mn_metadata note;
    bool same_memory; /* regions 1 and 2 are one tensor, as for Ethos-U55 */
} model;

/* 16 numbers at `from` of region 1, and a scalar, to `to` of region 1. They are read from region 2: where that is other
 * memory, from a copy. */
static int32_t add_program(model *m, const char *name, int32_t from, int32_t to, int32_t scalar) {
    static ep_program p;
    const int32_t at = m->same_memory ? from : 32;
    const mn_ethosu_map in = {2, 1, true, false, 1, COUNT, 1, 0, {1, 1}, COUNT, {at}, COUNT, 1, 1};
    const mn_ethosu_map out = {1, 1, true, false, 1, COUNT, 1, 0, {1, 1}, COUNT, {to}, COUNT, 1, 1};
    size_t bytes;
    ep_open(&p, EP_U65_256);
    if (!m->same_memory) {
        ep_short(&p, MN_NPU_DMA0_SRC_REGION, 1);
        ep_short(&p, MN_NPU_DMA0_DST_REGION, 2);
        ep_long(&p, MN_NPU_DMA0_SRC, (uint64_t)from);
        ep_long(&p, MN_NPU_DMA0_DST, 32);
        ep_long(&p, MN_NPU_DMA0_LEN, COUNT);
        ep_short(&p, MN_NPU_OP_DMA_START, 0);
    }
    ep_map(&p, MN_NPU_IFM_BASE0, &in, 0);
    ep_map(&p, MN_NPU_IFM2_BASE0, &in, 0);
    ep_map(&p, MN_NPU_OFM_BASE0, &out, 256);
    ep_short(&p, MN_NPU_IFM2_BROADCAST, MN_NPU_SCALAR);
    ep_short(&p, MN_NPU_IFM2_SCALAR, scalar);
    ep_scale(&p, MN_NPU_OPA_SCALE, 1, 0);
    ep_scale(&p, MN_NPU_OPB_SCALE, 1, 0);
    ep_scale(&p, MN_NPU_OFM_SCALE, 1, 0);
    ep_short(&p, MN_NPU_ACTIVATION_MIN, -128);
    ep_short(&p, MN_NPU_ACTIVATION_MAX, 127);
    ep_short(&p, MN_NPU_OP_ELEMENTWISE, MN_NPU_ADD);
    uint8_t *payload = ep_payload(&p, &bytes);
    const int32_t size = (int32_t)bytes, tensor = mb_constant(&m->b, name, MN_UINT8, 1, &size);
    memcpy((void *)(uintptr_t)m->b.graph.tensors[tensor].data, payload, bytes);
    free(payload);
    return tensor;
}

static void set_offset(model *m, int32_t tensor, int32_t offset) {
    mn_put_le(m->offsets + 4 * (size_t)(3 + tensor), (uint32_t)offset, 4);
}

/* x at 0 of the arena; x + 3 at 16, on top of what the second program reads; x + 3 + 4 at 0. */
static void open_model(model *m, bool same_memory) {
    const int32_t image[] = {1, 4, 4, 1}, memory = ARENA, constants = 8;
    *m = (model){.same_memory = same_memory};
    mb_open(&m->b, MN_INT8, 3);
    assert_int_equal(add_program(m, "first", 0, 16, 3), FIRST);
    assert_int_equal(add_program(m, "second", 16, 0, 4), SECOND);
    mb_constant(&m->b, "constants", MN_UINT8, 1, &constants);
    mb_tensor(&m->b, "scratch", MN_UINT8, 1, &memory);
    mb_tensor(&m->b, "scratch_fast", MN_UINT8, 1, &memory);
    mb_tensor(&m->b, "x", MN_INT8, 4, image);
    mb_alike(&m->b, "middle", X, 4, image);
    mb_alike(&m->b, "y", X, 4, image);
    const int32_t fast = same_memory ? SCRATCH : FAST, middle = MIDDLE, y = Y;
    mb_custom(&m->b, "ethos-u", NULL, 0, 5, (int32_t[]){FIRST, CONSTANTS, SCRATCH, fast, X}, 1, &middle);
    mb_custom(&m->b, "ethos-u", NULL, 0, 5, (int32_t[]){SECOND, CONSTANTS, SCRATCH, fast, MIDDLE}, 1, &y);
    mb_ends(&m->b, X, Y);
    for (int32_t t = 0; t < TENSORS; t++) set_offset(m, t, -1);
    mn_put_le(m->offsets + 8, TENSORS, 4);
    set_offset(m, X, 0);
    set_offset(m, MIDDLE, 16);
    set_offset(m, Y, 0);
    m->note = (mn_metadata){"OfflineMemoryAllocation", m->offsets, sizeof m->offsets};
    m->b.graph.metadata = &m->note;
    m->b.graph.metadata_count = 1;
}

/* A session of what has been built, with or without intermediates kept; batch: images, 0 for the file's. */
static mn_status make_session(model *m, bool keeps, int32_t batch, mn_delegate **delegate, mn_model **opened,
                              mn_session **session, uint8_t **data) {
    mn_session_options options = MN_INIT(mn_session_options);
    size_t bytes;
    assert_int_equal(mn_tflite_write(&m->b.graph, data, &bytes), MN_OK);
    assert_int_equal(mn_model_from_memory(*data, bytes, "m", opened), MN_OK);
    assert_int_equal(mn_delegate_open_ethosu(delegate), MN_OK);
    options.delegates = delegate;
    options.delegate_count = 1;
    options.keep_tensors = keeps;
    options.batch = batch;
    return mn_session_create(*opened, &options, session);
}

static void close_all(model *m, mn_delegate **delegate, mn_model **opened, mn_session **session, uint8_t *data) {
    mn_session_close(session);
    mn_model_close(opened);
    mn_delegate_close(delegate);
    mn_graph_free(&m->b.graph);
    free(data);
}

static void test_runs(void **state) {
    (void)state;
    for (int32_t kind = 0; kind < 4; kind++) {
        model m;
        mn_delegate *delegate = NULL;
        mn_model *opened = NULL;
        mn_session *session = NULL;
        uint8_t *data;
        open_model(&m, kind & 1);
        const bool keeps = (kind & 2) != 0; /* each operator is a part of its own then */
        const mn_status status = make_session(&m, keeps, 0, &delegate, &opened, &session, &data);
        if (status != MN_OK) fail_msg("%s", mn_error_detail());
        for (int32_t round = 0; round < 2; round++) {
            int8_t *x = mn_session_input(session, 0);
            for (int32_t i = 0; i < COUNT; i++) x[i] = (int8_t)(i * 5 - 40 * round);
            assert_int_equal(mn_session_run(session), MN_OK);
            const int8_t *y = mn_session_output(session, 0);
            for (int32_t i = 0; i < COUNT; i++) assert_int_equal(y[i], i * 5 - 40 * round + 7);
        }
        mn_delegation who = MN_INIT(mn_delegation);
        assert_int_equal(mn_session_delegation(session, 1, &who), MN_OK);
        assert_int_equal(who.delegate, 0);
        close_all(&m, &delegate, &opened, &session, data);
    }
}

static void no_note(model *m) { m->note.name = "other"; }
static void short_note(model *m) { m->note.bytes = 12 + 4 * Y; }
static void newer_note(model *m) { m->offsets[0] = 1; }
static void far_offset(model *m) { set_offset(m, MIDDLE, ARENA - COUNT + 1); }
static void no_offset(model *m) { set_offset(m, X, -1); }
static void few_inputs(model *m) { m->b.graph.ops[1].input_count = 3; }
static void computed_program(model *m) { m->b.graph.ops[1].inputs[0] = MIDDLE; }
static void constant_arena(model *m) { m->b.graph.ops[0].inputs[2] = CONSTANTS; }
static void small_arena(model *m) {
    m->b.graph.tensors[FAST].dims[0] = 40;
    m->b.graph.tensors[FAST].bytes = 40;
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        void (*damage)(model *m);
        mn_status status;
        const char *sentence;
    } cases[] = {
        {no_note, MN_ERROR_FORMAT, "no metadata OfflineMemoryAllocation of version 0 for tensor 5 (x)"},
        {short_note, MN_ERROR_FORMAT, "no metadata OfflineMemoryAllocation of version 0 for tensor 7 (y)"},
        {newer_note, MN_ERROR_FORMAT, "no metadata OfflineMemoryAllocation of version 0 for tensor 5 (x)"},
        {far_offset, MN_ERROR_FORMAT, "put tensor 6 (middle) outside the memory of 64 bytes"},
        {no_offset, MN_ERROR_FORMAT, "put tensor 5 (x) outside the memory of 64 bytes"},
        {few_inputs, MN_ERROR_FORMAT, "it has no program, constants and two memories as its first inputs"},
        {computed_program, MN_ERROR_FORMAT, "it has no program, constants and two memories as its first inputs"},
        {constant_arena, MN_ERROR_FORMAT, "its input 2, the memory for tensors, is a constant"},
        {small_arena, MN_ERROR_FORMAT, "(OP_DMA_START): it writes beyond region 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model m;
        mn_delegate *delegate = NULL;
        mn_model *opened = NULL;
        mn_session *session = NULL;
        uint8_t *data;
        open_model(&m, false);
        cases[i].damage(&m);
        assert_int_equal(make_session(&m, false, 0, &delegate, &opened, &session, &data), cases[i].status);
        if (!strstr(mn_error_detail(), cases[i].sentence)) {
            fail_msg("'%s' has no '%s'", mn_error_detail(), cases[i].sentence);
        }
        close_all(&m, &delegate, &opened, &session, data);
    }
}

/* A program is for one image. */
static void test_other_size(void **state) {
    (void)state;
    model m;
    mn_delegate *delegate = NULL;
    mn_model *opened = NULL;
    mn_session *session = NULL;
    uint8_t *data;
    open_model(&m, false);
    assert_int_equal(make_session(&m, false, 2, &delegate, &opened, &session, &data), MN_ERROR_UNSUPPORTED);
    close_all(&m, &delegate, &opened, &session, data);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_other_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
