/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What torch.save() writes, and hostile pickles: nothing is ever called, and little memory taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/torch_files.h"
#include "torch/pickle.h"
#include "torch/torch.h"

static test_state state;

static void expect_sentence(const char *sentence) {
    if (strstr(mn_error_detail(), sentence)) return;
    fail_msg("\"%s\" lacks \"%s\"", mn_error_detail(), sentence);
}

static void read_file(const test_bytes *bytes, mn_net *net, mn_origin *origin) {
    assert_true(mn_torch_is(bytes->data, bytes->count));
    if (mn_torch_read(bytes->data, bytes->count, "test", &(mn_origin_options){.size = 32}, net, origin) != MN_OK) {
        fail_msg("%s", mn_error_detail());
    }
}

static void expect_file_refused(const test_bytes *bytes, const char *sentence) {
    mn_net net = {0};
    mn_origin origin;
    assert_int_not_equal(mn_torch_read(bytes->data, bytes->count, "test", NULL, &net, &origin), MN_OK);
    expect_sentence(sentence);
}

/* ---- Files ------------------------------------------------------------------------------------------- */

static void expect_weights(const mn_net *net) {
    const mn_layer *norm = &net->layers[mn_net_find(net, "block_16_project_BN")];
    const test_array *mean = test_state_find(&state, "features.17.conv.3.running_mean");
    const test_array *bias = test_state_find(&state, "classifier.1.bias");
    assert_memory_equal(norm->mean, mean->values, mean->count * sizeof(float));
    assert_memory_equal(net->layers[mn_net_find(net, "predictions")].bias, bias->values, bias->count * sizeof(float));
}

static void test_files(void **unused) {
    (void)unused;
    test_state_make(&state, TEST_TORCHVISION, "");
    for (int kind = 0; kind < 3; kind++) {
        static const char *const formats[] = {"PyTorch weights", "PyTorch weights", "PyTorch weights of before 1.6"};
        mn_net net = {0};
        mn_origin origin;
        test_bytes pickle = {0}, file = {0};
        test_write_pickle(&state, kind == 1, &pickle);
        if (kind < 2) test_write_pth(&state, &pickle, &file);
        if (kind == 2) test_write_old_pth(&state, &file);
        read_file(&file, &net, &origin);
        assert_string_equal(origin.format, formats[kind]);
        expect_weights(&net);
        mn_net_free(&net);
        free(pickle.data);
        free(file.data);
    }
    test_state_free(&state);
}

static void test_cut_files(void **unused) {
    (void)unused;
    test_state_make(&state, TEST_TORCHVISION, "");
    for (int kind = 0; kind < 2; kind++) {
        test_bytes pickle = {0}, file = {0};
        test_write_pickle(&state, false, &pickle);
        if (kind == 0) test_write_pth(&state, &pickle, &file);
        if (kind == 1) test_write_old_pth(&state, &file);
        for (size_t length = 20; length < file.count; length += 1 + length / 9) {
            test_bytes cut = {0};
            test_bytes_add(&cut, file.data, length);
            expect_file_refused(&cut, "test: ");
            free(cut.data);
        }
        free(pickle.data);
        free(file.data);
    }
    test_state_free(&state);
}

/* A storage of another length than the pickle says, and one that is not there. */
static void test_wrong_storages(void **unused) {
    (void)unused;
    test_bytes pickle = {0}, file = {0};
    test_state_make(&state, TEST_TORCHVISION, "");
    test_write_pickle(&state, false, &pickle);
    state.arrays[7].count--;
    test_write_pth(&state, &pickle, &file);
    expect_file_refused(&file, "storage '7' in it is missing, packed or of another length");
    file.count = 0;
    state.arrays[7].count++;
    free(state.arrays[--state.count].values);
    test_write_pth(&state, &pickle, &file);
    expect_file_refused(&file, "in it is missing");
    /* One bit of a storage: the archive's checksum does not fit. */
    file.count = 0;
    pickle.count = 0;
    test_write_pickle(&state, false, &pickle);
    test_write_pth(&state, &pickle, &file);
    file.data[file.count / 2] ^= 1;
    expect_file_refused(&file, "test: ");
    free(pickle.data);
    free(file.data);
    test_state_free(&state);
}

/* ---- Hostile pickles --------------------------------------------------------------------------------- */

static void expect_refused(const char *pickle, size_t bytes, const char *sentence) {
    mn_pickle read;
    uint8_t *copy = malloc(bytes); /* ends where the pickle does, for sanitizers */
    assert_non_null(copy);
    memcpy(copy, pickle, bytes);
    if (mn_pickle_read(copy, bytes, "test", &read) == MN_OK) fail_msg("not refused: %s", sentence);
    expect_sentence(sentence);
    mn_pickle_free(&read);
    free(copy);
}

#define EXPECT_REFUSED(pickle, sentence) expect_refused(pickle, sizeof(pickle) - 1, sentence)
#define STORAGE "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0007X\3\0\0\0cpuK\x09tQ"
#define TENSOR "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE

static void test_hostile(void **unused) {
    (void)unused;
    EXPECT_REFUSED("\x80\2cos\nsystem\n(X\x06\0\0\0rm -rftR.", "names 'os.system'");
    expect_sentence("nothing was run");
    EXPECT_REFUSED("\x80\4\x8c\x08"
                   "builtins\x8c\4eval\x93.",
                   "names 'builtins.eval'");
    EXPECT_REFUSED("c__torch__.a\nB\n.", "TorchScript");
    EXPECT_REFUSED("ios\nsystem\n.", "instruction 0x69");    /* INST */
    EXPECT_REFUSED("(cos\nsystem\no.", "names 'os.system'"); /* OBJ */
    EXPECT_REFUSED("\x82\1.", "instruction 0x82");           /* EXT1 */
    EXPECT_REFUSED("P1\n.", "instruction 0x50");             /* PERSID */
    EXPECT_REFUSED("ctorch\nFloatStorage\n)R.", "calls a function with other arguments");
    EXPECT_REFUSED("ccollections\nOrderedDict\n(K\1tR.", "calls a function with other arguments");
    EXPECT_REFUSED("K\1)R.", "calls something that is not a function");
    EXPECT_REFUSED("ccollections\nOrderedDict\nK\1R.", "calls something that is not a function");
    EXPECT_REFUSED("K\1}b.", "gives a state to what has none");
    EXPECT_REFUSED("K\1Q.", "refers to something that is not a storage");
    EXPECT_REFUSED("(X\7\0\0\0storageK\1X\1\0\0\0007X\3\0\0\0cpuK\x09tQ.",
                   "a storage's type, name or length is invalid");
    EXPECT_REFUSED("", "cut short");
    EXPECT_REFUSED("X\xff\xff\xff\xff"
                   "abc.",
                   "cut short");
    EXPECT_REFUSED("\x8a\xff"
                   "abc.",
                   "cut short");
    EXPECT_REFUSED("ctorch", "cut short");
    EXPECT_REFUSED(".", "a value is missing");
    EXPECT_REFUSED("(.", "a value is missing");
    EXPECT_REFUSED("\x87.", "a value is missing");
    EXPECT_REFUSED("t.", "a mark is missing");
    EXPECT_REFUSED("u.", "a mark is missing");
    EXPECT_REFUSED("s.", "fills something that is not a container");
    EXPECT_REFUSED("](K\1(e.", "fills something that is not a container");
    EXPECT_REFUSED("}(K\1u.", "fills something that is not a container");
    EXPECT_REFUSED("](K\1K\2u.", "fills something that is not a container");
    EXPECT_REFUSED("h\0.", "what it never remembered");
    EXPECT_REFUSED("K\1q\5h\4.", "what it never remembered");
    EXPECT_REFUSED("K\1r\xff\xff\xff\xff.", "remembers too much");
    EXPECT_REFUSED("K\1K\2\x93.", "a name is not text");
}

static void test_hostile_tensors(void **unused) {
    (void)unused;
    EXPECT_REFUSED(TENSOR "tR.", "lacks its storage or its shape");
    EXPECT_REFUSED(TENSOR "K\0(K\x0at(K\1ttR.", "reaches beyond its storage");
    EXPECT_REFUSED(TENSOR "K\1(K\x09t(K\1ttR.", "reaches beyond its storage");
    EXPECT_REFUSED(TENSOR "J\xff\xff\xff\xff(K\x09t(K\1ttR.", "place or shape is invalid");
    EXPECT_REFUSED(TENSOR "K\0(K\3K\3t(K\1K\1ttR.", "reaches beyond its storage"); /* rows that overlap */
    EXPECT_REFUSED(TENSOR "K\0(K\xfft(K\0ttR.", "reaches beyond its storage");     /* one element 255 times */
    EXPECT_REFUSED(TENSOR "K\0(\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7ft(K\1ttR.", "place or shape is invalid");
    EXPECT_REFUSED(TENSOR "K\0(K\2K\2t(\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\1ttR.", "reaches beyond its storage");
    EXPECT_REFUSED(TENSOR "K\0(K\x09t)tR.", "place or shape is invalid");
    EXPECT_REFUSED(TENSOR "K\0(J\xff\xff\xff\xfft(K\1ttR.", "place or shape is invalid");
    EXPECT_REFUSED(TENSOR "K\0(K\1K\1K\1K\1K\1K\1K\1t(K\1K\1K\1K\1K\1K\1K\1ttR.", "place or shape is invalid");
}

/* Containers in themselves, and tuples of tuples that double 64 times: neither takes time or memory. */
static void test_bombs(void **unused) {
    (void)unused;
    mn_pickle read;
    static const char cycle[] = "}q\0X\1\0\0\0ah\0s.", list[] = "]q\0h\0a.";
    assert_int_equal(mn_pickle_read((const uint8_t *)cycle, sizeof cycle - 1, "test", &read), MN_OK);
    assert_ptr_equal(mn_pickle_get(&read, &read.values[read.root], "a"), &read.values[read.root]);
    assert_int_equal(read.bytes, sizeof cycle - 1);
    mn_pickle_free(&read);
    assert_int_equal(mn_pickle_read((const uint8_t *)list, sizeof list - 1, "test", &read), MN_OK);
    mn_pickle_free(&read);
    test_bytes bomb = {0};
    test_bytes_text(&bomb, ")");
    for (uint8_t i = 0; i < 64; i++) {
        const uint8_t code[] = {'q', i, 'h', i, 0x86};
        test_bytes_add(&bomb, code, sizeof code);
    }
    test_bytes_text(&bomb, ".");
    assert_int_equal(mn_pickle_read(bomb.data, bomb.count, "test", &read), MN_OK);
    mn_pickle_free(&read);
    /* A million values, one more than there may be. */
    bomb.count = 0;
    for (int i = 0; i < (1 << 20) + 1; i++) test_bytes_text(&bomb, "K1");
    test_bytes_text(&bomb, ".");
    assert_int_equal(mn_pickle_read(bomb.data, bomb.count, "test", &read), MN_ERROR_LIMIT);
    expect_sentence("more than 1048576 values");
    mn_pickle_free(&read);
    free(bomb.data);
}

/* A state dict that holds itself, and a checkpoint without one. */
static void test_no_state_dict(void **unused) {
    (void)unused;
    const char *const pickles[] = {"K1.", "}.", "]."};
    static const char cycle[] = "}q\0X\5\0\0\0modelh\0s.";
    for (size_t i = 0; i < 4; i++) {
        test_bytes file = {0};
        test_member member = {"x/data.pkl", cycle, sizeof cycle - 1};
        if (i < 3) member.data = pickles[i], member.bytes = strlen(pickles[i]);
        test_write_zip(&member, 1, &file);
        expect_file_refused(&file, "holds no state dict");
        free(file.data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),           cmocka_unit_test(test_cut_files), cmocka_unit_test(test_wrong_storages),
        cmocka_unit_test(test_hostile),         cmocka_unit_test(test_bombs),     cmocka_unit_test(test_no_state_dict),
        cmocka_unit_test(test_hostile_tensors),
    };
    return cmocka_run_group_tests_name("torch pickles", tests, NULL, NULL);
}
