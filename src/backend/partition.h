/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From claimed operators to parts, and an order in which parts and all other operators can run.
 *
 * A part must not wait for itself: no path of operators may lead out of it and in again. Within that, parts are as
 * large as can be: no two parts of one back end could be one, unless several back ends have more than a
 * thousand between them. Equal graphs and owners give equal parts. */
#ifndef MN_BACKEND_PARTITION_H
#define MN_BACKEND_PARTITION_H

#include "backend/backend.h"

/** What runs at one place of the order. */
typedef struct mn_run_item {
    int32_t part; /* -1: one operator that no back end claims */
    int32_t op;   /* that operator, or the first of the part */
} mn_run_item;

typedef struct mn_partition {
    mn_region region; /* owns the lists below */
    int32_t part_count;
    mn_part *parts; /* in the order they run */
    int32_t item_count;
    mn_run_item *items;
} mn_partition;

/** How to cut. */
typedef struct mn_partition_options {
    const mn_backend *const *backends; /* those that `owners` counts */
    bool alone;                        /* every claimed operator is a part, and everything it computes an output */
} mn_partition_options;

/** Cuts `graph`, which is checked and outlives *out, by the owner of each operator. Operators keep their order where no
 *  part forces another. Claimed operators whose results nobody reads run nowhere, unless `alone`. Errors: MEMORY. */
mn_status mn_partition_make(const mn_graph *graph, const int32_t *owners, const mn_partition_options *options,
                            mn_partition *out);

void mn_partition_free(mn_partition *partition);

#endif
