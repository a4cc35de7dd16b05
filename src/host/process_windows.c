/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "host/process.h"

#include "base/system.h"

#ifdef MN_SYSTEM_WINDOWS

#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
/* needs <windows.h> before it */
#include <psapi.h>
#include <shellapi.h>

#include "base/wide.h"

static UINT code_page; /* of the console, before */

static void restore_code_page(void) { SetConsoleOutputCP(code_page); }

/* Names of files hold no backslash, so that each is one between folders; but those that begin with two of them and a
 * question mark or point are taken by Windows as they are. */
static void slash(char *argument) {
    if (strncmp(argument, "\\\\?\\", 4) == 0 || strncmp(argument, "\\\\.\\", 4) == 0) return;
    for (char *at = argument; (at = strchr(at, '\\'));) *at = '/';
}

static char *narrow(const wchar_t *wide) {
    const int bytes = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = bytes > 0 ? malloc((size_t)bytes) : NULL;
    if (text && WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, bytes, NULL, NULL) > 0) return text;
    free(text);
    return NULL;
}

static bool take_arguments(int *count, char ***arguments) {
    int given = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &given);
    if (!wide || given < *count) return wide != NULL; /* whoever started main() knows more */
    char **all = calloc((size_t)given + 1, sizeof *all);
    bool good = all != NULL;
    for (int i = 0; good && i < given; i++) {
        all[i] = narrow(wide[i]);
        good = all[i] != NULL;
        if (good) slash(all[i]);
    }
    LocalFree(wide);
    if (!good) return false;
    *count = given;
    *arguments = all;
    return true;
}

bool mn_process_begin(int *count, char ***arguments) {
    DWORD mode;
    HANDLE console = GetStdHandle(STD_ERROR_HANDLE);
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    code_page = GetConsoleOutputCP();
    if (code_page != 0 && SetConsoleOutputCP(CP_UTF8)) atexit(restore_code_page);
    if (GetConsoleMode(console, &mode)) SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    return take_arguments(count, arguments);
}

bool mn_process_terminal(void) {
    DWORD mode;
    return GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode) && (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

void mn_process_handle(int number, void (*handler)(int)) { signal(number, handler); }

bool mn_process_mute(void) { return freopen("NUL", "wb", stdout) != NULL; }

void mn_process_wait(double seconds) {
    if (seconds > 0.0) Sleep(seconds < 4e6 ? (DWORD)(seconds * 1e3) : INFINITE - 1);
}

static bool counters(PROCESS_MEMORY_COUNTERS *out) {
    *out = (PROCESS_MEMORY_COUNTERS){.cb = sizeof *out};
    return K32GetProcessMemoryInfo(GetCurrentProcess(), out, sizeof *out);
}

int64_t mn_process_peak_kib(void) {
    PROCESS_MEMORY_COUNTERS memory;
    return counters(&memory) ? (int64_t)(memory.PeakWorkingSetSize / 1024) : -1;
}

bool mn_process_memory(int64_t *resident_mib, int64_t *shared_mib) {
    PROCESS_MEMORY_COUNTERS memory;
    if (!counters(&memory)) return false;
    const SIZE_T own = memory.PagefileUsage < memory.WorkingSetSize ? memory.PagefileUsage : memory.WorkingSetSize;
    *resident_mib = (int64_t)(memory.WorkingSetSize >> 20);
    *shared_mib = (int64_t)((memory.WorkingSetSize - own) >> 20);
    return true;
}

uint64_t mn_process_ram(void) {
    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    return GlobalMemoryStatusEx(&memory) ? memory.ullTotalPhys : 0;
}

bool mn_process_folder(char *path, size_t bytes) {
    wchar_t wide[MN_WIDE_LETTERS];
    const DWORD letters = GetModuleFileNameW(NULL, wide, MN_WIDE_LETTERS);
    if (letters == 0 || letters >= MN_WIDE_LETTERS) return false;
    if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, (int)bytes, NULL, NULL) <= 0) return false;
    slash(path);
    char *last = strrchr(path, '/');
    if (last) *last = '\0';
    return last != NULL;
}

mn_status mn_process_load(const char *path, const char *symbol, const void **out) {
    wchar_t wide[MN_WIDE_LETTERS];
    HMODULE library = mn_widen(path, wide) ? LoadLibraryW(wide) : NULL;
    *out = NULL;
    if (!library) return mn_fail(MN_ERROR_UNSUPPORTED, "Windows' error %lu", (unsigned long)GetLastError());
    FARPROC found = GetProcAddress(library, symbol);
    memcpy(out, &found, sizeof *out);
    return MN_OK;
}

#endif
