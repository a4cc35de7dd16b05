/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/write_h5.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hdf5.h>

#include "base/checked.h"
#include "keras/meaning.h"
#include "keras/ranges.h"
#include "net/mobilenet_v2.h"

/* One array of a layer, under Keras' name. */
typedef struct array {
    const char *name;
    const float *values;
    int rank;
    hsize_t dims[4];
} array;

enum { MAX_ARRAYS = 4, MAX_NAME = 160 };

static array vector(const char *name, const float *values, int32_t count) {
    return (array){name, values, 1, {(hsize_t)count}};
}

/* The arrays of `layer` in the order in which Keras makes them; returns their number. */
static int list_arrays(const mn_net *net, const mn_layer *layer, array out[MAX_ARRAYS]) {
    int count = 0;
    hsize_t in = layer->inputs[0] >= 0 ? (hsize_t)net->layers[layer->inputs[0]].c : 0;
    hsize_t h = (hsize_t)layer->k_h, w = (hsize_t)layer->k_w, units = (hsize_t)layer->units;
    switch (layer->kind) {
    case MN_LAYER_CONV: out[count++] = (array){"kernel:0", layer->kernel, 4, {h, w, in, units}}; break;
    case MN_LAYER_DEPTHWISE: out[count++] = (array){"depthwise_kernel:0", layer->kernel, 4, {h, w, in, 1}}; break;
    case MN_LAYER_DENSE: out[count++] = (array){"kernel:0", layer->kernel, 2, {in, units}}; break;
    case MN_LAYER_BATCH_NORM:
        out[count++] = vector("gamma:0", layer->gamma, layer->c);
        out[count++] = vector("beta:0", layer->beta, layer->c);
        out[count++] = vector("moving_mean:0", layer->mean, layer->c);
        out[count++] = vector("moving_variance:0", layer->variance, layer->c);
        break;
    default: break;
    }
    if (layer->bias) out[count++] = vector("bias:0", layer->bias, layer->c);
    return count;
}

/* ---- HDF5 -------------------------------------------------------------------------------------------- */

/* Strings of one length, padded with zeros, as h5py writes them. */
static bool write_strings(hid_t object, const char *name, const char *texts, size_t length, hsize_t count) {
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &count, NULL);
    bool good = type >= 0 && space >= 0 && H5Tset_size(type, length) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0;
    hid_t attribute = good ? H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT) : -1;
    good = attribute >= 0 && H5Awrite(attribute, type, texts) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return good;
}

static bool write_text(hid_t object, const char *name, const char *text) {
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    bool good =
        type >= 0 && space >= 0 && H5Tset_size(type, strlen(text)) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0;
    hid_t attribute = good ? H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT) : -1;
    good = attribute >= 0 && H5Awrite(attribute, type, text) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return good;
}

/* A group without the time of its making, which would differ from file to file. */
static hid_t make_group(hid_t parent, const char *name) {
    hid_t properties = H5Pcreate(H5P_GROUP_CREATE);
    hid_t group = -1;
    if (properties >= 0 && H5Pset_obj_track_times(properties, false) >= 0) {
        group = H5Gcreate2(parent, name, H5P_DEFAULT, properties, H5P_DEFAULT);
    }
    if (properties >= 0) H5Pclose(properties);
    return group;
}

static bool write_array(hid_t group, const array *a) {
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(a->rank, a->dims, NULL);
    hid_t set = -1;
    if (properties >= 0 && space >= 0 && H5Pset_obj_track_times(properties, false) >= 0) {
        set = H5Dcreate2(group, a->name, H5T_IEEE_F32LE, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    }
    bool good = set >= 0 && H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, a->values) >= 0;
    if (set >= 0) H5Dclose(set);
    if (space >= 0) H5Sclose(space);
    if (properties >= 0) H5Pclose(properties);
    return good;
}

/* LAYER/LAYER/kernel:0, and the list of such names in the outer group. */
static bool write_layer(hid_t file, const char *name, const array *arrays, int count) {
    char names[MAX_ARRAYS][MAX_NAME] = {{0}};
    hid_t outer = make_group(file, name), inner = outer >= 0 ? make_group(outer, name) : -1;
    bool good = inner >= 0;
    for (int i = 0; good && i < count; i++) {
        good = snprintf(names[i], MAX_NAME, "%s/%s", name, arrays[i].name) < MAX_NAME && write_array(inner, &arrays[i]);
    }
    good = good && write_strings(outer, "weight_names", names[0], MAX_NAME, (hsize_t)count);
    if (inner >= 0) H5Gclose(inner);
    if (outer >= 0) H5Gclose(outer);
    return good;
}

/* ---- Learned ranges ---------------------------------------------------------------------------------- */

/* In a group of its own, which is in no list of Keras': it reads the weights as if the group were not there. */
static bool write_ranges(hid_t file, const mn_net *net) {
    hsize_t count = 0;
    float *ranges = calloc((size_t)net->layer_count, 2 * sizeof *ranges);
    for (int32_t i = 0; ranges && i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        if (!mn_layer_has_range(layer)) continue;
        ranges[2 * count] = layer->low;
        ranges[2 * count++ + 1] = layer->high;
    }
    array values = {"ranges", ranges, 2, {count, 2}};
    hid_t group = ranges ? make_group(file, MN_KERAS_RANGES) : -1;
    bool good =
        group >= 0 && write_array(group, &values) && write_text(group, "scales", net->per_tensor ? "layer" : "channel");
    if (group >= 0) H5Gclose(group);
    free(ranges);
    return good;
}

/* ---- Pictures and classes ---------------------------------------------------------------------------- */

/* An attribute must fit into the header of its object, which is at most 64 kB. */
#define MAX_ATTRIBUTE ((size_t)60000)

/* Names [from, to) as one attribute. */
static bool write_names(hid_t group, const char *attribute, const char *const *names, int32_t from, int32_t to,
                        size_t length) {
    char *texts = calloc((size_t)(to - from), length);
    for (int32_t i = from; texts && i < to; i++)
        memcpy(texts + (size_t)(i - from) * length, names[i], strlen(names[i]));
    bool good = texts && write_strings(group, attribute, texts, length, (hsize_t)(to - from));
    free(texts);
    return good;
}

static bool write_classes(hid_t group, const mn_class_names *classes) {
    size_t length = 1;
    for (int32_t i = 0; i < classes->count; i++) length = mn_max_size(length, strlen(classes->name[i]));
    int32_t step = length < MAX_ATTRIBUTE ? (int32_t)(MAX_ATTRIBUTE / length) : 1, part = 0;
    bool good = true;
    for (int32_t from = 0; good && from < classes->count; from += step) {
        char attribute[32];
        int32_t to = from + step < classes->count ? from + step : classes->count;
        snprintf(attribute, sizeof attribute, "classes%d", part++);
        good = write_names(group, attribute, classes->name, from, to, length);
    }
    return good;
}

static bool write_meaning(hid_t file, const mn_net *net) {
    const mn_meaning *meaning = &net->meaning;
    char size[32];
    float values[2][MN_MEANING_CHANNELS];
    array normalisation = {"normalisation", values[0], 2, {2, MN_MEANING_CHANNELS}};
    memcpy(values[0], meaning->mean, sizeof values[0]);
    memcpy(values[1], meaning->deviation, sizeof values[1]);
    snprintf(size, sizeof size, "%dx%d", net->layers[0].h, net->layers[0].w);
    hid_t group = make_group(file, MN_KERAS_MEANING);
    bool good =
        group >= 0 && write_text(group, "input", size) &&
        (!meaning->normalised || write_array(group, &normalisation)) &&
        (meaning->fit == MN_FIT_UNKNOWN || write_text(group, "fit", meaning->fit == MN_FIT_CROP ? "crop" : "exact")) &&
        (meaning->output_count == 0 || write_classes(group, &meaning->classes[0]));
    if (group >= 0) H5Gclose(group);
    return good;
}

/* ---- The file ---------------------------------------------------------------------------------------- */

static bool write_layers(hid_t file, const mn_net *net, char (*names)[MAX_NAME]) {
    hsize_t count = 0;
    for (int32_t i = 0; i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        array arrays[MAX_ARRAYS];
        int array_count = list_arrays(net, layer, arrays);
        if (array_count == 0) continue;
        if (snprintf(names[count++], MAX_NAME, "%s", layer->name) >= MAX_NAME) return false;
        if (!write_layer(file, layer->name, arrays, array_count)) return false;
    }
    return write_strings(file, "layer_names", names[0], MAX_NAME, count) && write_text(file, "backend", "tensorflow") &&
           write_text(file, "keras_version", "2.15.0") &&
           (mn_v2_style_of(net) == MN_V2_KERAS || write_text(file, MN_KERAS_STYLE, "pytorch")) &&
           (net->layers[0].low == net->layers[0].high || write_ranges(file, net)) && write_meaning(file, net);
}

static bool take_image(hid_t file, uint8_t **data, size_t *bytes) {
    ssize_t size = H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0 ? H5Fget_file_image(file, NULL, 0) : -1;
    uint8_t *image = size > 0 ? malloc((size_t)size) : NULL;
    if (!image || H5Fget_file_image(file, image, (size_t)size) != size) {
        free(image);
        return false;
    }
    *data = image;
    *bytes = (size_t)size;
    return true;
}

mn_status mn_keras_write_h5(const mn_net *net, uint8_t **data, size_t *bytes) {
    char(*names)[MAX_NAME] = calloc((size_t)net->layer_count, sizeof *names);
    if (!names) return mn_fail_memory("the names of the layers");
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;
    /* In memory alone: no file of that name appears. */
    if (access >= 0 && H5Pset_fapl_core(access, (size_t)1 << 20, false) >= 0) {
        file = H5Fcreate("weights.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    }
    bool good = file >= 0 && write_layers(file, net, names) && take_image(file, data, bytes);
    if (file >= 0) H5Fclose(file);
    if (access >= 0) H5Pclose(access);
    free(names);
    if (good) return MN_OK;
    return mn_fail(MN_ERROR_IO, "%s: the weights cannot be written as HDF5", net->name ? net->name : "network");
}
