/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph_file.h"

#include <string.h>

#include "keras/keras.h"
#include "tflite/read.h"

/* HDF5's signature (file format specification, III.A), and that of a zip archive's first member. */
static const char hdf5_signature[] = "\x89HDF\r\n\x1a\n", zip_signature[] = "PK\x03\x04";

static bool starts_with(const mn_map *map, const char *signature) {
    size_t length = strlen(signature);
    return map->bytes >= length && memcmp(map->data, signature, length) == 0;
}

static mn_status read_keras(const char *path, cli_graph_file *out) {
    mn_net net = {0};
    mn_keras_info info;
    MN_TRY(mn_keras_open(path, NULL, &net, &info));
    mn_status status = mn_net_fold(&net, &out->graph, &out->stats);
    if (status == MN_OK) {
        out->graph.name = mn_pool_string(&out->graph.pool, path, strlen(path));
        if (!out->graph.name) status = mn_fail_memory("the model's name");
    }
    out->per_tensor = net.per_tensor;
    mn_net_free(&net);
    return status;
}

mn_status cli_graph_open(const char *path, cli_graph_file *out) {
    MN_TRY(mn_map_open(path, &out->map));
    if (starts_with(&out->map, hdf5_signature) || starts_with(&out->map, zip_signature)) {
        return read_keras(path, out);
    }
    MN_TRY(mn_tflite_read(out->map.data, out->map.bytes, path, &out->graph));
    return mn_graph_check(&out->graph);
}

void cli_graph_close(cli_graph_file *model) {
    mn_graph_free(&model->graph);
    mn_map_close(&model->map);
}
