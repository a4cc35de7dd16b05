/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "compile_library.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "common/error.h"
#include "common/file.h"
#include "host/files.h"

enum { PATH_BYTES = 4096 };

/* False after a sentence. */
static bool make_path(const mn_mcu_library *library, int32_t i, const char *folder, char path[PATH_BYTES]) {
    const int used = snprintf(path, PATH_BYTES, "%s/", folder);
    if (used > 0 && used + 256 < PATH_BYTES) {
        mn_mcu_library_path(library, i, path + used, PATH_BYTES - (size_t)used);
        return true;
    }
    cli_error("%s: the name is too long", folder);
    return false;
}

/* The folders between the first `from` characters of a path and its last part. False after a sentence. */
static bool make_folders(char *path, size_t from) {
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool made = mn_file_make_folder(path) || errno == EEXIST;
        if (!made) cli_error("%s: folder cannot be made: %s", path, strerror(errno));
        *slash = '/';
        if (!made) return false;
    }
    return true;
}

static bool write_file(const mn_mcu_library *library, int32_t i, const char *folder) {
    char path[PATH_BYTES];
    cli_output file = {0};
    if (!make_path(library, i, folder, path) || !make_folders(path, strlen(folder) + 1)) return false;
    if (!cli_output_open(&file, path)) return false;
    mn_mcu_library_emit(library, i, file.file);
    return cli_output_commit(&file);
}

/* A file, and the folders above it that are empty then. */
static void remove_file(const mn_mcu_library *library, int32_t i, const char *folder) {
    char path[PATH_BYTES];
    if (!make_path(library, i, folder, path)) return;
    mn_files_remove(path);
    for (char *slash = strrchr(path, '/'); slash > path + strlen(folder); slash = strrchr(path, '/')) {
        *slash = '\0';
        mn_files_remove_folder(path);
    }
}

bool cli_compile_library_write(const mn_mcu_library *library, const char *folder) {
    bool good = true;
    for (int32_t i = 0; good && i < mn_mcu_library_files(); i++) good = write_file(library, i, folder);
    for (int32_t i = 0; !good && i < mn_mcu_library_files(); i++) remove_file(library, i, folder);
    return good;
}
