/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A plugin for QEMU that leads every access to data between the marks of marks.h through caches: lines of 64 bytes, the
 * least recently used one gives way, what was written goes to the next level when its line gives way. Nothing is
 * prefetched, but what the core's prefetcher would foresee is told apart: it watches misses of the first cache, and
 * foresees the third of a row of lines that are one stride of at most 4 lines apart (Cortex-A53's technical reference
 * manual). Arguments: level=KIB:WAYS for each cache, nearest first; streams=N, how many such rows the prefetcher
 * follows at once (2); out= the file, which gets for each part a line part INDEX accesses N bytes N, then for each
 * level: misses N writebacks N waits N where the last level's misses and writebacks go to memory. Of the misses, waits
 * are those that a core may have to wait for: of loads, and not foreseen. One thread. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"
#include "plugin.h"

enum { MAX_LEVELS = 3, MAX_STREAMS = 32, MAX_STRIDE = 4, LINE_SHIFT = 6, LINE_BYTES = 1 << LINE_SHIFT };

#define NO_LINE UINT64_MAX

typedef struct cache_line {
    uint64_t number; /* address / LINE_BYTES; NO_LINE: empty */
    uint64_t used;   /* time of the last access */
    bool written;
} cache_line;

typedef struct level {
    cache_line *lines; /* [sets][ways] */
    uint64_t sets, ways;
    uint64_t misses, writebacks, waits; /* of this part */
} level;

/* A row of lines that the prefetcher follows. */
typedef struct stream {
    uint64_t last;  /* line that missed */
    int64_t stride; /* in lines; 0: one miss so far */
    uint64_t used;
} stream;

PLUGIN_EXPORT int qemu_plugin_version = 1;

static struct {
    FILE *out;
    level levels[MAX_LEVELS];
    int level_count;
    stream streams[MAX_STREAMS];
    unsigned stream_count;
    uint64_t now, accesses, bytes;
    unsigned part;
    bool on;
} caching = {.stream_count = 2};

/* The first cache lacks a line: did the prefetcher ask for it before? */
static bool foreseen(uint64_t number) {
    stream *oldest = caching.streams, *begun = NULL;
    for (unsigned i = 0; i < caching.stream_count; i++) {
        stream *at = &caching.streams[i];
        const int64_t distance = (int64_t)(number - at->last);
        if (at->stride != 0 && distance == at->stride) {
            *at = (stream){number, distance, ++caching.now};
            return true;
        }
        if (distance != 0 && distance >= -MAX_STRIDE && distance <= MAX_STRIDE) begun = at;
        if (at->used < oldest->used) oldest = at;
    }
    if (begun) {
        *begun = (stream){number, (int64_t)(number - begun->last), ++caching.now};
    } else {
        *oldest = (stream){number, 0, ++caching.now};
    }
    return false;
}

/* A line is wanted in level `l`, to be written or read. `waited`: by a core that cannot go on. */
static void touch(int l, uint64_t number, bool write, bool waited) {
    if (l == caching.level_count) return;
    level *at = &caching.levels[l];
    cache_line *set = &at->lines[number % at->sets * at->ways], *oldest = set;
    for (uint64_t i = 0; i < at->ways; i++) {
        if (set[i].number == number) {
            set[i].used = ++caching.now;
            set[i].written |= write;
            return;
        }
        if (set[i].used < oldest->used) oldest = &set[i];
    }
    at->misses++;
    if (l == 0) waited = !foreseen(number) && waited;
    at->waits += waited;
    if (oldest->number != NO_LINE && oldest->written) {
        at->writebacks++;
        touch(l + 1, oldest->number, true, false);
    }
    touch(l + 1, number, false, waited);
    *oldest = (cache_line){.number = number, .used = ++caching.now, .written = write};
}

static void on_access(unsigned processor, qemu_plugin_meminfo_t info, uint64_t address, void *user) {
    (void)processor, (void)user;
    const uint64_t bytes = UINT64_C(1) << qemu_plugin_mem_size_shift(info);
    const bool write = qemu_plugin_mem_is_store(info);
    caching.accesses++;
    caching.bytes += bytes;
    for (uint64_t i = address >> LINE_SHIFT; i <= (address + bytes - 1) >> LINE_SHIFT; i++) touch(0, i, write, !write);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *translated) {
    (void)id;
    for (size_t i = 0, n = qemu_plugin_tb_n_insns(translated); i < n; i++) {
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(translated, i), on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, NULL);
    }
}

static void begin_part(void) {
    caching.accesses = caching.bytes = 0;
    for (int l = 0; l < caching.level_count; l++) {
        level *at = &caching.levels[l];
        at->misses = at->writebacks = at->waits = 0;
    }
}

static void end_part(void) {
    fprintf(caching.out, "part %u accesses %" PRIu64 " bytes %" PRIu64, caching.part++, caching.accesses,
            caching.bytes);
    for (int l = 0; l < caching.level_count; l++) {
        const level *at = &caching.levels[l];
        fprintf(caching.out, " misses %" PRIu64 " writebacks %" PRIu64 " waits %" PRIu64, at->misses, at->writebacks,
                at->waits);
    }
    fputc('\n', caching.out);
}

/* Accesses before the first mark count for nothing, and warm the caches up. */
static void on_call(qemu_plugin_id_t id, unsigned processor, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                    uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)id, (void)processor, (void)number, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if ((uint32_t)a1 != MARK || (a2 != MARK_BEGIN && !caching.on)) return;
    if (a2 != MARK_BEGIN) end_part();
    begin_part();
    caching.on = a2 != MARK_END;
    if (!caching.on) fflush(caching.out);
}

static bool add_level(const char *argument) {
    unsigned kib, ways;
    if (caching.level_count == MAX_LEVELS || sscanf(argument, "%u:%u", &kib, &ways) != 2 || ways == 0) return false;
    level *added = &caching.levels[caching.level_count];
    *added = (level){.ways = ways, .sets = (uint64_t)kib * 1024 / LINE_BYTES / ways};
    const size_t lines = added->sets * added->ways;
    added->lines = calloc(lines, sizeof *added->lines);
    if (lines == 0 || !added->lines) return false;
    for (size_t i = 0; i < lines; i++) added->lines[i].number = NO_LINE;
    caching.level_count++;
    return true;
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
    (void)info;
    const char *path = "cache.txt";
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) path = argv[i] + 4;
        if (sscanf(argv[i], "streams=%u", &caching.stream_count) == 1 && caching.stream_count > MAX_STREAMS) {
            fprintf(stderr, "cache: %s is too many; give up to %d\n", argv[i], MAX_STREAMS);
            return 1;
        }
        if (strncmp(argv[i], "level=", 6) == 0 && !add_level(argv[i] + 6)) {
            fprintf(stderr, "cache: %s is no cache; give up to %d as level=KIB:WAYS\n", argv[i], MAX_LEVELS);
            return 1;
        }
    }
    caching.out = fopen(path, "w");
    if (!caching.out) {
        fprintf(stderr, "cache: cannot write %s\n", path);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_vcpu_syscall_cb(id, on_call);
    return 0;
}
