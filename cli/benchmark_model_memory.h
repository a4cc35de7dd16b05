/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Memory of this process, as benchmark_model reports it. */
#ifndef MN_BENCHMARK_MODEL_MEMORY_H
#define MN_BENCHMARK_MODEL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/** Largest resident size so far, in KiB; -1 where the system does not tell. It never falls, so the value
 *  read last is the peak and no thread has to watch it. */
int64_t bench_memory_peak_kib(void);

/** Resident and shared (file or shared memory) sizes now, in MiB rounded down; false where unknown. */
bool bench_memory_now(int64_t *resident_mib, int64_t *shared_mib);

#endif
