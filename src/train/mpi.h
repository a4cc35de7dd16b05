/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Training on several machines, or several processes of one: what `mpirun -np N` started works together. */
#ifndef MN_TRAIN_MPI_H
#define MN_TRAIN_MPI_H

#include <signal.h>

#include "train/reduce.h"

/** Joins the other processes when mpirun (or another launcher of MPI's) started this one; *out is NULL when it is
 *  alone. While a sum waits for the others, it is given up soon after `*ending` becomes true: a launcher that has lost
 *  a process asks the others to end.
 *  Errors: UNSUPPORTED (started by mpirun, but built without MPI), IO (MPI does not start). */
mn_status mn_mpi_start(const volatile sig_atomic_t *ending, mn_reduce **out);

/** Leaves the others; `failed` ends them too. */
void mn_mpi_end(mn_reduce **reduce, bool failed);

#endif
