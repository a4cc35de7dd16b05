/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "common/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "host/files.h"

static bool cannot_write(const char *path) {
    cli_error("%s: cannot be written: %s", path, strerror(errno));
    return false;
}

bool cli_output_open(cli_output *output, const char *path) {
    return mn_output_open(output, path) || cannot_write(path);
}

bool cli_output_commit(cli_output *output) {
    if (mn_output_commit(output)) return true;
    cannot_write(output->path);
    mn_output_abort(output);
    return false;
}

void cli_output_abort(cli_output *output) { mn_output_abort(output); }

bool cli_output_suits(const char *command, const char *path, cli_written written) {
    static const char *const others[] = {".tflite", ".h5", ".hdf5", ".keras",      ".onnx",
                                         ".pth",    ".pt", ".pb",   ".safetensors"};
    const char *ending = strrchr(path, '.');
    bool h5 = written == CLI_WRITES_H5, suits = ending == NULL;
    if (ending != NULL && h5) suits = strcmp(ending, ".h5") == 0 || strcmp(ending, ".hdf5") == 0;
    if (ending != NULL && !h5) suits = strcmp(ending, ".tflite") == 0;
    for (size_t i = 0; !suits && i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(ending, others[i]) != 0) continue;
        int stem = (int)(ending - path);
        if (h5) {
            cli_error("%s: -o %s: weights are written as HDF5, which Keras loads; name them %.*s.h5%s%.*s%s%.*s%s",
                      command, path, stem, path, i == 0 ? ", and make a .tflite of them with 'mobilenet convert " : "",
                      i == 0 ? stem : 0, path, i == 0 ? ".h5 -o " : "", i == 0 ? stem : 0, path,
                      i == 0 ? ".tflite'" : "");
        } else {
            cli_error("%s: -o %s: a .tflite is written, and no %s; name it %.*s.tflite", command, path, ending, stem,
                      path);
        }
        return false;
    }
    return true;
}

void cli_output_tell(const char *path) {
    if (mn_files_look(path) == MN_FOUND_FILE) cli_error("%s: is there already and will be replaced", path);
}

bool cli_write_file(const char *path, const void *data, size_t bytes) {
    cli_output output = {0};
    if (!cli_output_open(&output, path)) return false;
    errno = 0;
    if (fwrite(data, 1, bytes, output.file) == bytes) return cli_output_commit(&output);
    if (errno == 0) errno = EIO;
    cannot_write(path);
    cli_output_abort(&output);
    return false;
}

/* Opens a regular file or a pipe for reading, "-" being standard input; directories open but cannot be read, so they
 * are refused here. close_input() takes it. */
static FILE *open_input(const char *path) {
    if (strcmp(path, "-") == 0) return stdin;
    if (mn_files_look(path) == MN_FOUND_FOLDER) {
        cli_error("%s: cannot be read: it is a folder", path);
        return NULL;
    }
    FILE *file = mn_files_open(path, "rb");
    if (file == NULL) cli_error("%s: cannot be read: %s", path, strerror(errno));
    return file;
}

static void close_input(FILE *file) {
    if (file != stdin) fclose(file);
}

bool cli_read_exact(const char *path, void *data, size_t bytes, const char *what) {
    FILE *file = open_input(path);
    if (file == NULL) return false;
    size_t got = fread(data, 1, bytes, file);
    bool more = got == bytes && fgetc(file) != EOF;
    bool failed = ferror(file) != 0;
    close_input(file);
    if (failed) {
        cli_error("%s: cannot be read", path);
    } else if (more) {
        cli_error("%s: holds more than the %zu bytes that %s takes", path, bytes, what);
    } else if (got != bytes) {
        cli_error("%s: holds %zu bytes, but %s takes %zu", path, got, what, bytes);
    }
    return !failed && !more && got == bytes;
}

/* Reads all of `file` into a terminated string; more than 64 MiB is refused. */
static char *read_text(FILE *file, const char *path, size_t *length) {
    const size_t limit = (size_t)64 << 20;
    size_t room = 1 << 16, used = 0;
    char *text = malloc(room + 1);
    while (text != NULL) {
        used += fread(text + used, 1, room - used, file);
        if (used < room) break;
        if (room >= limit) {
            cli_error("%s: is larger than 64 MiB, too large for a list", path);
            free(text);
            return NULL;
        }
        room *= 2;
        char *larger = realloc(text, room + 1);
        if (larger == NULL) free(text);
        text = larger;
    }
    if (text == NULL) {
        cli_error("%s: out of memory", path);
        return NULL;
    }
    text[used] = '\0';
    *length = used;
    if (!ferror(file) && memchr(text, '\0', used) == NULL) return text;
    cli_error("%s: %s", path, ferror(file) ? "cannot be read" : "is not a text file");
    free(text);
    return NULL;
}

bool cli_lines_read(const char *path, cli_lines *out) {
    size_t length = 0;
    FILE *file = open_input(path);
    if (file == NULL) return false;
    char *text = read_text(file, path, &length);
    close_input(file);
    if (text == NULL) return false;

    size_t count = 1;
    for (size_t i = 0; i < length; i++) count += text[i] == '\n';
    char **line = malloc(count * sizeof *line);
    if (line == NULL) {
        cli_error("%s: out of memory", path);
        free(text);
        return false;
    }
    char *start = strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text;
    for (size_t i = 0; i < count; i++) {
        char *end = start + strcspn(start, "\n");
        line[i] = start;
        start = end + 1;
        if (end > line[i] && end[-1] == '\r') end[-1] = '\0';
        *end = '\0';
    }
    while (count > 0 && line[count - 1][strspn(line[count - 1], " \t")] == '\0') count--;
    *out = (cli_lines){.text = text, .line = line, .count = count};
    return true;
}

void cli_lines_free(cli_lines *lines) {
    free(lines->text);
    free((void *)lines->line);
    *lines = (cli_lines){0};
}
