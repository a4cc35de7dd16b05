/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A back end for tests: runs what it claims as a model of its own, with reference kernels. It checks what it is given,
 * and spoils what it may: all of its workspace and, before it writes them, its outputs. */
#ifndef TESTS_REFERENCE_BACKEND_H
#define TESTS_REFERENCE_BACKEND_H

#include <stdatomic.h>

#include "backend/backend.h"

typedef struct reference_backend {
    mn_backend backend; /* what a session gets; its context is this struct */
    uint32_t seed;      /* of the claims: other operators for each */
    int32_t share;      /* of 8 operators, claims about so many */
    bool fails_to_claim, fails_to_prepare;
    atomic_int runs_to_fail;                          /* runs that will fail */
    atomic_int claimed, prepared, freed, closed, run; /* calls that were made */
} reference_backend;

/** A back end called `name` that fails nowhere. */
void reference_backend_open(reference_backend *b, const char *name, uint32_t seed, int32_t share);

#endif
