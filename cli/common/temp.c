/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _DEFAULT_SOURCE /* flock */
#define _XOPEN_SOURCE 700

#include "common/temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".tmp-XXXXXX";
enum { MARK = sizeof ".tmp-" - 1, RANDOM = 6, SLOTS = 8 };

/* Read by the handler of signals, on any thread. No command writes more files at once than there are slots. */
static char *volatile temps[SLOTS];

void cli_temp_end(int number) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int i = 0; i < SLOTS; i++) {
        if (temps[i] != NULL) unlink(temps[i]);
    }
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
    raise(number);
}

static void handle_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action, end = {.sa_handler = cli_temp_end};
        sigemptyset(&end.sa_mask);
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
            sigaction(numbers[i], &end, NULL);
        }
    }
}

static void remember(char *temp) {
    for (int i = 0; i < SLOTS; i++) {
        if (temps[i] != NULL) continue;
        temps[i] = temp;
        return;
    }
}

void cli_temp_forget(char *temp) {
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
    const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    size_t length = strlen(base);
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    DIR *stream = folder != NULL ? opendir(folder) : NULL;
    free(folder);
    if (stream == NULL) return;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
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

int cli_temp_create(const char *path, mode_t mode, char **temp) {
    size_t length = strlen(path);
    char *name = malloc(length + sizeof suffix);
    if (name == NULL) {
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
    cli_temp_forget(name);
    errno = reason;
    return -1;
}
