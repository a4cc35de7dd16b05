/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "classes.h"
#include "dataset.h"
#include "encode.h"

#define PATH_BYTES 4096
#define NAME_BYTES 64 /* the most that /CLASS/NUMBER.jpg takes */

/* What the workers share. */
typedef struct work {
    const dataset *set;
    texture texture;
    atomic_int next; /* first picture that nobody has taken */
    atomic_bool failed;
} work;

/* Only the first failure is told. */
static void fail(work *w, const char *what, int error) {
    if (atomic_exchange(&w->failed, true)) return;
    fprintf(stderr, "signs: %s: cannot be written: %s\n", what, error ? strerror(error) : "out of memory");
}

/* Makes `path` and, first, the folders above it. */
static bool make_folder(char *path) {
    for (char *at = path + 1; *at; at++) {
        if (*at != '/') continue;
        *at = 0;
        bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *at = '/';
        if (!made) return false;
    }
    struct stat facts;
    if (mkdir(path, 0777) == 0) return true;
    if (errno != EEXIST || stat(path, &facts) != 0) return false;
    errno = ENOTDIR;
    return S_ISDIR(facts.st_mode);
}

static bool make_folders(work *w) {
    for (int i = 0; i < classes_count; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s/%s", w->set->folder, classes[i].name);
        if (!make_folder(path)) {
            fail(w, path, errno);
            return false;
        }
    }
    return true;
}

static void save_one(work *w, studio *s, int index) {
    const dataset *d = w->set;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s/%05d.%s", d->folder, classes[index % classes_count].name, index / classes_count,
             d->png ? "png" : "jpg");
    order o = {d->seed, d->split, (uint64_t)index};
    if (!picture_draw(s, &o))
        fail(w, path, 0);
    else if (!encode_save(s, path, d->png))
        fail(w, path, errno);
}

static void *run(void *shared) {
    work *w = shared;
    studio s;
    if (!studio_open(&s, w->set->side, &w->texture)) fail(w, w->set->folder, 0);
    while (!atomic_load(&w->failed)) {
        int index = atomic_fetch_add(&w->next, 1);
        if (index >= w->set->count) break;
        save_one(w, &s, index);
    }
    studio_close(&s);
    return NULL;
}

/* The caller is the first worker; with fewer threads than asked for the rest do all the work. */
static void run_all(work *w) {
    int started = 0;
    pthread_t *threads = calloc((size_t)w->set->jobs, sizeof *threads);
    while (threads && started < w->set->jobs - 1 && pthread_create(&threads[started], NULL, run, w) == 0) started++;
    run(w);
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    free(threads);
}

bool dataset_write(const dataset *d) {
    work *w = calloc(1, sizeof *w);
    if (!w) {
        fprintf(stderr, "signs: out of memory\n");
        return false;
    }
    w->set = d;
    if (strlen(d->folder) > PATH_BYTES - NAME_BYTES) fail(w, d->folder, ENAMETOOLONG);
    picture_texture(&w->texture, d->seed, d->split);
    if (!atomic_load(&w->failed) && make_folders(w)) run_all(w);
    bool fine = !atomic_load(&w->failed);
    free(w);
    return fine;
}
