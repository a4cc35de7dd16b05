/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The reader of ONNX: a float classifier becomes a network with its weights. */
#ifndef MN_ONNX_ONNX_H
#define MN_ONNX_ONNX_H

#include "net/net.h"
#include "net/origin.h"

/** Is this an ONNX model, by its first bytes? */
bool mn_onnx_is(const void *data, size_t bytes);

/** Reads a file in memory, which `name` stands for; the name must outlive the network. Weights in other files are
 *  looked for in the folder of `path`; NULL: they are refused. `options` NULL means defaults. Every weight is finite.
 *  Errors: ARGUMENT (an option that contradicts the file), FORMAT, UNSUPPORTED, LIMIT, IO, MEMORY; the sentence names
 * the file and the node. */
mn_status mn_onnx_read(const void *data, size_t bytes, const char *name, const char *path,
                       const mn_origin_options *options, mn_net *out, mn_origin *origin);

#endif
