/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The network in a file of weights, whatever saved it: told by the file's contents, not by its name. */
#ifndef MN_CLI_NET_FILE_H
#define MN_CLI_NET_FILE_H

#include "base/map.h"
#include "net/net.h"
#include "net/origin.h"

/** Does a file with these contents hold a network that cli_net_open() reads? */
bool cli_net_is(const mn_map *map);

/** Opens what Keras or PyTorch saved, or an ONNX model. `path` must outlive the network, `options` NULL means defaults.
 *  Errors: those of cli_file_read, mn_keras_open, mn_torch_read and mn_onnx_read. */
mn_status cli_net_open(const char *path, const mn_origin_options *options, mn_net *out, mn_origin *origin);

#endif
