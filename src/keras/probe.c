/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L

#include "keras/probe.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_SECONDS 120

mn_status mn_probe(void (*read)(void *data), void *data, const char *name) {
    int result = 0;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        alarm(MAX_SECONDS);
        read(data);
        _exit(0);
    }
    if (child < 0) return MN_OK;
    pid_t ended;
    do {
        ended = waitpid(child, &result, 0);
    } while (ended < 0 && errno == EINTR);
    if (ended != child || (WIFEXITED(result) && WEXITSTATUS(result) == 0)) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: is damaged in a way that the HDF5 library does not survive; fetch it again",
                   name);
}
