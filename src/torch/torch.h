/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The reader of what PyTorch saved: a state dict of a MobileNet becomes a network with its weights. */
#ifndef MN_TORCH_TORCH_H
#define MN_TORCH_TORCH_H

#include "net/net.h"
#include "net/origin.h"

/** Is this a file that mn_torch_read() knows, by its first bytes? */
bool mn_torch_is(const void *data, size_t bytes);

/** Reads a file in memory, which `name` stands for; the name must outlive the network. `options` NULL means defaults.
 *  Every weight is finite. Errors: FORMAT, UNSUPPORTED, LIMIT, MEMORY; the sentence names the file and the array. */
mn_status mn_torch_read(const void *data, size_t bytes, const char *name, const mn_origin_options *options, mn_net *out,
                        mn_origin *origin);

#endif
