/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A program for an Ethos-U, decoded once and run many times. */
#ifndef MN_ETHOSU_PROGRAM_H
#define MN_ETHOSU_PROGRAM_H

#include "base/thread.h"
#include "ethosu/origins.h"

typedef struct mn_ethosu_program mn_ethosu_program;

/** This processor, with one thread. */
mn_ethosu_machine mn_ethosu_machine_here(void);

/** Multiply-accumulates that a program may ask for: a hundred times those of the largest classifiers. */
#define MN_ETHOSU_WORK 4e11

/** Decodes the program in `payload` for memories of these sizes (that of the tables is set here). Constant memories
 * stay the caller's and must outlive the program. `machine`: what will run it. `work`: multiply-accumulates
 * that the program may ask for. Errors: those of the program, with a sentence that names the command; MEMORY. */
mn_status mn_ethosu_program_make(const uint8_t *payload, size_t bytes, const mn_ethosu_memory *memory,
                                 const mn_ethosu_machine *machine, double work, mn_ethosu_program **out);

/** Bytes of workspace that a run needs, aligned to 64. */
size_t mn_ethosu_program_workspace(const mn_ethosu_program *program);

/** Runs it. `spaces` are the memories, of their sizes; constant ones are not written and may be NULL. `team`: of as
 * many threads at most; NULL: the caller alone. Cannot fail, and allocates nothing. */
void mn_ethosu_program_run(const mn_ethosu_program *program, uint8_t *const spaces[MN_ETHOSU_SPACES], void *workspace,
                           mn_team *team);

void mn_ethosu_program_free(mn_ethosu_program *program);

#endif
