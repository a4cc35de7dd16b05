/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_SENTENCE = 512,
    MAX_NAME = 1024,
    MAX_LAYERS = 1 << 20,
    MAX_CLASSES = 1 << 20,
    MAX_NAMED_OUTPUTS = 64,
    ARRAYS = 6
};

/* What goes before a network, or before a sentence of `length` bytes. Both processes have the same program. */
typedef struct opening {
    int32_t status, length;
    int32_t layer_count, per_tensor;
    int32_t output_count, outputs[MN_NET_MAX_OUTPUTS];
    mn_meaning meaning; /* its pointer means nothing to the parent */
    mn_keras_info info;
} opening;

typedef struct layer_opening {
    int32_t name_length, has_bias;
    mn_layer layer; /* its pointers mean nothing to the parent */
} layer_opening;

typedef struct array {
    float *values; /* NULL for none */
    size_t count;
} array;

static void list_arrays(const mn_net *net, const mn_layer *layer, array out[ARRAYS]) {
    size_t channels = (size_t)layer->c;
    out[0] = (array){layer->kernel, mn_layer_kernel_count(net, layer)};
    out[1] = (array){layer->bias, channels};
    out[2] = (array){layer->gamma, channels};
    out[3] = (array){layer->beta, channels};
    out[4] = (array){layer->mean, channels};
    out[5] = (array){layer->variance, channels};
}

/* ---- In the child ------------------------------------------------------------------------------------ */

static bool send_layer(int to, const mn_net *net, const mn_layer *layer) {
    layer_opening head = {(int32_t)strlen(layer->name), layer->bias != NULL, *layer};
    array arrays[ARRAYS];
    list_arrays(net, layer, arrays);
    bool good = mn_child_write(to, &head, sizeof head) && mn_child_write(to, layer->name, (size_t)head.name_length);
    for (int i = 0; good && i < ARRAYS; i++) {
        if (arrays[i].values) good = mn_child_write(to, arrays[i].values, arrays[i].count * sizeof(float));
    }
    return good;
}

static bool send_names(int to, const mn_class_names *classes) {
    bool good = mn_child_write(to, &classes->count, sizeof classes->count);
    for (int32_t i = 0; good && i < classes->count; i++) {
        int32_t length = (int32_t)strlen(classes->name[i]);
        good = mn_child_write(to, &length, sizeof length) && mn_child_write(to, classes->name[i], (size_t)length);
    }
    return good;
}

void mn_wire_send(int to, mn_status status, const mn_net *net, const mn_keras_info *info) {
    opening head = {.status = (int32_t)status};
    if (status != MN_OK) {
        const char *sentence = mn_error_detail();
        head.length = (int32_t)strlen(sentence);
        if (mn_child_write(to, &head, sizeof head)) mn_child_write(to, sentence, (size_t)head.length);
        return;
    }
    head.layer_count = net->layer_count;
    head.per_tensor = net->per_tensor;
    head.output_count = net->output_count;
    memcpy(head.outputs, net->outputs, sizeof head.outputs);
    head.meaning = net->meaning;
    head.info = *info;
    bool good = mn_child_write(to, &head, sizeof head);
    for (int32_t i = 0; good && i < net->layer_count; i++) good = send_layer(to, net, &net->layers[i]);
    for (int32_t i = 0; good && i < net->meaning.output_count; i++) good = send_names(to, &net->meaning.classes[i]);
}

/* ---- In the parent ----------------------------------------------------------------------------------- */

/* `*complete` is false wherever this gives up because of what came or did not come. */
static mn_status receive_layer(mn_child *child, mn_net *net, bool *complete) {
    layer_opening head;
    char name[MAX_NAME];
    *complete = mn_child_read(child, &head, sizeof head) && head.name_length >= 0 && head.name_length < MAX_NAME &&
                mn_child_read(child, name, (size_t)head.name_length);
    if (!*complete) return MN_OK;
    name[head.name_length] = '\0';
    head.layer.name = name;
    MN_TRY(mn_net_add(net, &head.layer, head.has_bias != 0, NULL));
    array arrays[ARRAYS];
    list_arrays(net, &net->layers[net->layer_count - 1], arrays);
    for (int i = 0; *complete && i < ARRAYS; i++) {
        if (arrays[i].values) *complete = mn_child_read(child, arrays[i].values, arrays[i].count * sizeof(float));
    }
    return MN_OK;
}

/* The names of the classes of one output. */
static mn_status receive_names(mn_child *child, mn_net *net, int32_t output, bool *complete) {
    int32_t count = 0;
    *complete = mn_child_read(child, &count, sizeof count) && count >= 0 && count <= MAX_CLASSES;
    const char **names = *complete ? calloc((size_t)count + 1, sizeof *names) : NULL;
    mn_region region = {0};
    mn_status status = *complete && !names ? mn_fail_memory("the names of the classes") : MN_OK;
    for (int32_t i = 0; status == MN_OK && *complete && i < count; i++) {
        int32_t length = 0;
        *complete = mn_child_read(child, &length, sizeof length) && length >= 0 && length < MAX_NAME;
        char *name = *complete ? mn_region_alloc(&region, (size_t)length + 1, 1) : NULL;
        if (*complete && !name) status = mn_fail_memory("the names of the classes");
        if (name) *complete = mn_child_read(child, name, (size_t)length);
        names[i] = name;
    }
    if (status == MN_OK && *complete) {
        status = mn_meaning_set_classes(&net->meaning, &net->region, output, names, count);
    }
    mn_region_free(&region);
    free((void *)names);
    return status;
}

/* What belongs to the net as a whole, once its layers are there. */
static mn_status receive_rest(mn_child *child, const opening *head, mn_net *net, bool *complete) {
    *complete = head->output_count >= 0 && head->output_count <= MN_NET_MAX_OUTPUTS &&
                head->meaning.output_count >= 0 && head->meaning.output_count <= MAX_NAMED_OUTPUTS;
    for (int32_t i = 0; *complete && i < head->output_count; i++) {
        *complete = head->outputs[i] >= 0 && head->outputs[i] < net->layer_count;
    }
    if (!*complete) return MN_OK;
    net->output_count = head->output_count;
    memcpy(net->outputs, head->outputs, sizeof net->outputs);
    net->per_tensor = head->per_tensor != 0;
    net->meaning = head->meaning;
    net->meaning.output_count = 0;
    net->meaning.classes = NULL;
    for (int32_t i = 0; *complete && i < head->meaning.output_count; i++) {
        MN_TRY(receive_names(child, net, i, complete));
    }
    return *complete ? mn_net_check(net) : MN_OK;
}

static mn_status receive_sentence(mn_child *child, const opening *head, bool *complete) {
    char sentence[MAX_SENTENCE];
    *complete = head->length > 0 && head->length < MAX_SENTENCE && head->status <= MN_ERROR_THREAD &&
                mn_child_read(child, sentence, (size_t)head->length);
    if (!*complete) return MN_OK;
    sentence[head->length] = '\0';
    return mn_fail((mn_status)head->status, "%s", sentence);
}

mn_status mn_wire_receive(mn_child *child, mn_net *net, mn_keras_info *info, bool *complete) {
    opening head;
    *complete = mn_child_read(child, &head, sizeof head) && head.status >= 0;
    if (!*complete) return MN_OK;
    if (head.status != MN_OK) return receive_sentence(child, &head, complete);
    *complete = head.layer_count > 0 && head.layer_count <= MAX_LAYERS && head.info.format < MN_KERAS_FORMATS &&
                head.info.family >= -1 && head.info.family < MN_NET_FAMILIES;
    for (int32_t i = 0; *complete && i < head.layer_count; i++) MN_TRY(receive_layer(child, net, complete));
    if (!*complete) return MN_OK;
    *info = head.info;
    return receive_rest(child, &head, net, complete);
}
