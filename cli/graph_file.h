/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The graph of a model file, whatever wrote it. */
#ifndef MN_CLI_GRAPH_FILE_H
#define MN_CLI_GRAPH_FILE_H

#include "base/map.h"
#include "graph/graph.h"
#include "net/fold.h"

/** Start with `cli_graph_file model = {0};`. */
typedef struct cli_graph_file {
    mn_map map; /* the file; a .tflite's weights stay in it */
    mn_graph graph;
    mn_channel_stats *stats; /* [graph.tensor_count] when batch norm tells them, else NULL; in the graph's region */
    bool per_tensor;         /* with ranges in the stats: learned for weights with one scale for each layer */
    const char *network;     /* "MobileNetV2"; NULL for layers of no known network, and for a .tflite */
    double width;            /* of that network; 0 when unknown */
} cli_graph_file;

/** Opens a .tflite (by its identifier) or a file of weights (net_file.h), and prepares it (quant/prepare.h). Errors:
 * those of cli_file_read, mn_tflite_read, mn_graph_check, cli_net_open, mn_net_fold and mn_quant_prepare. Close in
 * every case.
 */
mn_status cli_graph_open(const char *path, cli_graph_file *out);

void cli_graph_close(cli_graph_file *model);

#endif
