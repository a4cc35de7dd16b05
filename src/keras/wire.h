/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the child process that read a file tells its parent: a network with its weights, or a sentence. The parent
 * builds the network anew, so that all is checked that mn_net_add() and mn_net_check() check. */
#ifndef MN_KERAS_WIRE_H
#define MN_KERAS_WIRE_H

#include "keras/child.h"
#include "keras/keras.h"

/** Sends the sentence of mn_error_detail() when `status` is not MN_OK, else `net` and `info`. */
void mn_wire_send(int to, mn_status status, const mn_net *net, const mn_keras_info *info);

/** Receives what mn_wire_send() sent, and sets *complete. `net` is empty, and stays owned by the caller on failure too.
 *  Returns the child's own failure with its sentence; MEMORY. */
mn_status mn_wire_receive(mn_child *child, mn_net *net, mn_keras_info *info, bool *complete);

#endif
