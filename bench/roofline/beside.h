/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What other instructions of a kernel cost beside its products: in turns with VPDPBUSD, on registers. */
#ifndef MN_ROOFLINE_BESIDE_H
#define MN_ROOFLINE_BESIDE_H

#include <stdint.h>

typedef struct beside_result {
    const char *what;
    double cost; /* in VPDPBUSDs: 0 when it takes units that those do not need, 1 when it takes the place of one */
} beside_result;

enum { BESIDE_MOST = 24 };

/** Measures for `milliseconds` in all; returns how many results there are, 0 without AVX-512 VNNI. */
int32_t beside_measure(int32_t milliseconds, beside_result results[BESIDE_MOST]);

#endif
