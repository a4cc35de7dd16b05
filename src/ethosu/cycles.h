/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How long an Ethos-U takes for a program, by a model of ours: what multipliers, output stage and memories have to do
 * for each operation, and a timeline of operations and copies. Nothing of it was measured. docs/ethos-u.md. */
#ifndef MN_ETHOSU_CYCLES_H
#define MN_ETHOSU_CYCLES_H

#include "ethosu/stream.h"

/** Regions of a program: constants, memory of tensors, fast memory. */
enum { MN_ETHOSU_CONSTANTS, MN_ETHOSU_ARENA, MN_ETHOSU_FAST, MN_ETHOSU_REGIONS };

/** What lies behind one of the NPU's ports. */
typedef struct mn_ethosu_port {
    const char *name;
    double bytes; /* a cycle */
    double wait;  /* cycles until a read's first byte */
} mn_ethosu_port;

/** The system around an NPU. */
typedef struct mn_ethosu_system {
    double clock; /* Hz */
    mn_ethosu_port ports[2];
    int32_t port_of[MN_ETHOSU_REGIONS];
} mn_ethosu_system;

/** What Vela takes where it is told nothing: Ethos-U65 at 1 GHz with DRAM for constants and tensors and SRAM of its
 *  own, Ethos-U55 at 500 MHz with flash for constants and SRAM for the rest. */
mn_ethosu_system mn_ethosu_usual_system(const mn_ethosu_config *config);

/** i.MX 93 in overdrive, which has an Ethos-U65 at 1 GHz and slower DRAM: scripts/imx93.ini. */
mn_ethosu_system mn_ethosu_imx93_system(void);

/** What keeps an operation from being faster. */
typedef enum mn_ethosu_bound {
    MN_ETHOSU_BY_MACS,
    MN_ETHOSU_BY_WEIGHTS,
    MN_ETHOSU_BY_OUTPUT,
    MN_ETHOSU_BY_MEMORY
} mn_ethosu_bound;

/** One operation, or a copy. Cycles. */
typedef struct mn_ethosu_cost {
    int32_t code, mode;     /* MN_NPU_OP_CONV ... MN_NPU_OP_DMA_START; POOL's and ELEMENTWISE's kind */
    int32_t h, w, c;        /* of the output */
    int32_t k_h, k_w, in_c; /* of the filter or pool */
    size_t command;         /* its number in the program */
    double macs;            /* that count: without padding of blocks */
    double bytes;           /* moved from and to memories */
    double busy;            /* from its start to its end */
    double begin, end;      /* in the timeline */
    mn_ethosu_bound bound;
} mn_ethosu_cost;

typedef struct mn_ethosu_estimate {
    int32_t count;
    mn_ethosu_cost *costs; /* in the program's order */
    double cycles;         /* until everything has ended */
} mn_ethosu_estimate;

/** Estimates a program; mn_ethosu_estimate_free() ends it. Sizes are taken as they are, however large. Errors: MEMORY.
 */
mn_status mn_ethosu_estimate_make(const mn_ethosu_stream *stream, const mn_ethosu_system *system,
                                  mn_ethosu_estimate *out);
void mn_ethosu_estimate_free(mn_ethosu_estimate *estimate);

#endif
