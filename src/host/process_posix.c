/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _DEFAULT_SOURCE /* _SC_PHYS_PAGES */
#define _DARWIN_C_SOURCE
#define _XOPEN_SOURCE 700

#include "host/process.h"

#include "base/system.h"

#ifndef MN_SYSTEM_WINDOWS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

/* NOLINTNEXTLINE(readability-non-const-parameter): process_windows.c changes it */
bool mn_process_begin(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    /* The wrong way round on purpose: writing to a closed standard output must fail, not vanish. */
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
        if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) != descriptor) break;
    }
    return true;
}

bool mn_process_terminal(void) { return isatty(STDERR_FILENO) == 1; }

void mn_process_handle(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

bool mn_process_mute(void) { return freopen("/dev/null", "w", stdout) != NULL; }

void mn_process_wait(double seconds) {
    if (!(seconds > 0.0)) return;
    if (seconds > 1e9) seconds = 1e9;
    struct timespec rest = {.tv_sec = (time_t)seconds};
    rest.tv_nsec = (long)((seconds - (double)rest.tv_sec) * 1e9);
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}

/* Linux's VmHWM belongs to this program alone. ru_maxrss also holds what the process used before exec (a large shell
 * or Python parent makes every difference 0), so it is only second choice. */
int64_t mn_process_peak_kib(void) {
    int64_t kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    if (file) {
        char line[256];
        while (kib < 0 && fgets(line, sizeof line, file)) {
            if (sscanf(line, "VmHWM: %" SCNd64, &kib) != 1) kib = -1;
        }
        fclose(file);
    }
    struct rusage usage;
    if (kib < 0 && getrusage(RUSAGE_SELF, &usage) == 0) kib = usage.ru_maxrss;
#ifdef __APPLE__
    kib /= 1024; /* it counts bytes */
#endif
    return kib;
}

bool mn_process_memory(int64_t *resident_mib, int64_t *shared_mib) {
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return false;
    int64_t resident = 0, shared = 0;
    bool ok = fscanf(file, "%*d %" SCNd64 " %" SCNd64, &resident, &shared) == 2;
    fclose(file);
    if (!ok) return false;
    int64_t page = sysconf(_SC_PAGESIZE);
    *resident_mib = resident * page / (1024 * 1024);
    *shared_mib = shared * page / (1024 * 1024);
    return true;
}

uint64_t mn_process_ram(void) {
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

bool mn_process_folder(char *path, size_t bytes) {
#ifdef __APPLE__
    uint32_t room = (uint32_t)bytes;
    if (_NSGetExecutablePath(path, &room) != 0) return false;
#else
    ssize_t length = readlink("/proc/self/exe", path, bytes - 1);
    if (length < 0) return false;
    path[length] = '\0';
#endif
    char *slash = strrchr(path, '/');
    if (slash) *slash = '\0';
    return slash != NULL;
}

mn_status mn_process_load(const char *path, const char *symbol, const void **out) {
    *out = NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!library) return mn_fail(MN_ERROR_UNSUPPORTED, "%s", dlerror());
    *out = dlsym(library, symbol);
    return MN_OK;
}

#endif
