/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _XOPEN_SOURCE 700

#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/temp.h"

static void output_free(cli_output *output) {
    free(output->path);
    cli_temp_forget(output->temp);
    *output = (cli_output){0};
}

static bool output_fail(cli_output *output, int reason) {
    cli_error("%s: cannot be written: %s", output->path, strerror(reason));
    if (output->file != NULL) fclose(output->file);
    if (output->temp != NULL) unlink(output->temp);
    output_free(output);
    return false;
}

/* Creates the temporary file beside `path`, so that renaming never crosses file systems. */
static bool open_temp(cli_output *output, mode_t mode) {
    int descriptor = cli_temp_create(output->path, mode, &output->temp);
    if (descriptor < 0) return output_fail(output, errno);
    output->file = fdopen(descriptor, "wb");
    if (output->file != NULL) return true;
    int reason = errno;
    close(descriptor);
    return output_fail(output, reason);
}

bool cli_output_open(cli_output *output, const char *path) {
    struct stat info;
    *output = (cli_output){0};
    bool exists = stat(path, &info) == 0;
    bool regular = exists && S_ISREG(info.st_mode);
    output->path = regular ? realpath(path, NULL) : strdup(path); /* a pipe has no true path */
    if (output->path == NULL) {
        cli_error("%s: cannot be written: %s", path, strerror(errno));
        return false;
    }
    if (regular) {
        if (access(path, W_OK) != 0) return output_fail(output, errno);
        return open_temp(output, info.st_mode & 0777);
    }
    if (!exists) {
        mode_t mask = umask(0);
        umask(mask);
        return open_temp(output, 0666 & ~mask);
    }
    output->file = fopen(path, "wb");
    return output->file != NULL || output_fail(output, errno);
}

bool cli_output_commit(cli_output *output) {
    FILE *file = output->file;
    if (ferror(file)) return output_fail(output, EIO);
    if (fflush(file) != 0) return output_fail(output, errno);
    output->file = NULL;
    if (fclose(file) != 0) return output_fail(output, errno);
    if (output->temp != NULL && rename(output->temp, output->path) != 0) return output_fail(output, errno);
    output_free(output);
    return true;
}

void cli_output_abort(cli_output *output) {
    if (output->file != NULL) fclose(output->file);
    if (output->temp != NULL) unlink(output->temp);
    output_free(output);
}

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
    struct stat info;
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) cli_error("%s: is there already and will be replaced", path);
}

bool cli_write_file(const char *path, const void *data, size_t bytes) {
    cli_output output = {0};
    if (!cli_output_open(&output, path)) return false;
    errno = 0;
    if (fwrite(data, 1, bytes, output.file) != bytes) return output_fail(&output, errno != 0 ? errno : EIO);
    return cli_output_commit(&output);
}

/* Opens a regular file or a pipe for reading, "-" being standard input; directories open but cannot be read, so they
 * are refused here. */
static FILE *open_input(const char *path) {
    struct stat info;
    FILE *file = strcmp(path, "-") == 0 ? fdopen(dup(STDIN_FILENO), "rb") : fopen(path, "rb");
    if (file == NULL) {
        cli_error("%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
        cli_error("%s: cannot be read: it is a folder", path);
        fclose(file);
        return NULL;
    }
    return file;
}

bool cli_read_exact(const char *path, void *data, size_t bytes, const char *what) {
    FILE *file = open_input(path);
    if (file == NULL) return false;
    size_t got = fread(data, 1, bytes, file);
    bool more = got == bytes && fgetc(file) != EOF;
    bool failed = ferror(file) != 0;
    fclose(file);
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
    fclose(file);
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
