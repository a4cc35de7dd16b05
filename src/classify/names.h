/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the classes of a model are called. */
#ifndef MN_CLASSIFY_NAMES_H
#define MN_CLASSIFY_NAMES_H

#include "graph/graph.h"

typedef struct mn_names {
    int32_t classes;
    int32_t shift;               /* 1 when class 0 is the background, so that ImageNet class c is class c + 1 */
    bool imagenet;               /* 1000 classes, or 1001 */
    bool one_unit;               /* two classes that one unit tells apart: 0 is "not", and one name serves for both */
    mn_class_names given;        /* by the caller: they come first; none: count 0 */
    const mn_class_names *known; /* what the model itself calls its classes; NULL: nothing */
    char made[256];              /* room for a name that is put together */
} mn_names;

/** Names for `classes` classes. `known` is what the model says, or NULL, and must outlive them; given names, if any,
 * are set afterwards with mn_names_give(). */
void mn_names_init(mn_names *names, const mn_class_names *known, int32_t classes, bool one_unit);

/** Lets `given` come first. False, and nothing changes, where it has not a name for each class, nor one for one unit.
 */
bool mn_names_give(mn_names *names, mn_class_names given);

/** What the graph says of the classes of output `output`, or NULL. */
const mn_class_names *mn_names_known(const mn_meaning *meaning, int32_t output);

/** Name of class `index`; valid until the next call. */
const char *mn_names_get(mn_names *names, int32_t index);

/** The name as the caller or the model lists it; NULL where neither does. */
const char *mn_names_listed(const mn_names *names, int32_t index);

/** WordNet id of class `index` where names are ImageNet's own; else NULL. */
const char *mn_names_wnid(const mn_names *names, int32_t index);

/** Does `text` start with a WordNet id: 'n', eight digits, and nothing that goes on as a word? */
bool mn_is_wnid(const char *text);

/** 2: `name` is the whole label; 1: one of its comma-separated words; 0: neither. In any case, with '_' for ' '. */
int mn_names_match(const char *label, const char *name);

#endif
