/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* State dicts of PyTorch: what is read of them, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keras/keras.h"
#include "keras/write_h5.h"
#include "net/fold.h"
#include "net/mobilenet_v2.h"
#include "support/torch_files.h"
#include "torch/torch.h"

static test_state state;

/* ---- Reading ----------------------------------------------------------------------------------------- */

static mn_status read_bytes(const test_bytes *bytes, const mn_origin_options *options, mn_net *net, mn_origin *origin) {
    assert_true(mn_torch_is(bytes->data, bytes->count));
    return mn_torch_read(bytes->data, bytes->count, "test", options, net, origin);
}

static void expect_sentence(const char *sentence) {
    if (strstr(mn_error_detail(), sentence)) return;
    fail_msg("\"%s\" lacks \"%s\"", mn_error_detail(), sentence);
}

static void expect_refused(const test_bytes *bytes, const char *sentence) {
    mn_net net = {0};
    mn_origin origin;
    assert_int_not_equal(read_bytes(bytes, NULL, &net, &origin), MN_OK);
    expect_sentence(sentence);
}

/* The same of the state dict as it is now, which is freed. */
static void expect_state_refused(const char *sentence) {
    test_bytes bytes = {0};
    test_write_safetensors(&state, &bytes);
    test_state_free(&state);
    expect_refused(&bytes, sentence);
    free(bytes.data);
}

/* ---- What is read ------------------------------------------------------------------------------------ */

static const mn_layer *layer_of(const mn_net *net, const char *name) {
    int32_t index = mn_net_find(net, name);
    assert_true(index >= 0);
    return &net->layers[index];
}

/* Kernels come as [out][in][height][width] and leave as [height][width][in][out]. */
static void expect_kernel(const mn_layer *layer, const char *name) {
    const test_array *array = test_state_find(&state, name);
    int32_t out_c = array->dims[0], in_c = array->dims[1], size = array->rank == 4 ? array->dims[2] : 1;
    bool depthwise = layer->kind == MN_LAYER_DEPTHWISE;
    for (int32_t o = 0; o < out_c; o++) {
        for (int32_t i = 0; i < in_c; i++) {
            for (int32_t k = 0; k < size * size; k++) {
                float value = array->values[(o * in_c + i) * size * size + k];
                assert_true(layer->kernel[depthwise ? k * out_c + o : (k * in_c + i) * out_c + o] == value);
            }
        }
    }
}

static void expect_vector(const float *values, const char *name) {
    const test_array *array = test_state_find(&state, name);
    assert_memory_equal(values, array->values, array->count * sizeof *values);
}

static void test_torchvision(void **unused) {
    (void)unused;
    mn_net net = {0};
    mn_origin origin;
    test_bytes bytes = {0};
    test_state_make(&state, TEST_TORCHVISION, "");
    test_write_safetensors(&state, &bytes);
    assert_int_equal(read_bytes(&bytes, NULL, &net, &origin), MN_OK);
    free(bytes.data);
    assert_string_equal(origin.network, "MobileNetV2");
    assert_true(origin.assumed_size && origin.assumed_softmax && origin.assumed_pixels && origin.width == 0);
    assert_int_equal(net.layers[0].h, 224);
    assert_int_equal(net.layers[net.layer_count - 1].kind, MN_LAYER_SOFTMAX);
    expect_kernel(layer_of(&net, "Conv1"), "features.0.0.weight");
    expect_kernel(layer_of(&net, "expanded_conv_depthwise"), "features.1.conv.0.0.weight");
    expect_kernel(layer_of(&net, "block_1_expand"), "features.2.conv.0.0.weight");
    expect_kernel(layer_of(&net, "block_16_project"), "features.17.conv.2.weight");
    expect_kernel(layer_of(&net, "Conv_1"), "features.18.0.weight");
    expect_kernel(layer_of(&net, "predictions"), "classifier.1.weight");
    expect_vector(layer_of(&net, "predictions")->bias, "classifier.1.bias");
    const mn_layer *norm = layer_of(&net, "block_7_depthwise_BN");
    expect_vector(norm->gamma, "features.8.conv.1.1.weight");
    expect_vector(norm->beta, "features.8.conv.1.1.bias");
    expect_vector(norm->mean, "features.8.conv.1.1.running_mean");
    expect_vector(norm->variance, "features.8.conv.1.1.running_var");
    assert_true(norm->epsilon == 1e-5f);
    assert_true(net.meaning.normalised && net.meaning.mean[0] == 123.675f && net.meaning.deviation[2] == 57.375f);
    mn_net_free(&net);
    test_state_free(&state);
}

/* PyTorch pads on both sides where Keras pads behind: a PAD unless the size is odd, when both are the same. */
static void test_padding(void **unused) {
    (void)unused;
    test_bytes bytes = {0};
    test_state_make(&state, TEST_TORCHVISION, "");
    test_write_safetensors(&state, &bytes);
    for (int32_t size = 64; size <= 65; size++) {
        mn_net net = {0};
        mn_graph graph = {0};
        mn_origin origin;
        int32_t pads = 0;
        assert_int_equal(read_bytes(&bytes, &(mn_origin_options){.size = size}, &net, &origin), MN_OK);
        assert_int_equal(mn_net_fold(&net, &graph, NULL), MN_OK);
        for (int32_t i = 0; i < graph.op_count; i++) {
            if (graph.ops[i].kind != MN_OP_PAD) continue;
            pads++;
            assert_int_equal(graph.ops[i].attr.pad[1][0], 1);
            assert_int_equal(graph.ops[i].attr.pad[2][0], 1);
        }
        assert_int_equal(pads, size == 64 ? 5 : 0);
        assert_int_equal(net.layers[layer_of(&net, "Conv_1")->inputs[0]].h, size == 64 ? 2 : 3);
        mn_graph_free(&graph);
        mn_net_free(&net);
    }
    free(bytes.data);
    test_state_free(&state);
}

/* One network under the names of three libraries, and with what training wrappers put before names. */
static void test_other_names(void **unused) {
    (void)unused;
    const struct {
        test_names names;
        const char *prefix, *last;
    } cases[] = {{TEST_TORCHVISION, "module.", "module.features.17.conv.2.weight"},
                 {TEST_OLD_TORCHVISION, "", "features.17.conv.6.weight"},
                 {TEST_TIMM, "", "blocks.6.0.conv_pwl.weight"},
                 {TEST_TIMM, "_orig_mod.module.", "_orig_mod.module.blocks.6.0.conv_pwl.weight"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_net net = {0};
        mn_origin origin;
        test_bytes bytes = {0};
        test_state_make(&state, cases[i].names, cases[i].prefix);
        test_write_safetensors(&state, &bytes);
        mn_origin_options options = {.size = 32, .no_softmax = true};
        if (read_bytes(&bytes, &options, &net, &origin) != MN_OK) fail_msg("%zu: %s", i, mn_error_detail());
        expect_kernel(layer_of(&net, "block_16_project"), cases[i].last);
        assert_int_equal(net.layers[net.layer_count - 1].kind, MN_LAYER_DENSE);
        mn_net_free(&net);
        free(bytes.data);
        test_state_free(&state);
    }
}

static void test_without_classifier(void **unused) {
    (void)unused;
    mn_net net = {0};
    mn_origin origin;
    test_bytes bytes = {0};
    test_state_make(&state, TEST_TIMM, "");
    for (int i = 0; i < 2; i++) free(state.arrays[--state.count].values);
    test_write_safetensors(&state, &bytes);
    assert_int_equal(read_bytes(&bytes, NULL, &net, &origin), MN_OK);
    assert_false(origin.assumed_softmax);
    assert_string_equal(net.layers[net.layer_count - 1].name, "out_relu");
    mn_net_free(&net);
    free(bytes.data);
    test_state_free(&state);
}

static void read_state(mn_net *net, mn_origin *origin) {
    test_bytes bytes = {0};
    test_write_safetensors(&state, &bytes);
    if (read_bytes(&bytes, &(mn_origin_options){.size = 64}, net, origin) != MN_OK) fail_msg("%s", mn_error_detail());
    free(bytes.data);
}

static int32_t count_layers(const mn_net *net, mn_layer_kind kind) {
    int32_t count = 0;
    for (int32_t i = 0; i < net->layer_count; i++) count += net->layers[i].kind == kind;
    return count;
}

/* One MobileNetV3 small under two libraries' names: the same kernels, but another epsilon. */
static void test_v3(void **unused) {
    (void)unused;
    static mn_net nets[2];
    mn_origin origin;
    for (int i = 0; i < 2; i++) {
        test_state_make_v3(&state, i ? TEST_TIMM : TEST_TORCHVISION);
        read_state(&nets[i], &origin);
        test_state_free(&state);
        assert_string_equal(origin.network, "MobileNetV3 small");
        assert_non_null(origin.untrainable);
        assert_int_equal(count_layers(&nets[i], MN_LAYER_MULTIPLY), 9);
        assert_int_equal(count_layers(&nets[i], MN_LAYER_ADD), 7); /* all are of one width here */
        /* Stem, two in each of eight blocks, the last convolution, and the layer before the classifier. */
        assert_int_equal(count_layers(&nets[i], MN_LAYER_ACTIVATION), 19);
        assert_int_equal(count_layers(&nets[i], MN_LAYER_ZERO_PADDING), 5);
        const mn_layer *pool = layer_of(&nets[i], "global_pool");
        assert_int_equal(nets[i].layers[pool->inputs[0]].h, 2);
    }
    const mn_layer *a = nets[0].layers, *b = nets[1].layers;
    int32_t i = 0, k = 0, compared = 0;
    for (; i < nets[0].layer_count && k < nets[1].layer_count; i++, k++) {
        while (i < nets[0].layer_count && !a[i].kernel) i++;
        while (k < nets[1].layer_count && !b[k].kernel) k++;
        if (i == nets[0].layer_count || k == nets[1].layer_count) break;
        size_t count = mn_layer_kernel_count(&nets[0], &a[i]);
        assert_int_equal(count, mn_layer_kernel_count(&nets[1], &b[k]));
        assert_memory_equal(a[i].kernel, b[k].kernel, count * sizeof(float));
        compared++;
    }
    assert_int_equal(compared, 1 + 11 * 3 - 1 + 9 * 2 + 1 + 2);
    assert_true(layer_of(&nets[0], "features.0.1")->epsilon == 1e-3f && layer_of(&nets[1], "bn1")->epsilon == 1e-5f);
    mn_net_free(&nets[0]);
    mn_net_free(&nets[1]);
}

static void test_v1(void **unused) {
    (void)unused;
    mn_net net = {0};
    mn_origin origin;
    test_state_make_v1(&state);
    read_state(&net, &origin);
    assert_string_equal(origin.network, "MobileNet");
    assert_int_equal(count_layers(&net, MN_LAYER_ADD), 0);
    assert_int_equal(count_layers(&net, MN_LAYER_RELU), 27);
    assert_int_equal(net.layers[layer_of(&net, "global_pool")->inputs[0]].h, 2);
    assert_true(net.meaning.mean[0] == 127.5f);
    mn_net_free(&net);
    strcpy(test_state_find(&state, "blocks.3.5.conv_pw.weight")->name, "blocks.3.5.conv_px.weight");
    expect_state_refused("has no array 'blocks.3.5.conv_pw.weight', which a MobileNet of timm has");
}

/* Training writes what it learned into Keras' layout, with whose details it computes: those are read again. */
static void test_style_in_h5(void **unused) {
    (void)unused;
    for (int style = MN_V2_KERAS; style <= MN_V2_TORCH; style++) {
        mn_v2_spec spec;
        mn_net net = {0}, again = {0};
        mn_keras_info info;
        uint8_t *data = NULL;
        size_t bytes = 0;
        mn_v2_defaults(&spec);
        spec.width = 0.35;
        spec.style = (mn_v2_style)style;
        assert_int_equal(mn_v2_build(&spec, &net), MN_OK);
        assert_int_equal(mn_keras_write_h5(&net, &data, &bytes), MN_OK);
        if (mn_keras_read(data, bytes, "test", NULL, &again, &info) != MN_OK) fail_msg("%s", mn_error_detail());
        assert_int_equal(mn_v2_style_of(&again), style);
        assert_true(layer_of(&again, "Conv_1_bn")->epsilon == (style == MN_V2_TORCH ? 1e-5f : 1e-3f));
        mn_net_free(&again);
        mn_net_free(&net);
        free(data);
    }
}

/* ---- What is refused --------------------------------------------------------------------------------- */

static void test_wrong_arrays(void **unused) {
    (void)unused;
    test_state_make(&state, TEST_TORCHVISION, "");
    strcpy(test_state_find(&state, "features.5.conv.1.1.running_var")->name, "features.5.conv.1.1.running_vax");
    expect_state_refused("has no array 'features.5.conv.1.1.running_var'");
    test_state_make(&state, TEST_TORCHVISION, "");
    test_array *extra = test_state_find(&state, "features.5.conv.1.1.num_batches_tracked");
    extra->integer = false;
    strcpy(extra->name, "features.5.conv.4.weight");
    expect_state_refused("array 'features.5.conv.4.weight' has no place in a MobileNetV2 of torchvision");
    test_state_make(&state, TEST_TIMM, "");
    test_state_find(&state, "blocks.2.1.conv_dw.weight")->dims[2] = 9;
    test_state_find(&state, "blocks.2.1.conv_dw.weight")->dims[3] = 1;
    expect_state_refused("'blocks.2.1.conv_dw.weight' has shape 48x1x9x1, but in a MobileNetV2 of timm it is 48x1x3x3");
    test_state_make(&state, TEST_TORCHVISION, "");
    strcpy(test_state_find(&state, "features.0.1.bias")->name, "features.0.1.weight");
    expect_state_refused("two arrays called 'features.0.1.weight'");
    test_state_make(&state, TEST_TORCHVISION, "");
    test_state_find(&state, "features.3.conv.3.running_var")->values[2] = -1;
    expect_state_refused("block_2_project_BN (BatchNormalization): the variance of channel 2 is -1");
    test_state_make(&state, TEST_TORCHVISION, "");
    test_state_find(&state, "features.3.conv.3.bias")->integer = true;
    test_state_find(&state, "features.3.conv.3.bias")->rank = 0;
    expect_state_refused("'features.3.conv.3.bias' does not hold floats");
    test_state_make(&state, TEST_TORCHVISION, "");
    test_state_free(&state);
    expect_state_refused("are not those of a MobileNet of torchvision or timm");
}

/* A stem alone that claims to be wide: no memory is taken for what is not there. */
static void test_few_numbers(void **unused) {
    (void)unused;
    test_state_make(&state, TEST_TIMM, "");
    for (int32_t i = 0; i < state.count; i++) {
        test_array *array = &state.arrays[i];
        if (array->rank != 4) continue;
        array->values = realloc(array->values, 20000 * sizeof(float));
        assert_non_null(array->values);
        memset(array->values, 0, 20000 * sizeof(float));
        array->dims[0] = 20000;
        array->dims[1] = array->dims[2] = array->dims[3] = 1;
        array->count = 20000;
    }
    expect_state_refused("fewer than a MobileNetV2 with these channels has");
}

static void with_header(const char *header, size_t data, test_bytes *out) {
    static const uint8_t zeros[64];
    out->count = 0;
    test_bytes_number(out, strlen(header), 8);
    test_bytes_text(out, header);
    test_bytes_add(out, zeros, data);
}

static void test_damaged_safetensors(void **unused) {
    (void)unused;
    const struct {
        const char *header, *sentence;
    } cases[] = {
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}", "is not JSON"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,65]}}", "'a': its place is not within the file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]}}", "'a': its place is not within the file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[-16,0]}}", "'a': its place is not within"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0.5,16]}}", "'a': its place is not within"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,1e300]}}", "'a': its place is not within"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,8]}}",
         "more or fewer bytes than its shape needs"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0]}}", "'a': its place is not within the file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999],\"data_offsets\":[0,16]}}", "more than 6 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[65536,65536],\"data_offsets\":[0,16]}}", "more than 6 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}}", "more than 6 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", "more than 6 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}", "'a': dtype, shape or data_offsets are missing"},
        {"{\"a\":7}", "'a': dtype, shape or data_offsets are missing"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
         "\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[12,16]}}",
         "'b': it overlaps another array"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,32]}}",
         "two arrays called 'a'"},
        {"{}", "the names of its 0 arrays"},
    };
    test_bytes bytes = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        with_header(cases[i].header, 64, &bytes);
        expect_refused(&bytes, cases[i].sentence);
    }
    with_header(cases[2].header, 0, &bytes);
    bytes.data[0] = 200;
    expect_refused(&bytes, "cut short");
    free(bytes.data);
}

/* Cut anywhere, in a copy that ends where the file does, so that a sanitizer sees reads beyond it. */
static void test_cut_safetensors(void **unused) {
    (void)unused;
    test_bytes bytes = {0};
    test_state_make(&state, TEST_TORCHVISION, "");
    test_write_safetensors(&state, &bytes);
    test_state_free(&state);
    for (size_t length = 10; length < bytes.count; length += 1 + length / 9) {
        test_bytes cut = {0};
        test_bytes_add(&cut, bytes.data, length);
        expect_refused(&cut, "");
        free(cut.data);
    }
    free(bytes.data);
}

/* ---- Files for others -------------------------------------------------------------------------------- */

static void write_file(const char *folder, const char *name, test_bytes *bytes) {
    char path[512];
    snprintf(path, sizeof path, "%.400s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes->data, 1, bytes->count, file) != bytes->count || fclose(file) != 0) abort();
    bytes->count = 0;
}

/* The first few arrays alone, for the fuzzer. */
static void write_small(const char *folder) {
    test_bytes bytes = {0}, pickle = {0};
    test_state_make(&state, TEST_TORCHVISION, "");
    int32_t count = state.count;
    state.count = 7;
    test_write_safetensors(&state, &bytes);
    write_file(folder, "small.safetensors", &bytes);
    test_write_old_pth(&state, &bytes);
    write_file(folder, "small_old.pth", &bytes);
    test_write_pickle(&state, true, &pickle);
    test_write_pth(&state, &pickle, &bytes);
    write_file(folder, "small.pth", &bytes);
    write_file(folder, "small.pkl", &pickle);
    state.count = count;
    test_state_free(&state);
    free(bytes.data);
    free(pickle.data);
}

static int write_files(const char *folder) {
    test_bytes bytes = {0}, pickle = {0};
    test_state_make(&state, TEST_TORCHVISION, "");
    test_write_safetensors(&state, &bytes);
    write_file(folder, "torchvision.safetensors", &bytes);
    test_write_pickle(&state, true, &pickle);
    test_write_pth(&state, &pickle, &bytes);
    write_file(folder, "checkpoint.pth", &bytes);
    test_write_old_pth(&state, &bytes);
    write_file(folder, "old.pth", &bytes);
    test_state_free(&state);
    test_state_make(&state, TEST_TIMM, "module.");
    test_write_safetensors(&state, &bytes);
    write_file(folder, "timm.bin", &bytes);
    test_state_free(&state);
    write_small(folder);
    free(bytes.data);
    free(pickle.data);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torchvision),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_other_names),
        cmocka_unit_test(test_without_classifier),
        cmocka_unit_test(test_v3),
        cmocka_unit_test(test_v1),
        cmocka_unit_test(test_style_in_h5),
        cmocka_unit_test(test_wrong_arrays),
        cmocka_unit_test(test_few_numbers),
        cmocka_unit_test(test_damaged_safetensors),
        cmocka_unit_test(test_cut_safetensors),
    };
    if (argc == 2) return write_files(argv[1]);
    return cmocka_run_group_tests_name("torch files", tests, NULL, NULL);
}
