/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L

#include "benchmark_model_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* VmHWM belongs to this program alone. ru_maxrss, which the original reads, also holds what the process
 * used before exec (a large shell or Python parent makes every difference 0), so it is only second choice. */
int64_t bench_memory_peak_kib(void) {
    int64_t kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    if (file != NULL) {
        char line[256];
        while (kib < 0 && fgets(line, sizeof line, file) != NULL) {
            if (sscanf(line, "VmHWM: %" SCNd64, &kib) != 1) kib = -1;
        }
        fclose(file);
    }
    struct rusage usage;
    if (kib < 0 && getrusage(RUSAGE_SELF, &usage) == 0) kib = usage.ru_maxrss;
    return kib;
}

bool bench_memory_now(int64_t *resident_mib, int64_t *shared_mib) {
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return false;
    int64_t resident = 0;
    int64_t shared = 0;
    bool ok = fscanf(file, "%*d %" SCNd64 " %" SCNd64, &resident, &shared) == 2;
    fclose(file);
    if (!ok) return false;
    int64_t page = sysconf(_SC_PAGESIZE);
    *resident_mib = resident * page / (1024 * 1024);
    *shared_mib = shared * page / (1024 * 1024);
    return true;
}
