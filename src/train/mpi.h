/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Training on several machines, or several processes of one: what `mpirun -np N` started works together.
 * MPI itself is only loaded then; see mpi_module.h. */
#ifndef MN_TRAIN_MPI_H
#define MN_TRAIN_MPI_H

#include <signal.h>

#include "train/reduce.h"

/** Joins the other processes when mpirun (or another launcher of MPI's) started this one; *out is NULL when it is
 *  alone. Once in a process. While a sum waits for the others, it is given up soon after `*ending` becomes true: a
 *  launcher that has lost a process asks the others to end. With `ending` NULL, nothing but the end of the process ends
 *  such a wait.
 *  Errors: UNSUPPORTED (started by mpirun, but the module that MPI is linked to is missing or does not load), IO (MPI
 *  does not start). Sums fail with IO when another process was lost. */
mn_status mn_mpi_start(const volatile sig_atomic_t *ending, mn_reduce **out);

/** Checks that every process has found the same number of `what`, or they would wait for each other in vain.
 *  Errors: ARGUMENT (they have not), IO (another process was lost). `reduce` NULL: there is nothing to check. */
mn_status mn_mpi_agree(mn_reduce *reduce, int32_t count, const char *what);

/** Leaves the others; `failed` ends them too. */
void mn_mpi_end(mn_reduce **reduce, bool failed);

#endif
