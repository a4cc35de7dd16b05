/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/system.h"
#include "host/output.h"

#ifdef MN_SYSTEM_WINDOWS

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "base/clock.h"
#include "base/wide.h"
#include "host/files.h"

enum { RANDOM = 6, SLOTS = 8, TRIES = 100 };
static const char mark[] = ".tmp-";

/* What is being written. A file that is open cannot be removed, so its handle is kept, too: the handler of signals,
 * which runs on a thread of its own, closes it first. */
static struct slot {
    char *volatile temp;
    volatile HANDLE file;
} slots[SLOTS];

void mn_output_end(int number) {
    for (int i = 0; i < SLOTS; i++) {
        if (!slots[i].temp) continue;
        CloseHandle(slots[i].file);
        mn_files_remove(slots[i].temp);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void handle_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGBREAK};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        void (*was)(int) = signal(numbers[i], mn_output_end);
        if (was != SIG_DFL && was != SIG_ERR) signal(numbers[i], was);
    }
}

static void remember(char *temp, HANDLE file) {
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].temp) continue;
        slots[i].file = file;
        slots[i].temp = temp;
        return;
    }
}

static void forget(char *temp) {
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].temp == temp) slots[i].temp = NULL;
    }
    free(temp);
}

/* Removes what killed writers of `path` have left: Windows removes no file that a living one has open. */
static void sweep(const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const size_t length = strlen(base), before = (size_t)(base - path);
    char left[MN_WIDE_LETTERS];
    if (before + length + sizeof mark + RANDOM > sizeof left) return;
    memcpy(left, path, before);
    memcpy(left + before, ".", before == 0 ? 2 : 1);
    left[before == 0 ? 1 : before] = '\0';
    mn_folder *folder = mn_folder_open(left);
    if (!folder) return;
    for (const char *name; (name = mn_folder_next(folder));) {
        if (strncmp(name, base, length) != 0 || strncmp(name + length, mark, sizeof mark - 1) != 0) continue;
        if (strlen(name + length) != sizeof mark - 1 + RANDOM) continue;
        memcpy(left + before, name, strlen(name) + 1);
        mn_files_remove(left);
    }
    mn_folder_close(folder);
}

/* Letters that no other writer of the file is likely to take. */
static void name_temp(char *letters) {
    uint64_t number = mn_clock_ns() ^ ((uint64_t)GetCurrentProcessId() << 20);
    for (int i = 0; i < RANDOM; i++, number /= 36) letters[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
}

void mn_output_abort(mn_output *output) {
    const int reason = errno;
    if (output->file) fclose(output->file);
    if (output->temp) mn_files_remove(output->temp);
    free(output->path);
    forget(output->temp);
    *output = (mn_output){0};
    errno = reason;
}

static bool fail(mn_output *output) {
    mn_output_abort(output);
    return false;
}

/* A file beside output->path, so that renaming never crosses file systems. */
static bool open_temp(mn_output *output) {
    const size_t length = strlen(output->path);
    wchar_t wide[MN_WIDE_LETTERS];
    char *name = malloc(length + sizeof mark + RANDOM);
    if (!name) return fail(output);
    handle_signals();
    sweep(output->path);
    memcpy(name, output->path, length);
    memcpy(name + length, mark, sizeof mark - 1);
    name[length + sizeof mark - 1 + RANDOM] = '\0';
    int file = -1;
    for (int i = 0; i < TRIES && file < 0; i++) {
        name_temp(name + length + sizeof mark - 1);
        if (!mn_widen(name, wide)) break;
        file = _wopen(wide, _O_CREAT | _O_EXCL | _O_RDWR | _O_BINARY | _O_NOINHERIT, 0600);
        if (file < 0 && errno != EEXIST) break;
    }
    output->file = file >= 0 ? _fdopen(file, "wb") : NULL;
    if (output->file) {
        output->temp = name;
        remember(name, (HANDLE)_get_osfhandle(file));
        return true;
    }
    const int reason = errno;
    if (file >= 0) {
        _close(file);
        mn_files_remove(name);
    }
    free(name);
    errno = reason;
    return fail(output);
}

bool mn_output_open(mn_output *output, const char *path) {
    enum { WRITE = 2 };
    wchar_t wide[MN_WIDE_LETTERS];
    const mn_found found = mn_files_look(path);
    *output = (mn_output){.path = _strdup(path)};
    if (!output->path || !mn_widen(path, wide)) return fail(output);
    if (found == MN_FOUND_FOLDER) {
        errno = EISDIR;
        return fail(output);
    }
    if (found == MN_FOUND_FILE && _waccess(wide, WRITE) != 0) return fail(output);
    if (found != MN_FOUND_OTHER) return open_temp(output);
    output->file = mn_files_open(path, "wb");
    return output->file || fail(output);
}

/* Takes the place of an old file at once. False, with errno set. */
static bool move(const char *from, const char *to) {
    wchar_t wide_from[MN_WIDE_LETTERS], wide_to[MN_WIDE_LETTERS];
    if (!mn_widen(from, wide_from) || !mn_widen(to, wide_to)) return false;
    if (MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING)) return true;
    errno = GetLastError() == ERROR_ACCESS_DENIED || GetLastError() == ERROR_SHARING_VIOLATION ? EACCES : EIO;
    return false;
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
    if (output->temp && !move(output->temp, output->path)) return false;
    free(output->path);
    forget(output->temp);
    *output = (mn_output){0};
    return true;
}

#endif
