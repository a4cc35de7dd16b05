/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph_file.h"

#include <string.h>

#include "common/error.h"
#include "model_file.h"
#include "net_file.h"
#include "tflite/read.h"

static mn_status read_net(const char *path, cli_graph_file *out) {
    mn_net net = {0};
    mn_origin origin;
    MN_TRY(cli_net_open(path, NULL, &net, &origin));
    mn_status status = mn_net_fold(&net, &out->graph, &out->stats);
    if (status == MN_OK) {
        out->graph.name = mn_region_string(&out->graph.region, path, strlen(path));
        if (!out->graph.name) status = mn_fail_memory("the model's name");
    }
    out->per_tensor = net.per_tensor;
    out->network = origin.network;
    out->width = origin.width;
    char assumed[MN_ORIGIN_SENTENCE];
    if (status == MN_OK && mn_origin_assumed(&net, &origin, assumed)) cli_error("%s: %s", path, assumed);
    mn_net_free(&net);
    return status;
}

mn_status cli_graph_open(const char *path, cli_graph_file *out) {
    MN_TRY(cli_file_read(path, &out->map));
    if (cli_net_is(&out->map)) return read_net(path, out);
    MN_TRY(mn_tflite_read(out->map.data, out->map.bytes, path, &out->graph));
    return mn_graph_check(&out->graph);
}

void cli_graph_close(cli_graph_file *model) {
    mn_graph_free(&model->graph);
    mn_map_close(&model->map);
}
