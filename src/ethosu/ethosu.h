/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The back end for operators `ethos-u`. */
#ifndef MN_ETHOSU_ETHOSU_H
#define MN_ETHOSU_ETHOSU_H

#include "backend/backend.h"

/** Claims CUSTOM operators called "ethos-u" and emulates the NPU. */
extern const mn_backend mn_ethosu_backend;

#endif
