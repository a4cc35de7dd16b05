/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Fills batches. All threads of the net load and prepare pictures, then all compute: on processors that do both,
 * loading beside computing would only take turns. What is loaded does not depend on the threads. */
#ifndef MN_TRAIN_FEED_H
#define MN_TRAIN_FEED_H

#include "train/augment.h"
#include "train/dataset.h"
#include "train/network.h"

typedef struct mn_feed mn_feed;

/** What a batch is made of. */
typedef struct mn_feed_request {
    mn_dataset *data;
    const int32_t *order;      /* of the examples; NULL: as they are */
    int32_t first, count;      /* places in the order */
    const mn_augment *augment; /* NULL: whole pictures */
    uint64_t seed;             /* of this epoch's changes */
} mn_feed_request;

mn_status mn_feed_create(int32_t batch, mn_feed **out);
void mn_feed_free(mn_feed **feed);

/** Loads pictures and labels of `t`. A picture that cannot be read is replaced by another one when there is an
 *  `augment`, and left out otherwise. Errors: MEMORY, FORMAT (too few can be read). */
mn_status mn_feed_fill(mn_feed *feed, mn_train_net *t, const mn_feed_request *request);

/** The sentence about the `i`th picture that the last fill found unreadable for the first time; NULL behind the last.
 */
const char *mn_feed_skipped(const mn_feed *feed, int32_t i);

#endif
