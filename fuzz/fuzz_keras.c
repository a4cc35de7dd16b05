/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What Keras might have saved: an input that begins with { is a model's configuration, one that begins with PK an
 * archive, and any other a recipe by which the HDF5 library makes a file in memory: groups, attributes and arrays of
 * every kind under the names that Keras uses. So what is tested is what stands above the HDF5 library; bytes of HDF5
 * itself mutate into that library's own bugs. What is read must survive being folded, written and read again. */
#include <stdlib.h>
#include <string.h>

#include <hdf5.h>

#include "keras/config.h"
#include "keras/keras.h"
#include "net/fold.h"
#include "tflite/read.h"
#include "tflite/write.h"

/* ---- Networks ---------------------------------------------------------------------------------------- */

static void expect(bool holds) {
    if (!holds) abort();
}

/* Folding may refuse a network; what it makes, the writer writes and the reader reads. */
static void round_trip(const mn_net *net) {
    mn_graph graph = {0}, again = {0};
    uint8_t *data = NULL;
    size_t bytes = 0;
    if (mn_net_fold(net, &graph, NULL) != MN_OK) return;
    if (mn_tflite_write(&graph, &data, &bytes) == MN_OK) {
        expect(mn_tflite_read(data, bytes, "again", &again) == MN_OK);
        expect(mn_graph_check(&again) == MN_OK);
        expect(graph.op_count == again.op_count && graph.tensor_count == again.tensor_count);
        mn_graph_free(&again);
    }
    mn_graph_free(&graph);
    free(data);
}

static void read_file(const void *data, size_t bytes) {
    mn_net net = {0};
    mn_keras_info info;
    if (mn_keras_read(data, bytes, "fuzz", NULL, &net, &info) != MN_OK) return;
    round_trip(&net);
    mn_net_free(&net);
}

static void read_config(const uint8_t *data, size_t bytes) {
    mn_net net = {.name = "fuzz"};
    mn_keras_config config = {
        .text = (const char *)data, .bytes = bytes, .file = "fuzz", .v3 = bytes % 2, .size = 32, .elements = 1 << 16};
    if (mn_keras_config_read(&config, &net) == MN_OK) round_trip(&net);
    mn_net_free(&net);
}

/* ---- Recipes ----------------------------------------------------------------------------------------- */

typedef struct recipe {
    const uint8_t *at, *end;
    hid_t file;
} recipe;

static const char config[] =
    "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"s\",\"layers\":["
    "{\"class_name\":\"InputLayer\",\"config\":{\"name\":\"in\",\"batch_shape\":[null,4,4,2]}},"
    "{\"class_name\":\"Conv2D\",\"config\":{\"name\":\"conv\",\"filters\":2,\"kernel_size\":1}},"
    "{\"class_name\":\"BatchNormalization\",\"config\":{\"name\":\"bn\"}},"
    "{\"class_name\":\"GlobalAveragePooling2D\",\"config\":{\"name\":\"pool\"}},"
    "{\"class_name\":\"Dense\",\"config\":{\"name\":\"out\",\"units\":2}}]}}";

static const char *const words[] = {
    "layers",
    "vars",
    "model_weights",
    "conv",
    "bn",
    "out",
    "conv2d",
    "batch_normalization",
    "dense",
    "0",
    "1",
    "2",
    "3",
    "name",
    "kernel",
    "kernel:0",
    "bias:0",
    "gamma",
    "moving_variance:0",
    "conv/bn",
    "",
    ".",
    "/",
    "depthwise_conv2d_1",
    "conv2d_18446744073709551617",
    "functional",
    "_layer_checkpoint_dependencies",
    config,
};
static const char *const attributes[] = {"layer_names", "weight_names", "model_config",
                                         "name",        "layer_names0", "weight_names0"};

static unsigned take(recipe *r, unsigned choices) { return r->at < r->end ? *r->at++ % choices : 0; }

#define PICK(r, list) ((list)[take(r, sizeof(list) / sizeof(list)[0])])

/* Up to five words; the configuration itself is no name. */
static void take_path(recipe *r, char path[256]) {
    path[0] = '\0';
    unsigned parts = 1 + take(r, 5);
    for (unsigned i = 0; i < parts; i++) {
        const char *word = PICK(r, words);
        strcat(path, "/");
        if (word != config) strcat(path, word);
    }
}

static void make_array(recipe *r, const char *path, hid_t links) {
    const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_STD_I8LE, H5T_C_S1};
    hsize_t dims[5];
    float values[7 * 7 * 7 * 7];
    int rank = (int)take(r, 6);
    hid_t type = PICK(r, types);
    unsigned flags = take(r, 256);
    for (int i = 0; i < rank; i++) dims[i] = take(r, rank == 5 ? 2 : 7);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) values[i] = (float)(i % 7) * 0.25F;
    if (flags & 8) values[1] = -1e30F;
    hid_t space = rank ? H5Screate_simple(rank, dims, NULL) : H5Screate(H5S_SCALAR);
    hid_t plan = H5Pcreate(H5P_DATASET_CREATE);
    if (flags & 1 && rank) H5Pset_chunk(plan, rank, dims);
    if (flags & 2 && rank) H5Pset_deflate(plan, 1);
    if (flags & 16) H5Pset_external(plan, "/nonexistent/weights", 0, H5F_UNLIMITED);
    hid_t array = H5Dcreate2(r->file, path, type, space, links, plan, H5P_DEFAULT);
    if (array >= 0 && type != H5T_C_S1 && !(flags & 4)) {
        H5Dwrite(array, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    }
    if (array >= 0) H5Dclose(array);
    H5Pclose(plan);
    H5Sclose(space);
}

/* A list of up to seven words, of fixed or variable length; or numbers, or nothing. */
static void make_attribute(recipe *r, const char *path) {
    hid_t object = H5Oopen(r->file, path, H5P_DEFAULT);
    if (object < 0) return;
    const char *texts[7];
    char fixed[7][16] = {{0}};
    unsigned count = take(r, 8), form = take(r, 4);
    const char *name = PICK(r, attributes);
    for (unsigned i = 0; i < count; i++) {
        texts[i] = PICK(r, words);
        strncpy(fixed[i], texts[i], sizeof fixed[i] - 1);
    }
    hsize_t size = count;
    hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, NULL), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, form == 0 ? H5T_VARIABLE : sizeof fixed[0]);
    hid_t id = H5Acreate2(object, name, form == 3 ? H5T_IEEE_F64LE : type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (id >= 0 && form != 3 && count > 0) H5Awrite(id, type, form == 0 ? (const void *)texts : (const void *)fixed);
    if (id >= 0) H5Aclose(id);
    H5Tclose(type);
    H5Sclose(space);
    H5Oclose(object);
}

static void make_link(recipe *r, const char *path, hid_t links) {
    char target[256];
    unsigned form = take(r, 3);
    take_path(r, target);
    if (form == 0) H5Lcreate_hard(r->file, target, r->file, path, links, H5P_DEFAULT);
    if (form == 1) H5Lcreate_soft(target, r->file, path, links, H5P_DEFAULT);
    if (form == 2) H5Lcreate_external("/nonexistent/weights.h5", target, r->file, path, links, H5P_DEFAULT);
}

static void follow(recipe *r) {
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    for (int steps = 0; r->at < r->end && steps < 64; steps++) {
        char path[256];
        unsigned form = take(r, 6);
        take_path(r, path);
        if (form == 0) make_link(r, path, links);
        if (form == 1 || form == 2) make_array(r, path, links);
        if (form == 3 || form == 4) make_attribute(r, path);
        if (form == 5) {
            hid_t group = H5Gcreate2(r->file, path, links, H5P_DEFAULT, H5P_DEFAULT);
            if (group >= 0) H5Gclose(group);
        }
    }
    H5Pclose(links);
}

static void read_recipe(const uint8_t *data, size_t size) {
    recipe r = {.at = data, .end = data + size};
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t memory = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(memory, 4096, 0);
    r.file = H5Fcreate("fuzz", H5F_ACC_TRUNC, H5P_DEFAULT, memory);
    H5Pclose(memory);
    expect(r.file >= 0);
    follow(&r);
    H5Fflush(r.file, H5F_SCOPE_GLOBAL);
    ssize_t bytes = H5Fget_file_image(r.file, NULL, 0);
    uint8_t *image = bytes > 0 ? malloc((size_t)bytes) : NULL;
    if (image && H5Fget_file_image(r.file, image, (size_t)bytes) == bytes) {
        H5Fclose(r.file);
        r.file = -1;
        read_file(image, (size_t)bytes);
    }
    if (r.file >= 0) H5Fclose(r.file);
    free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size >= 1 && data[0] == '{') {
        read_config(data, size);
    } else if (size >= 2 && memcmp(data, "PK", 2) == 0) {
        read_file(data, size);
    } else {
        read_recipe(data, size);
    }
    return 0;
}
