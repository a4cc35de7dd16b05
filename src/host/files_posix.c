/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include "base/system.h"
#include "host/files.h"

#ifndef MN_SYSTEM_WINDOWS

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

mn_found mn_files_look(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) return MN_FOUND_NOTHING;
    return S_ISREG(info.st_mode) ? MN_FOUND_FILE : S_ISDIR(info.st_mode) ? MN_FOUND_FOLDER : MN_FOUND_OTHER;
}

bool mn_files_readable(const char *path) { return access(path, R_OK) == 0; }

FILE *mn_files_open(const char *path, const char *mode) { return fopen(path, mode); }

bool mn_files_remove(const char *path) { return unlink(path) == 0; }

bool mn_files_remove_folder(const char *path) { return rmdir(path) == 0; }

bool mn_files_absolute(const char *path) { return path[0] == '/'; }

struct mn_folder {
    DIR *stream;
};

mn_folder *mn_folder_open(const char *path) {
    mn_folder *folder = malloc(sizeof *folder);
    if (!folder) return NULL;
    folder->stream = opendir(path);
    if (folder->stream) return folder;
    free(folder);
    return NULL;
}

const char *mn_folder_next(mn_folder *folder) {
    for (const struct dirent *entry; (entry = readdir(folder->stream));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) return entry->d_name;
    }
    return NULL;
}

void mn_folder_close(mn_folder *folder) {
    closedir(folder->stream);
    free(folder);
}

#endif
