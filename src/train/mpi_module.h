/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the commands (mpi.c) and the module that MPI is linked to (mpi_module.c) tell each other. MPI is a module
 * because its libraries take longer to load than most commands take to run, and few need them. */
#ifndef MN_TRAIN_MPI_MODULE_H
#define MN_TRAIN_MPI_MODULE_H

#include <signal.h>

#include "train/reduce.h"

#define MN_MPI_MODULE_FILE "mobilenet_mpi.so"
#define MN_MPI_MODULE_SYMBOL "mn_mpi_module"

/** Changes with this header, so that neither takes the other for what it is not. */
enum { MN_MPI_MODULE_VERSION = 1 };

/** What the module needs of the command. */
typedef struct mn_mpi_host {
    const volatile sig_atomic_t *ending; /* set when this process was asked to end; NULL: that ends it anyway */
    mn_status (*lost)(void);             /* fails with a sentence about a lost process */
} mn_mpi_host;

/** What the module exports, under the name MN_MPI_MODULE_SYMBOL. */
typedef struct mn_mpi_module {
    int32_t version;
    /** NULL, or a sentence's end that says what failed. */
    const char *(*start)(const mn_mpi_host *host, mn_reduce **out);
    void (*end)(mn_reduce *reduce, bool failed);
} mn_mpi_module_interface;

#endif
