/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L

#include "train/mpi.h"

#include <stdlib.h>

#include "base/clock.h"

/* Open MPI's launcher and those that speak PMI (MPICH, Slurm) say in the environment how many they started. */
static bool launched(void) {
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (getenv(names[i])) return true;
    }
    return false;
}

#ifdef MN_HAVE_MPI

#include <mpi.h>
#include <sched.h>

enum { MAX_PENDING = 512 };

typedef struct world {
    mn_reduce reduce;
    const volatile sig_atomic_t *ending;
    int pending;
    MPI_Request requests[MAX_PENDING];
} world;

static mn_status lost(void) {
    return mn_fail(MN_ERROR_IO, "another process of this training was lost; go on from the last checkpoint with "
                                "--resume and as many processes");
}

/* Looks after requests until all are done; they only move while MPI is called. */
static mn_status wait_for(world *w, int count, MPI_Request *requests) {
    const uint64_t patience = 300000000; /* ns: Open MPI kills one second after asking */
    uint64_t asked = 0;
    int done = 0;
    while (!done) {
        if (MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE) != MPI_SUCCESS) return lost();
        if (done) break;
        sched_yield(); /* to the threads that compute, where there are more of them than processors */
        if (!*w->ending) continue;
        if (asked == 0) asked = mn_clock_ns();
        if (mn_clock_ns() - asked > patience) return lost();
    }
    return MN_OK;
}

static mn_status sum(void *self, double *values, size_t count) {
    world *w = self;
    MPI_Request request;
    if (MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request) !=
        MPI_SUCCESS) {
        return lost();
    }
    return wait_for(w, 1, &request);
}

static mn_status wait_all(void *self) {
    world *w = self;
    int count = w->pending;
    w->pending = 0;
    return wait_for(w, count, w->requests);
}

static mn_status start(void *self, float *values, size_t count) {
    world *w = self;
    int done;
    if (w->pending == MAX_PENDING) MN_TRY(wait_all(w));
    if (MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD,
                       &w->requests[w->pending++]) != MPI_SUCCESS) {
        return lost();
    }
    /* A look keeps earlier sums moving. */
    return MPI_Testall(w->pending, w->requests, &done, MPI_STATUSES_IGNORE) == MPI_SUCCESS ? MN_OK : lost();
}

mn_status mn_mpi_start(const volatile sig_atomic_t *ending, mn_reduce **out) {
    *out = NULL;
    if (!launched()) return MN_OK;
    int level, rank, ranks;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS) {
        return mn_fail(MN_ERROR_IO, "MPI does not start");
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    world *w = calloc(1, sizeof *w);
    if (!w) return mn_fail_memory("MPI");
    w->ending = ending;
    w->reduce = (mn_reduce){.rank = rank, .ranks = ranks, .self = w, .sum = sum, .start = start, .wait = wait_all};
    *out = &w->reduce;
    return MN_OK;
}

void mn_mpi_end(mn_reduce **reduce, bool failed) {
    if (!*reduce) return;
    if (failed) MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Finalize();
    free((*reduce)->self);
    *reduce = NULL;
}

#else

mn_status mn_mpi_start(const volatile sig_atomic_t *ending, mn_reduce **out) {
    (void)ending;
    *out = NULL;
    if (!launched()) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED, "started by mpirun, but built without MPI; install its development files "
                                         "(on Debian: libopenmpi-dev) and build again");
}

void mn_mpi_end(mn_reduce **reduce, bool failed) {
    (void)failed;
    *reduce = NULL;
}

#endif
