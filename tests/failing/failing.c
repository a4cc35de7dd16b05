/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Runs a command again and again, each time with another allocation failing.
 * usage: failing [--runs N] [--same] [--out|--timed FILE]... -- mobilenet|library|delegate ARGUMENTS...
 *   --runs   at most so many runs, spread over all allocations [each one fails, alone and with all after it]
 *   --same   what it prints never differs: then a run that succeeds must print that
 *   --out    a file that the command writes
 *   --timed  one in which times differ from run to run
 * A run must end with status 1 and a sentence, or, where it did without, with 0 and the same output. It must free all
 * and leave FILE as it was before or as it has to be, and nothing beside it. */
#define _GNU_SOURCE

#include "failing/failing.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_FILES = 32, SECONDS = 60 };

int mobilenet_main(int count, char **arguments);
int library_main(int count, char **arguments);
int delegate_main(int count, char **arguments);

typedef struct text {
    char *bytes;
    size_t count;
} text;

typedef struct job {
    int count;
    char **arguments;
    int64_t runs;
    bool same;
    const char *files[MAX_FILES];
    text wanted[MAX_FILES]; /* what the command writes */
    bool timed[MAX_FILES];
    int file_count;
    text printed;
    char out[32], err[32]; /* names of temporary files */
} job;

/* No such file: an empty text with NULL. */
static text read_file(const char *path) {
    text t = {NULL, 0};
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return t;
    if (fstat(fileno(file), &info) != 0) exit(3);
    t.bytes = malloc((size_t)info.st_size + 1);
    if (t.bytes == NULL) exit(3);
    t.count = fread(t.bytes, 1, (size_t)info.st_size, file);
    t.bytes[t.count] = '\0';
    fclose(file);
    return t;
}

static bool equal(text a, text b) {
    return (a.bytes == NULL) == (b.bytes == NULL) && a.count == b.count && memcmp(a.bytes, b.bytes, a.count) == 0;
}

static void redirect(const char *path, int descriptor) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dup2(file, descriptor) < 0) _exit(3);
    close(file);
}

static _Noreturn void child(const job *j) {
    redirect(j->out, 1);
    redirect(j->err, 2);
    alarm(SECONDS);
    int (*start)(int, char **) = mobilenet_main;
    if (strcmp(j->arguments[0], "library") == 0) start = library_main;
    if (strcmp(j->arguments[0], "delegate") == 0) start = delegate_main;
    int code = start(j->count, j->arguments);
    fflush(NULL);
    failing->leaked = failing_blocks();
    exit(code);
}

static int run(const job *j, int64_t fail_at, bool and_later) {
    int status;
    *failing = (failing_state){.fail_at = fail_at, .and_later = and_later};
    pid_t process = fork();
    if (process == 0) child(j);
    if (process < 0 || waitpid(process, &status, 0) != process) exit(3);
    return status;
}

static bool complain(const job *j, const char *what) {
    text err = read_file(j->err);
    printf("FAILED: allocation %lld%s: %s; %s", (long long)failing->fail_at, failing->and_later ? " and all later" : "",
           what, err.bytes != NULL && err.count > 0 ? err.bytes : "nothing on stderr\n");
    free(err.bytes);
    return false;
}

/* Is there anything beside the file that only its writing needs? */
static bool left_beside(const char *path) {
    char pattern[512];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s.tmp-*", path);
    bool any = glob(pattern, 0, NULL, &found) == 0;
    if (any) globfree(&found);
    return any;
}

static bool check_files(const job *j, bool succeeded) {
    bool good = true;
    char what[128];
    for (int i = 0; good && i < j->file_count; i++) {
        text now = read_file(j->files[i]);
        bool old = now.bytes == NULL;
        if (left_beside(j->files[i])) good = complain(j, "half a file is left");
        bool other = !j->timed[i] && !equal(now, j->wanted[i]) && (succeeded || !old);
        if (good && other) {
            snprintf(what, sizeof what, "%.80s has other contents", j->files[i]);
            good = complain(j, what);
        }
        free(now.bytes);
        unlink(j->files[i]);
    }
    return good;
}

static bool check(const job *j, int status) {
    text err = read_file(j->err), out = read_file(j->out);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    char what[64];
    bool good = true;
    snprintf(what, sizeof what, "ended with %s %d", code < 0 ? "signal" : "status", code < 0 ? WTERMSIG(status) : code);
    if (code != 0 && code != 1) good = complain(j, what);
    if (good && code == 1 && strncmp(err.bytes, "mobilenet: ", 11) != 0) good = complain(j, "no sentence");
    if (good && code == 0 && j->same && !equal(out, j->printed)) good = complain(j, "printed something else, status 0");
    snprintf(what, sizeof what, "%lld blocks are not freed", (long long)failing->leaked);
    if (good && failing->leaked != 0) good = complain(j, what);
    if (good) good = check_files(j, code == 0);
    free(err.bytes);
    free(out.bytes);
    return good;
}

static bool parse(int count, char **arguments, job *j) {
    int i = 1;
    for (; i < count && strcmp(arguments[i], "--") != 0; i++) {
        if (strcmp(arguments[i], "--same") == 0) {
            j->same = true;
        } else if (strcmp(arguments[i], "--runs") == 0 && i + 1 < count) {
            j->runs = atoll(arguments[++i]);
        } else if (strcmp(arguments[i], "--timed") == 0 && i + 1 < count && j->file_count < MAX_FILES) {
            j->timed[j->file_count] = true;
            j->files[j->file_count++] = arguments[++i];
        } else if (strcmp(arguments[i], "--out") == 0 && i + 1 < count && j->file_count < MAX_FILES) {
            j->files[j->file_count++] = arguments[++i];
        } else {
            return false;
        }
    }
    j->count = count - i - 1;
    j->arguments = arguments + i + 1;
    return j->count > 0;
}

static void make_name(char name[32]) {
    strcpy(name, "/tmp/mn_failing_XXXXXX");
    int file = mkstemp(name);
    if (file < 0) exit(3);
    close(file);
}

int main(int count, char **arguments) {
    job j = {0};
    if (!parse(count, arguments, &j)) {
        fprintf(stderr,
                "usage: failing [--runs N] [--same] [--out|--timed FILE]... -- mobilenet|library ARGUMENTS...\n");
        return 2;
    }
    failing = mmap(NULL, sizeof *failing, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (failing == MAP_FAILED) return 3;
    make_name(j.out);
    make_name(j.err);
    for (int i = 0; i < j.file_count; i++) unlink(j.files[i]);

    bool good = run(&j, 0, false) == 0 || complain(&j, "the command does not even work");
    int64_t asked = failing->asked, done = 0;
    j.printed = read_file(j.out);
    for (int i = 0; i < j.file_count; i++) j.wanted[i] = read_file(j.files[i]);
    if (good && failing->leaked != 0) good = complain(&j, "blocks are not freed although nothing failed");
    if (good) good = check_files(&j, true);
    int64_t modes = j.runs > 0 ? 1 : 2, all = asked * modes, runs = j.runs > 0 && j.runs < all ? j.runs : all;
    int64_t failures = 0, unhurt = 0;
    for (; done < runs; done++) {
        int64_t at = done * all / runs;
        int status = run(&j, 1 + at % asked, at >= asked || (modes == 1 && done % 2 == 1));
        unhurt += status == 0;
        if (!check(&j, status) && ++failures == 10) break;
    }
    printf("%lld allocations, %lld runs, %lld did without\n", (long long)asked, (long long)runs, (long long)unhurt);
    unlink(j.out);
    unlink(j.err);
    free(j.printed.bytes);
    for (int i = 0; i < j.file_count; i++) free(j.wanted[i].bytes);
    return good && failures == 0 ? 0 : 1;
}
