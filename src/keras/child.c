/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L

#include "keras/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* Weights of 14 MB take 0.05 s of processor time, packed ones ten times that; sanitizers and old machines as much more
 * again. */
#define BASE_SECONDS 4
#define BYTES_A_SECOND ((size_t)4 << 20)
#define WAIT_FACTOR 15 /* on a busy machine the clock on the wall runs so much faster than the processor's */
/* Files hold up to 2 GiB of numbers (keras/weights.h), which HDF5 and the network hold once each. */
#define BASE_MEMORY ((size_t)1 << 30)
#define MAX_MEMORY_LOG2 33
#define MEMORY_FACTOR 32 /* of the file's bytes: arrays may be packed */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0 /* a sanitizer takes terabytes of addresses */
#endif

/* ---- In the child ------------------------------------------------------------------------------------ */

/* At the hard limit of processor time, `spare` above, comes SIGKILL, which does not say why. */
static void limit(int resource, uint64_t value, uint64_t spare) {
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) return;
    bool more = now.rlim_max != RLIM_INFINITY && (uint64_t)now.rlim_max < value + spare;
    if (!more) now.rlim_max = (rlim_t)(value + spare);
    now.rlim_cur = more ? now.rlim_max : (rlim_t)value;
    setrlimit(resource, &now);
}

static void limit_all(const mn_child *child, size_t bytes) {
    uint64_t memory = BASE_MEMORY + (uint64_t)MEMORY_FACTOR * bytes, most = (uint64_t)1 << MAX_MEMORY_LOG2;
    if (memory > most) memory = most;
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_CPU, (uint64_t)child->seconds, 1);
    /* Where addresses have 32 bits they are the limit. */
    if (!SANITIZED && sizeof(size_t) > 4) limit(RLIMIT_AS, memory, 0);
    alarm((unsigned)(child->seconds * WAIT_FACTOR)); /* also when nobody waits any more */
}

/* The library's complaints are no sentences, and what a handler of the parent's would undo is not the child's. */
static void go_quiet(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGALRM, SIGPIPE, SIGSEGV, SIGBUS, SIGABRT};
    for (size_t i = 0; !SANITIZED && i < sizeof signals / sizeof signals[0]; i++) signal(signals[i], SIG_DFL);
    int null = open("/dev/null", O_WRONLY);
    if (null >= 0) dup2(null, STDERR_FILENO);
    if (null > STDERR_FILENO) close(null);
}

bool mn_child_write(int to, const void *data, size_t bytes) {
    const char *at = data;
    while (bytes > 0) {
        ssize_t wrote = write(to, at, bytes);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        at += wrote;
        bytes -= (size_t)wrote;
    }
    return true;
}

/* ---- In the parent ----------------------------------------------------------------------------------- */

mn_status mn_child_start(mn_child *child, void (*work)(void *data, int to), void *data, size_t bytes, int32_t seconds,
                         const char *name) {
    int ends[2];
    *child = (mn_child){.name = name, .seconds = seconds};
    if (seconds <= 0) child->seconds = (int32_t)(BASE_SECONDS + bytes / BYTES_A_SECOND);
    child->last_time = mn_clock_ns() + UINT64_C(1000000000) * WAIT_FACTOR * (uint64_t)child->seconds;
    if (pipe(ends) != 0) {
        return mn_fail(MN_ERROR_IO, "%s: cannot make a pipe to the process that would read it: %s", name,
                       strerror(errno));
    }
    pid_t process = fork();
    if (process == 0) {
        close(ends[0]);
        go_quiet();
        limit_all(child, bytes);
        work(data, ends[1]);
        _exit(0);
    }
    int reason = errno;
    close(ends[1]);
    if (process < 0) {
        close(ends[0]);
        return mn_fail(MN_ERROR_IO, "%s: cannot start a process to read it: %s", name, strerror(reason));
    }
    child->process = process;
    child->from = ends[0];
    return MN_OK;
}

/* Waits until there is something to read; false when time runs out. */
static bool wait_for_data(mn_child *child) {
    for (;;) {
        uint64_t now = mn_clock_ns(), left = now < child->last_time ? (child->last_time - now) / 1000000 : 0;
        struct pollfd wanted = {.fd = child->from, .events = POLLIN};
        int ready = left > 0 ? poll(&wanted, 1, (int)left) : 0;
        if (ready > 0) return true;
        child->late = ready == 0;
        if (ready == 0 || errno != EINTR) return false;
    }
}

bool mn_child_read(mn_child *child, void *data, size_t bytes) {
    char *at = data;
    while (bytes > 0) {
        if (!wait_for_data(child)) return false;
        ssize_t got = read(child->from, at, bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        bytes -= (size_t)got;
    }
    return true;
}

static mn_status explain(const mn_child *child, int result) {
    int sign = WIFSIGNALED(result) ? WTERMSIG(result) : 0;
    if (child->late || sign == SIGXCPU || sign == SIGALRM) {
        return mn_fail(MN_ERROR_FORMAT,
                       "%s: reading it takes more than %d s, as long as a damaged file can keep the HDF5 library busy; "
                       "fetch it again",
                       child->name, child->late ? child->seconds * WAIT_FACTOR : child->seconds);
    }
    if (sign == SIGKILL) {
        return mn_fail(MN_ERROR_MEMORY, "%s: the process that read it was killed, as happens when memory runs out",
                       child->name);
    }
    return mn_fail(MN_ERROR_FORMAT, "%s: is damaged in a way that crashes the HDF5 library; fetch it again",
                   child->name);
}

mn_status mn_child_end(mn_child *child, bool complete) {
    pid_t ended;
    int result = 0;
    close(child->from); /* which ends a child that still writes */
    if (child->late) kill((pid_t)child->process, SIGKILL);
    do {
        ended = waitpid((pid_t)child->process, &result, 0);
    } while (ended < 0 && errno == EINTR);
    return complete ? MN_OK : explain(child, ended < 0 ? 0 : result);
}
