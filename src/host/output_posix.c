/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _DEFAULT_SOURCE /* flock() */
#define _DARWIN_C_SOURCE
#define _XOPEN_SOURCE 700
#define _FILE_OFFSET_BITS 64

#include "base/system.h"
#include "host/output.h"

#ifndef MN_SYSTEM_WINDOWS

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".tmp-XXXXXX";
enum { MARK = sizeof ".tmp-" - 1, RANDOM = 6, SLOTS = 8 };

/* Read by the handler of signals, on any thread. No command writes more files at once than there are slots. */
static char *volatile temps[SLOTS];

void mn_output_end(int number) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int i = 0; i < SLOTS; i++) {
        if (temps[i]) unlink(temps[i]);
    }
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
    raise(number);
}

static void handle_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action, end = {.sa_handler = mn_output_end};
        sigemptyset(&end.sa_mask);
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
            sigaction(numbers[i], &end, NULL);
        }
    }
}

static void remember(char *temp) {
    for (int i = 0; i < SLOTS; i++) {
        if (temps[i]) continue;
        temps[i] = temp;
        return;
    }
}

/* Frees `temp`, whose file has got another name or is removed; NULL is nothing. */
static void forget(char *temp) {
    for (int i = 0; i < SLOTS; i++) {
        if (temps[i] == temp) temps[i] = NULL;
    }
    free(temp);
}

/* Removes the file `name` in `folder` unless a living process holds its lock. */
static void remove_left(int folder, const char *name) {
    int file = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    if (file < 0) return;
    if (fstat(file, &info) == 0 && S_ISREG(info.st_mode) && flock(file, LOCK_EX | LOCK_NB) == 0) {
        unlinkat(folder, name, 0);
    }
    close(file);
}

/* Removes what killed writers of `path` have left. What cannot be read or removed stays: it does no harm. */
static void sweep(const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t length = strlen(base);
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    DIR *stream = folder ? opendir(folder) : NULL;
    free(folder);
    if (!stream) return;
    for (struct dirent *entry; (entry = readdir(stream));) {
        const char *name = entry->d_name;
        if (strncmp(name, base, length) != 0 || strncmp(name + length, suffix, MARK) != 0) continue;
        if (strlen(name + length) == MARK + RANDOM) remove_left(dirfd(stream), name);
    }
    closedir(stream);
}

/* Is `file` still what `temp` names? Between being made and being locked it may have been swept away. */
static bool is_named(int file, const char *temp) {
    struct stat mine, named;
    return fstat(file, &mine) == 0 && stat(temp, &named) == 0 && mine.st_ino == named.st_ino;
}

/* Creates a file beside `path`, so that renaming never crosses file systems. Gives its descriptor, locked for as long
 * as it is open, and its name; -1 with errno on failure. */
static int create(const char *path, mode_t mode, char **temp) {
    size_t length = strlen(path);
    char *name = malloc(length + sizeof suffix);
    if (!name) {
        errno = ENOMEM;
        return -1;
    }
    handle_signals();
    sweep(path);
    for (;;) {
        memcpy(name, path, length);
        memcpy(name + length, suffix, sizeof suffix);
        int file = mkstemp(name);
        if (file < 0) break;
        remember(name);
        fcntl(file, F_SETFD, FD_CLOEXEC);
        /* Where files cannot be locked, they cannot be swept either. */
        bool mine = flock(file, LOCK_EX | LOCK_NB) != 0 || is_named(file, name);
        if (mine && fchmod(file, mode) == 0) {
            *temp = name;
            return file;
        }
        int reason = errno;
        close(file);
        if (mine) unlink(name);
        errno = reason;
        if (mine) break;
    }
    int reason = errno;
    forget(name);
    errno = reason;
    return -1;
}

void mn_output_abort(mn_output *output) {
    int reason = errno;
    if (output->file) fclose(output->file);
    if (output->temp) unlink(output->temp);
    free(output->path);
    forget(output->temp);
    *output = (mn_output){0};
    errno = reason;
}

static bool fail(mn_output *output) {
    mn_output_abort(output);
    return false;
}

static bool open_temp(mn_output *output, mode_t mode) {
    int descriptor = create(output->path, mode, &output->temp);
    if (descriptor < 0) return fail(output);
    output->file = fdopen(descriptor, "wb");
    if (output->file) return true;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return fail(output);
}

bool mn_output_open(mn_output *output, const char *path) {
    struct stat info;
    *output = (mn_output){0};
    bool exists = stat(path, &info) == 0;
    bool regular = exists && S_ISREG(info.st_mode);
    output->path = regular ? realpath(path, NULL) : strdup(path); /* a pipe has no true path */
    if (!output->path) return false;
    if (regular) return access(path, W_OK) == 0 ? open_temp(output, info.st_mode & 0777) : fail(output);
    if (!exists) {
        mode_t mask = umask(0);
        umask(mask);
        return open_temp(output, 0666 & ~mask);
    }
    output->file = fopen(path, "wb");
    return output->file || fail(output);
}

bool mn_output_commit(mn_output *output) {
    FILE *file = output->file;
    if (ferror(file)) {
        errno = EIO;
        return false;
    }
    if (fflush(file) != 0) return false;
    output->file = NULL;
    if (fclose(file) != 0) return false;
    if (output->temp && rename(output->temp, output->path) != 0) return false;
    free(output->path);
    forget(output->temp);
    *output = (mn_output){0};
    return true;
}

#endif
