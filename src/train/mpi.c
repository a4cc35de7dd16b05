/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/mpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files.h"
#include "host/process.h"
#include "train/mpi_module.h"

#ifndef MN_MODULES /* built without CMake: the module lies beside the program */
#define MN_MODULES "."
#define MN_MODULES_FROM_PROGRAM ""
#endif

enum { PATH = 4096 };

/* Open MPI's launcher and those that speak PMI (MPICH, Slurm) say in the environment how many they started. */
static bool launched(void) {
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (getenv(names[i])) return true;
    }
    return false;
}

/* The module lies beside the program in a build folder, and where it was installed: from the program's place on, so
 * that an installed tree can be moved, else as it was configured. */
static bool find_module(char path[PATH]) {
    char folder[PATH];
    if (!mn_process_folder(folder, sizeof folder)) folder[0] = '\0';
    const char *const places[][2] = {{folder, ""}, {folder, "/" MN_MODULES_FROM_PROGRAM}, {MN_MODULES, ""}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int length = snprintf(path, PATH, "%s%s/" MN_MPI_MODULE_FILE, places[i][0], places[i][1]);
        if (mn_files_absolute(path) && length < PATH && mn_files_look(path) != MN_FOUND_NOTHING) return true;
    }
    return false;
}

static mn_status load_module(const mn_mpi_module_interface **out) {
    char path[PATH];
    if (!find_module(path)) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "started by mpirun, but " MN_MPI_MODULE_FILE " is neither beside this program nor in " MN_MODULES
                       "; install MPI's development files (on Debian: libopenmpi-dev) and build again, or start it "
                       "without mpirun");
    }
    /* What MPI loads itself finds MPI's names, and MPI starts once in a process. */
    const void *symbol;
    if (mn_process_load(path, MN_MPI_MODULE_SYMBOL, &symbol) != MN_OK) {
        char reason[512];
        snprintf(reason, sizeof reason, "%s", mn_error_detail());
        return mn_fail(MN_ERROR_UNSUPPORTED, "started by mpirun, but MPI cannot be loaded: %s", reason);
    }
    const mn_mpi_module_interface *found = symbol;
    if (!found || found->version != MN_MPI_MODULE_VERSION) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: belongs to another version of this program; install both again",
                       path);
    }
    *out = found;
    return MN_OK;
}

static mn_status lost(void) { return mn_fail(MN_ERROR_IO, "another process of this run was lost"); }

static const mn_mpi_module_interface *module;

mn_status mn_mpi_start(const volatile sig_atomic_t *ending, mn_reduce **out) {
    *out = NULL;
    if (!launched()) return MN_OK;
    MN_TRY(load_module(&module));
    const char *failure = module->start(&(mn_mpi_host){.ending = ending, .lost = lost}, out);
    return failure ? mn_fail(MN_ERROR_IO, "started by mpirun: %s", failure) : MN_OK;
}

mn_status mn_mpi_agree(mn_reduce *reduce, int32_t count, const char *what) {
    double all = count;
    if (!reduce) return MN_OK;
    MN_TRY(reduce->sum(reduce->self, &all, 1));
    if (all == (double)count * reduce->ranks) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "this process has %d %s, but others have more or fewer; give all the same files",
                   count, what);
}

void mn_mpi_end(mn_reduce **reduce, bool failed) {
    if (*reduce) module->end(*reduce, failed);
    *reduce = NULL;
}
