/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Files as Keras writes them, made here with the HDF5 library: both layouts come back weight by weight, and what is
 * wrong with a file is said in one sentence. Run with a folder as argument it writes small files there instead: ones
 * that the tests of the command convert, and that fuzz/corpus/keras began with. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <hdf5.h>
#include <zip.h>

#include "keras/keras.h"
#include "net/random.h"
#include "net/statistics.h"
#include "support/rounds.h"

static char path[512]; /* of the file of the running test */

/* ---- Writing HDF5 ------------------------------------------------------------------------------------ */

/* What is wrong with the file. */
typedef enum fault_kind {
    NONE,
    MISSING_ARRAY,
    MISSING_GROUP,
    INTEGERS,
    WRONG_SHAPE,
    RANK_5,
    EMPTY,
    NO_STORAGE,
    EXTERNAL,
    PLUGIN_FILTER,
    NOT_FINITE,
    NEGATIVE_VARIANCE,
    ZERO_VARIANCE,
    NO_BIAS,
    EXTRA_ARRAY,
    NAMES_AS_NUMBERS,
    NO_WEIGHT_NAMES,
    DOUBLES,
    GZIP,
    SPLIT_LISTS,
    NO_CONFIG,
} fault_kind;

typedef struct saving {
    hid_t file, root;
    const mn_net *net;
    fault_kind fault;
    const char *target; /* the array "layer/role" with the fault */
    const char *config; /* JSON; NULL for bare weights */
    int layers;
    char names[256][48];
} saving;

static hid_t make_group(hid_t parent, const char *name) {
    hid_t groups = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(groups, 1);
    hid_t group = H5Gcreate2(parent, name, groups, H5P_DEFAULT, H5P_DEFAULT);
    H5Pclose(groups);
    return group;
}

static void write_names(hid_t object, const char *attribute, const char (*names)[48], int count) {
    hsize_t size = (hsize_t)count;
    hid_t space = H5Screate_simple(1, &size, NULL), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 48);
    hid_t id = H5Acreate2(object, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (count > 0) H5Awrite(id, type, names);
    H5Aclose(id);
    H5Tclose(type);
    H5Sclose(space);
}

static void write_text(hid_t object, const char *attribute, const char *text) {
    hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    hid_t id = H5Acreate2(object, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(id, type, &text);
    H5Aclose(id);
    H5Tclose(type);
    H5Sclose(space);
}

static void write_array(const saving *s, hid_t group, const char *name, int rank, const int32_t *dims,
                        const float *values, fault_kind fault) {
    hsize_t size[5] = {1, 1, 1, 1, 1};
    for (int i = 0; i < rank; i++) size[i] = (hsize_t)dims[i];
    if (fault == WRONG_SHAPE) size[rank - 1]--;
    if (fault == EMPTY) size[0] = 0;
    if (fault == RANK_5) rank = 5;
    hid_t space = H5Screate_simple(rank, size, NULL), plan = H5Pcreate(H5P_DATASET_CREATE);
    hid_t type = H5T_IEEE_F32LE;
    if (fault == INTEGERS) type = H5T_STD_I32BE;
    if (s->fault == DOUBLES) type = H5T_IEEE_F64BE;
    if (s->fault == GZIP) H5Pset_chunk(plan, rank, size), H5Pset_shuffle(plan), H5Pset_deflate(plan, 4);
    if (fault == PLUGIN_FILTER) {
        H5Pset_chunk(plan, rank, size);
        H5Pset_filter(plan, 32001, H5Z_FLAG_OPTIONAL, 0, NULL);
    }
    if (fault == EXTERNAL) H5Pset_external(plan, "/etc/passwd", 0, H5F_UNLIMITED);
    hid_t id = H5Dcreate2(group, name, type, space, H5P_DEFAULT, plan, H5P_DEFAULT);
    if (fault != NO_STORAGE && fault != EXTERNAL && fault != EMPTY) {
        H5Dwrite(id, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    }
    H5Dclose(id);
    H5Pclose(plan);
    H5Sclose(space);
}

/* One array of a layer, in the group of its layer. */
static void save_array(const saving *s, hid_t group, const char *name, const char *layer, const char *role, int rank,
                       const int32_t *dims, const float *values) {
    char full[96];
    float *changed = NULL;
    snprintf(full, sizeof full, "%s/%s", layer, role);
    bool here = s->target && strcmp(full, s->target) == 0;
    fault_kind fault = here ? s->fault : NONE;
    if (fault == MISSING_ARRAY || fault == NO_BIAS) return;
    if (fault == NOT_FINITE || fault == NEGATIVE_VARIANCE || fault == ZERO_VARIANCE) {
        size_t count = 1;
        for (int i = 0; i < rank; i++) count *= (size_t)dims[i];
        changed = malloc(count * sizeof *changed);
        if (!changed) return;
        memcpy(changed, values, count * sizeof *changed);
        changed[count - 1] = fault == NOT_FINITE ? NAN : fault == NEGATIVE_VARIANCE ? -0.5F : 0;
    }
    write_array(s, group, name, rank, dims, changed ? changed : values, fault);
    free(changed);
}

/* All arrays of a layer: in Keras 3's layout called 0, 1, and so on. */
static int save_layer(saving *s, hid_t group, const mn_layer *layer, bool v3, char (*names)[48]) {
    const struct {
        const char *role, *name;
        const float *values;
        int rank;
    } arrays[] = {
        {"kernel", layer->kind == MN_LAYER_DEPTHWISE ? "depthwise_kernel" : "kernel", layer->kernel,
         layer->kind == MN_LAYER_DENSE ? 2 : 4},
        {"bias", "bias", layer->bias, 1},
        {"gamma", "gamma", layer->gamma, 1},
        {"beta", "beta", layer->beta, 1},
        {"mean", "moving_mean", layer->mean, 1},
        {"variance", "moving_variance", layer->variance, 1},
    };
    int count = 0;
    int32_t in = s->net->layers[layer->inputs[0]].c, one = layer->c;
    int32_t kernel[4] = {layer->k_h, layer->k_w, in, layer->kind == MN_LAYER_CONV ? layer->units : 1};
    int32_t dense[2] = {in, layer->units};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        if (!arrays[i].values) continue;
        const int32_t *dims = arrays[i].rank == 4 ? kernel : arrays[i].rank == 2 ? dense : &one;
        bool numbered = v3 || s->fault == NAMES_AS_NUMBERS;
        if (numbered) {
            snprintf(names[count], 48, "%d", count);
        } else {
            snprintf(names[count], 48, "%s/%s:0", layer->name, arrays[i].name);
        }
        if (s->fault == NO_BIAS && i == 1) continue;
        save_array(s, group, names[count++], layer->name, arrays[i].role, arrays[i].rank, dims, arrays[i].values);
    }
    return count;
}

static void save_v2_layer(saving *s, const mn_layer *layer) {
    char names[8][48];
    snprintf(s->names[s->layers++], 48, "%s", layer->name);
    if (s->fault == MISSING_GROUP && strcmp(s->target, layer->name) == 0) return;
    hid_t group = make_group(s->root, layer->name), inner = -1;
    if (s->fault != NAMES_AS_NUMBERS && (layer->kernel || layer->gamma)) inner = make_group(group, layer->name);
    int count = layer->kernel || layer->gamma ? save_layer(s, group, layer, false, names) : 0;
    if (s->fault == EXTRA_ARRAY && strcmp(s->target, layer->name) == 0) {
        snprintf(names[count], 48, "%s/gamma:0", layer->name);
        write_array(s, group, names[count++], 1, &layer->c, layer->kernel, NONE);
    }
    if (s->fault != NO_WEIGHT_NAMES) write_names(group, "weight_names", (const char(*)[48])names, count);
    if (inner >= 0) H5Gclose(inner);
    H5Gclose(group);
}

static void save_v2(saving *s) {
    s->root = s->config ? make_group(s->file, "model_weights") : H5Gopen2(s->file, "/", H5P_DEFAULT);
    for (int32_t i = 1; i < s->net->layer_count; i++) save_v2_layer(s, &s->net->layers[i]);
    if (s->fault == SPLIT_LISTS) {
        char name[32];
        for (int i = 0; i < s->layers; i += 3) {
            snprintf(name, sizeof name, "layer_names%d", i / 3);
            write_names(s->root, name, (const char(*)[48])s->names + i, s->layers - i < 3 ? s->layers - i : 3);
        }
    } else {
        write_names(s->root, "layer_names", (const char(*)[48])s->names, s->layers);
    }
    H5Gclose(s->root);
    if (s->config) write_text(s->file, "model_config", s->config);
}

static void save_v3(saving *s) {
    static const char *const classes[MN_LAYER_KIND_COUNT] = {[MN_LAYER_CONV] = "conv2d",
                                                             [MN_LAYER_DEPTHWISE] = "depthwise_conv2d",
                                                             [MN_LAYER_BATCH_NORM] = "batch_normalization",
                                                             [MN_LAYER_DENSE] = "dense"};
    int seen[MN_LAYER_KIND_COUNT] = {0};
    for (int32_t i = 1; i < s->net->layer_count; i++) {
        const mn_layer *layer = &s->net->layers[i];
        char place[80], names[8][48];
        if (!classes[layer->kind]) continue;
        int number = seen[layer->kind]++;
        snprintf(place, sizeof place, number ? "layers/%s_%d/vars" : "layers/%s/vars", classes[layer->kind], number);
        hid_t group = make_group(s->file, place);
        write_text(group, "name", layer->name);
        save_layer(s, group, layer, true, names);
        H5Gclose(group);
    }
}

static void save(const mn_net *net, const char *config, bool v3, fault_kind fault, const char *target) {
    static saving s;
    s = (saving){.net = net, .config = config, .fault = fault, .target = target};
    s.file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(s.file >= 0);
    if (v3) {
        save_v3(&s);
    } else {
        save_v2(&s);
    }
    H5Fclose(s.file);
}

/* ---- Networks ---------------------------------------------------------------------------------------- */

static const char small_config[] =
    "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"small\",\"layers\":["
    "{\"class_name\":\"InputLayer\",\"config\":{\"name\":\"in\",\"batch_shape\":[null,8,8,3]}},"
    "{\"class_name\":\"Conv2D\",\"config\":{\"name\":\"conv\",\"filters\":4,\"kernel_size\":[3,3],\"strides\":[2,2],"
    "\"padding\":\"same\",\"use_bias\":false}},"
    "{\"class_name\":\"BatchNormalization\",\"config\":{\"name\":\"bn\",\"axis\":[3],\"epsilon\":0.001}},"
    "{\"class_name\":\"ReLU\",\"config\":{\"name\":\"relu\",\"max_value\":6.0}},"
    "{\"class_name\":\"DepthwiseConv2D\",\"config\":{\"name\":\"dw\",\"kernel_size\":[3,3],\"padding\":\"valid\"}},"
    "{\"class_name\":\"GlobalAveragePooling2D\",\"config\":{\"name\":\"pool\"}},"
    "{\"class_name\":\"Dense\",\"config\":{\"name\":\"dense\",\"units\":2,\"activation\":\"softmax\"}}]}}";

/* The network of small_config. */
static void build_small(mn_net *net) {
    const mn_layer layers[] = {
        {.name = "in", .kind = MN_LAYER_INPUT, .h = 8, .w = 8, .c = 3},
        {.name = "conv", .kind = MN_LAYER_CONV, .k_h = 3, .k_w = 3, .stride = 2, .padding = MN_PAD_SAME, .units = 4},
        {.name = "bn", .kind = MN_LAYER_BATCH_NORM, .epsilon = 0.001F},
        {.name = "relu", .kind = MN_LAYER_RELU, .max_value = 6},
        {.name = "dw", .kind = MN_LAYER_DEPTHWISE, .k_h = 3, .k_w = 3, .stride = 1, .padding = MN_PAD_VALID},
        {.name = "pool", .kind = MN_LAYER_GLOBAL_POOL},
        {.name = "dense", .kind = MN_LAYER_DENSE, .units = 2},
        {.name = "dense_activation", .kind = MN_LAYER_SOFTMAX},
    };
    *net = (mn_net){.name = "small"};
    for (int32_t i = 0; i < (int32_t)(sizeof layers / sizeof layers[0]); i++) {
        mn_layer layer = layers[i];
        layer.inputs[0] = i - 1;
        assert_int_equal(mn_net_add(net, &layer, i >= 4, NULL), MN_OK);
    }
    mn_net_randomise(net, 5);
    assert_int_equal(mn_net_randomise_norms(net, 5), MN_OK);
}

static void build(mn_net *net, int32_t family, double width, int32_t classes, bool dense) {
    mn_net_spec spec = {
        .width = width, .height = 32, .width_px = 32, .classes = classes, .softmax = true, .dense = dense};
    assert_int_equal(mn_net_families[family].build(&spec, net), MN_OK);
    mn_net_randomise(net, 7);
    assert_int_equal(mn_net_randomise_norms(net, 7), MN_OK);
}

static void expect_same(const float *a, const float *b, size_t count) {
    assert_int_equal(a != NULL, b != NULL);
    if (a) assert_memory_equal(a, b, count * sizeof *a);
}

static void expect_same_net(const mn_net *a, const mn_net *b) {
    assert_int_equal(a->layer_count, b->layer_count);
    for (int32_t i = 0; i < a->layer_count; i++) {
        const mn_layer *p = &a->layers[i], *q = &b->layers[i];
        size_t channels = (size_t)p->c;
        assert_int_equal(p->kind, q->kind);
        assert_int_equal(p->h, q->h);
        assert_int_equal(p->c, q->c);
        expect_same(p->kernel, q->kernel, mn_layer_kernel_count(a, p));
        expect_same(p->bias, q->bias, channels);
        const float *const of_p[] = {p->gamma, p->beta, p->mean, p->variance};
        const float *const of_q[] = {q->gamma, q->beta, q->mean, q->variance};
        for (int32_t k = 0; k < 4; k++) expect_same(of_p[k], of_q[k], channels);
    }
}

static void expect_opens_as(const mn_net *wanted, const mn_keras_options *options, mn_keras_info *info) {
    mn_net net;
    if (mn_keras_open(path, options, &net, info) != MN_OK) fail_msg("%s", mn_error_detail());
    expect_same_net(wanted, &net);
    mn_net_free(&net);
}

static void expect_refused(const char *says) {
    mn_net net;
    mn_keras_info info;
    mn_status status = mn_keras_open(path, NULL, &net, &info);
    if (status == MN_OK) mn_net_free(&net);
    if (status == MN_OK || !strstr(mn_error_detail(), says) || !strstr(mn_error_detail(), path)) {
        fail_msg("\"%s\" is not \"...%s...\"", status == MN_OK ? "success" : mn_error_detail(), says);
    }
}

/* ---- What is read ------------------------------------------------------------------------------------ */

static void test_whole_model(void **state) {
    (void)state;
    static const fault_kind harmless[] = {NONE, DOUBLES, GZIP, SPLIT_LISTS, NAMES_AS_NUMBERS};
    mn_net net;
    mn_keras_info info;
    build_small(&net);
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        save(&net, small_config, false, harmless[i], NULL);
        expect_opens_as(&net, NULL, &info);
        assert_float_equal((float)info.width, 0, 0);
    }
    mn_net_free(&net);
}

/* Bare weights of every family: without a top, with a dense one and their own, which may have no names to go by; and of
 * several widths. A single class gets a sigmoid. */
static void test_bare_weights(void **state) {
    (void)state;
    static const double widths[] = {0.35, 0.25, 0.5, 0.1};
    mn_keras_options options = {.size = 32};
    for (int32_t f = 0; f < MN_NET_FAMILIES; f++) {
        for (int32_t form = 0; form < 4; form++) {
            mn_net net;
            mn_keras_info info;
            double width = f < 2 || form == 1 ? widths[form] : 0.25;
            build(&net, f, width, form == 0 ? 0 : form == 1 ? 1 : 5, form >= 2 || f == MN_FAMILY_V2);
            save(&net, NULL, form % 3 == 0, form == 2 ? NAMES_AS_NUMBERS : NONE, NULL);
            expect_opens_as(&net, &options, &info);
            assert_int_equal(info.family, f);
            assert_true(info.width <= width && info.assumed_size);
            assert_int_equal(info.assumed_softmax, form > 0);
            if (form == 1) assert_int_equal(net.layers[net.layer_count - 1].function, MN_FUNCTION_SIGMOID);
            mn_net_free(&net);
        }
    }
}

static void test_scores(void **state) {
    (void)state;
    mn_keras_options options = {.size = 40, .no_softmax = true};
    mn_net net, read;
    mn_keras_info info;
    build(&net, MN_FAMILY_V2, 0.1, 2, true);
    save(&net, NULL, false, NONE, NULL);
    assert_int_equal(mn_keras_open(path, &options, &read, &info), MN_OK);
    assert_int_equal(read.layers[0].h, 40);
    assert_int_equal(read.layers[read.layer_count - 1].kind, MN_LAYER_DENSE);
    mn_net_free(&read);
    mn_net_free(&net);
}

/* No bias is as good as zeros; a channel that never varied is fine. */
static void test_harmless_oddities(void **state) {
    (void)state;
    mn_keras_options options = {.size = 32};
    mn_net net, read;
    mn_keras_info info;
    build(&net, MN_FAMILY_V2, 0.1, 2, true);
    save(&net, NULL, false, NO_BIAS, "predictions/bias");
    assert_int_equal(mn_keras_open(path, &options, &read, &info), MN_OK);
    mn_net_free(&read);
    save(&net, NULL, false, ZERO_VARIANCE, "bn_Conv1/variance");
    assert_int_equal(mn_keras_open(path, &options, &read, &info), MN_OK);
    mn_net_free(&read);
    mn_net_free(&net);
}

/* ---- What is refused --------------------------------------------------------------------------------- */

static void test_faults(void **state) {
    (void)state;
    static const struct {
        fault_kind fault;
        const char *target, *says;
    } cases[] = {
        {MISSING_ARRAY, "conv/kernel", "the array '/model_weights/conv/conv/kernel:0' is missing"},
        {MISSING_GROUP, "conv", "layer 'conv' has no list of weights"},
        {NO_WEIGHT_NAMES, NULL, "layer 'conv' has no list of weights"},
        {INTEGERS, "dw/kernel", "layer 'dw' (DepthwiseConv2D): the kernel holds integers, floats were expected"},
        {WRONG_SHAPE, "conv/kernel", "layer 'conv' (Conv2D): the kernel has shape 3x3x3x3, 3x3x3x4 was expected"},
        {WRONG_SHAPE, "bn/gamma", "layer 'bn' (BatchNormalization): gamma has shape 3, 4 was expected"},
        {RANK_5, "conv/kernel", "has 5 dimensions"},
        {EMPTY, "dense/bias", "is empty"},
        {NO_STORAGE, "dense/kernel", "has a shape but no contents"},
        {EXTERNAL, "dense/kernel", "lies in another file"},
        {PLUGIN_FILTER, "dense/kernel", "filter 32001 of a plugin"},
        {NOT_FINITE, "dense/kernel", "layer dense (Dense): kernel value 7 of 8 is nan"},
        {NEGATIVE_VARIANCE, "bn/variance", "the variance of channel 3 is -0.5"},
        {NO_BIAS, "dense/bias", "(DepthwiseConv2D): the bias is missing"},
        {EXTRA_ARRAY, "conv", "layer 'conv' (Conv2D): the file has 2 arrays for it, 1 were expected"},
        {NO_CONFIG, NULL,
         "these weights, 1 convolutions, 1 depthwise ones and 1 batch norms, are not those of a MobileNet"},
    };
    mn_net net;
    build_small(&net);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        save(&net, cases[i].fault == NO_CONFIG ? NULL : small_config, false, cases[i].fault, cases[i].target);
        expect_refused(cases[i].says);
    }
    mn_net_free(&net);
}

/* Options that contradict a whole model. */
static void test_wrong_options(void **state) {
    (void)state;
    mn_net net, read;
    mn_keras_info info;
    build_small(&net);
    save(&net, small_config, false, NONE, NULL);
    assert_int_equal(mn_keras_open(path, &(mn_keras_options){.size = 9}, &read, &info), MN_ERROR_ARGUMENT);
    assert_int_equal(mn_keras_open(path, &(mn_keras_options){.no_softmax = true}, &read, &info), MN_ERROR_ARGUMENT);
    mn_net_free(&net);
}

static uint8_t *read_file(size_t *bytes) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *data = malloc(1 << 20);
    assert_non_null(data);
    *bytes = fread(data, 1, 1 << 20, file);
    fclose(file);
    return data;
}

static void write_file(const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}

static void expect_refused_cut(const uint8_t *data, size_t bytes) {
    const size_t step = tests_run_long() ? 1 : 3;
    for (size_t i = 0; i < 40; i += step) {
        size_t cut = i < 10 ? i + 1 : bytes * i / 40;
        write_file(data, cut);
        expect_refused("");
    }
}

static void test_cut_hdf5(void **state) {
    (void)state;
    mn_net net;
    size_t bytes;
    build_small(&net);
    save(&net, small_config, false, NONE, NULL);
    uint8_t *data = read_file(&bytes);
    expect_refused_cut(data, bytes);
    free(data);
    mn_net_free(&net);
}

static void test_other_files(void **state) {
    (void)state;
    write_file("a text", 6);
    expect_refused("is a text; give the model");
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    expect_refused("holds no weights saved by Keras");
    unlink(path);
    expect_refused("");
}

/* ---- Archives ---------------------------------------------------------------------------------------- */

static void add_member(zip_t *zip, const char *name, const void *data, size_t bytes) {
    zip_source_t *source = zip_source_buffer(zip, data, bytes, 0);
    assert_true(zip_file_add(zip, name, source, 0) >= 0);
}

/* A .keras file of what is in `weights`; NULL leaves a member out. */
static void save_archive(const char *config, size_t config_bytes, const void *weights, size_t bytes) {
    int error = 0;
    unlink(path);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    add_member(zip, "metadata.json", "{}", 2);
    if (config) add_member(zip, "config.json", config, config_bytes);
    if (weights) add_member(zip, "model.weights.h5", weights, bytes);
    assert_int_equal(zip_close(zip), 0);
}

static void test_archive(void **state) {
    (void)state;
    mn_net net;
    mn_keras_info info;
    size_t bytes;
    build_small(&net);
    save(&net, NULL, true, NONE, NULL);
    uint8_t *weights = read_file(&bytes);
    save_archive(small_config, strlen(small_config), weights, bytes);
    expect_opens_as(&net, NULL, &info);
    assert_string_equal(mn_keras_format_text(info.format), "Keras 3 archive");

    size_t archive_bytes;
    uint8_t *archive = read_file(&archive_bytes);
    expect_refused_cut(archive, archive_bytes);
    free(archive);
    save_archive(NULL, 0, weights, bytes);
    expect_refused("has no readable config.json");
    save_archive(small_config, strlen(small_config), NULL, 0);
    expect_refused("has no model.weights.h5 in it");
    save_archive(small_config, strlen(small_config), "text", 4);
    expect_refused("cannot be read as HDF5");
    free(weights);
    mn_net_free(&net);
}

/* 17 MiB of blanks take 17 kB in an archive. */
static void test_bomb(void **state) {
    (void)state;
    size_t bytes = (size_t)17 << 20;
    char *blanks = malloc(bytes);
    assert_non_null(blanks);
    memset(blanks, ' ', bytes);
    save_archive(blanks, bytes, "", 0);
    free(blanks);
    expect_refused("config.json in it unpacks to more than 16 MiB");
}

/* ---- Files for others -------------------------------------------------------------------------------- */

static void name_file(const char *folder, const char *name) { snprintf(path, sizeof path, "%.400s/%s", folder, name); }

static int write_files(const char *folder) {
    mn_net small, bare, tiny;
    size_t bytes;
    build_small(&small);
    build(&bare, MN_FAMILY_V2, 0.35, 3, true);
    build(&tiny, MN_FAMILY_V2, 0.1, 2, true);
    name_file(folder, "weights_0.1_32.weights.h5");
    save(&tiny, NULL, true, NONE, NULL);
    mn_net_free(&tiny);
    name_file(folder, "weights_0.35_96.h5");
    save(&bare, NULL, false, NONE, NULL);
    name_file(folder, "not_finite.h5");
    save(&bare, NULL, false, NOT_FINITE, "block_3_expand/kernel");
    name_file(folder, "whole.h5");
    save(&small, small_config, false, NONE, NULL);
    name_file(folder, "model.keras");
    save(&small, NULL, true, NONE, NULL);
    uint8_t *weights = read_file(&bytes);
    save_archive(small_config, strlen(small_config), weights, bytes);
    name_file(folder, "small_v3.h5");
    write_file(weights, bytes);
    name_file(folder, "config.json");
    write_file(small_config, strlen(small_config));
    free(weights);
    mn_net_free(&bare);
    mn_net_free(&small);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_model),
        cmocka_unit_test(test_bare_weights),
        cmocka_unit_test(test_scores),

        cmocka_unit_test(test_harmless_oddities),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_cut_hdf5),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_archive),
        cmocka_unit_test(test_bomb),
    };
    if (argc == 2) return write_files(argv[1]);
    snprintf(path, sizeof path, "/tmp/mobilenet-keras-%ld.h5", (long)getpid());
    int failed = cmocka_run_group_tests_name("keras files", tests, NULL, NULL);
    unlink(path);
    return failed;
}
