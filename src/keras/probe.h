/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A damaged file can crash the HDF5 library (1.10 has known holes in its metadata decoders). So a file is first read
 * in a child process, and in this one only when the child survived. */
#ifndef MN_KERAS_PROBE_H
#define MN_KERAS_PROBE_H

#include "base/status.h"

/** Calls `read` in a child process and waits for it. Where no process can be made nothing is known, and MN_OK is
 *  returned. Errors: FORMAT (the child crashed or took more than two minutes). */
mn_status mn_probe(void (*read)(void *data), void *data, const char *name);

#endif
