/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L

#include "train/mpi_module.h"

#include <mpi.h>
#include <sched.h>
#include <stdlib.h>

enum { MAX_PENDING = 512 };

typedef struct world {
    mn_reduce reduce;
    mn_mpi_host host;
    bool broken; /* a process was lost: MPI cannot even be ended */
    int pending;
    MPI_Request requests[MAX_PENDING];
} world;

static mn_status lost(world *w) {
    w->broken = true;
    return w->host.lost();
}

/* Looks after requests until all are done; they only move while MPI is called. */
static mn_status wait_for(world *w, int count, MPI_Request *requests) {
    const double patience = 0.3; /* seconds: Open MPI kills one second after asking */
    double asked = 0;
    int done = 0;
    while (!done) {
        if (MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE) != MPI_SUCCESS) return lost(w);
        if (done) break;
        sched_yield(); /* to the threads that compute, where there are more of them than processors */
        if (!w->host.ending || !*w->host.ending) continue;
        if (asked == 0) asked = MPI_Wtime();
        if (MPI_Wtime() - asked > patience) return lost(w);
    }
    return MN_OK;
}

static mn_status sum(void *self, double *values, size_t count) {
    world *w = self;
    MPI_Request request;
    if (MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request) !=
        MPI_SUCCESS) {
        return lost(w);
    }
    return wait_for(w, 1, &request);
}

static mn_status wait_all(void *self) {
    world *w = self;
    int count = w->pending;
    w->pending = 0;
    return wait_for(w, count, w->requests);
}

static mn_status start_sum(void *self, float *values, size_t count) {
    world *w = self;
    int done;
    if (w->pending == MAX_PENDING) MN_TRY(wait_all(w));
    if (MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD,
                       &w->requests[w->pending++]) != MPI_SUCCESS) {
        return lost(w);
    }
    /* A look keeps earlier sums moving. */
    return MPI_Testall(w->pending, w->requests, &done, MPI_STATUSES_IGNORE) == MPI_SUCCESS ? MN_OK : lost(w);
}

static const char *start(const mn_mpi_host *host, mn_reduce **out) {
    int level, rank, ranks;
    world *w = calloc(1, sizeof *w);
    if (!w) return "out of memory";
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS) {
        free(w);
        return "MPI does not start";
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    w->host = *host;
    w->reduce = (mn_reduce){.rank = rank, .ranks = ranks, .self = w, .sum = sum, .start = start_sum, .wait = wait_all};
    *out = &w->reduce;
    return NULL;
}

static void end(mn_reduce *reduce, bool failed) {
    world *w = reduce->self;
    if (!w->broken && failed) MPI_Abort(MPI_COMM_WORLD, 1);
    if (!w->broken) MPI_Finalize();
    free(w);
}

MN_API extern const mn_mpi_module_interface mn_mpi_module;
const mn_mpi_module_interface mn_mpi_module = {.version = MN_MPI_MODULE_VERSION, .start = start, .end = end};
