/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include "service.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/aligned.h"
#include "base/little.h"
#include "base/status.h"
#include "ethosu/program.h"
#include "uapi.h"

/* Descriptors beyond are not served. Fast memory is the NPU's own, some hundred kilobytes. */
enum { MOST_DESCRIPTORS = 4096, MOST_FAST = 1 << 26 };

/* A program that has been decoded, and copies of what it was made from: buffers may change between inferences. */
typedef struct decoded {
    mn_ethosu_program *program;
    uint8_t *payload, *constants;
    size_t payload_bytes, constant_bytes, arena_bytes, fast_bytes;
} decoded;

typedef enum kind { NOTHING, DEVICE, BUFFER, NETWORK, INFERENCE } kind;

/* Memory that descriptors and networks share. */
typedef struct buffer {
    int32_t users;
    int fd; /* its own, so that it outlives the caller's */
    uint32_t capacity;
    uapi_buffer range; /* what counts of it */
} buffer;

/* What a descriptor stands for. */
typedef struct entry {
    kind kind;
    buffer *buffer;      /* BUFFER; NETWORK: the commands */
    decoded *last;       /* NETWORK: of the inference before; NULL: none */
    uint32_t status;     /* INFERENCE */
    uapi_pmu_config pmu; /* INFERENCE */
} entry;

static entry table[MOST_DESCRIPTORS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_kind(int fd, kind wanted) { return fd >= 0 && fd < MOST_DESCRIPTORS && table[fd].kind == wanted; }

/* Not by way of close(), which this library replaces and which comes back here. */
static void close_own(int fd) {
    if (fd >= 0) syscall(SYS_close, fd);
}

static void release(buffer *b) {
    if (!b || --b->users > 0) return;
    close_own(b->fd);
    free(b);
}

/* Makes `fd` what `what` says; a descriptor too large is closed again. */
static int enter(int fd, entry what) {
    if (fd < MOST_DESCRIPTORS) {
        if (fd >= 0) table[fd] = what;
        return fd;
    }
    close_own(fd);
    errno = EMFILE;
    return -1;
}

static int fail(int number) {
    errno = number;
    return -1;
}

/* ---- Memory ------------------------------------------------------------------------------------------------ */

/* The part of a buffer that counts. */
typedef struct view {
    uint8_t *map, *data;
    size_t mapped, bytes;
} view;

static bool look(const buffer *b, view *out) {
    *out = (view){0};
    if (!b) return false;
    if (b->capacity == 0) return true;
    void *map = mmap(NULL, b->capacity, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
    if (map == MAP_FAILED) return false;
    *out = (view){map, (uint8_t *)map + b->range.offset, b->capacity, b->range.size};
    return true;
}

static const buffer *buffer_of(uint32_t fd) { return is_kind((int)fd, BUFFER) ? table[fd].buffer : NULL; }

static void leave(view *v) {
    if (v->map) munmap(v->map, v->mapped);
}

static uint8_t *copy_of(const view *v) {
    uint8_t *copy = malloc(v->bytes + 1);
    if (copy && v->bytes > 0) memcpy(copy, v->data, v->bytes);
    return copy;
}

/* ---- Programs ---------------------------------------------------------------------------------------------- */

static void forget_decoded(decoded *d) {
    if (!d) return;
    mn_ethosu_program_free(d->program);
    free(d->payload);
    free(d->constants);
    free(d);
}

/* What one inference works on. */
typedef struct job {
    view commands, constants, arena;
    size_t fast_bytes;
} job;

static bool is_same(const decoded *d, const job *j) {
    return d && d->payload_bytes == j->commands.bytes && d->constant_bytes == j->constants.bytes &&
           d->arena_bytes == j->arena.bytes && d->fast_bytes == j->fast_bytes &&
           memcmp(d->payload, j->commands.data, j->commands.bytes) == 0 &&
           (j->constants.bytes == 0 || memcmp(d->constants, j->constants.data, j->constants.bytes) == 0);
}

static mn_status decode(const job *j, decoded **out) {
    decoded *d = calloc(1, sizeof *d);
    if (!d) return mn_fail_memory("a program of an Ethos-U");
    *d = (decoded){.payload = copy_of(&j->commands),
                   .constants = copy_of(&j->constants),
                   .payload_bytes = j->commands.bytes,
                   .constant_bytes = j->constants.bytes,
                   .arena_bytes = j->arena.bytes,
                   .fast_bytes = j->fast_bytes};
    const mn_ethosu_memory memory = {.of_region = {0, 1, 2, -1, -1, -1, -1, -1},
                                     .bytes = {d->constant_bytes, d->arena_bytes, d->fast_bytes},
                                     .constant = {d->constants}};
    const mn_ethosu_machine machine = mn_ethosu_machine_here();
    mn_status status = d->payload && d->constants ? MN_OK : mn_fail_memory("a program of an Ethos-U");
    if (status == MN_OK) {
        status = mn_ethosu_program_make(d->payload, d->payload_bytes, &memory, &machine, MN_ETHOSU_WORK, &d->program);
    }
    if (status == MN_OK) *out = d;
    if (status != MN_OK) forget_decoded(d);
    return status;
}

static mn_status run(entry *network, const job *j) {
    if (!is_same(network->last, j)) {
        forget_decoded(network->last);
        network->last = NULL;
        MN_TRY(decode(j, &network->last));
    }
    const mn_ethosu_program *program = network->last->program;
    const size_t fast = mn_round_up(j->fast_bytes, 64), bytes = fast + mn_ethosu_program_workspace(program);
    uint8_t *workspace = mn_aligned_alloc(64, mn_round_up(bytes, 64));
    if (!workspace) return mn_fail_memory("the memory of an Ethos-U");
    memset(workspace, 0, fast);
    uint8_t *const spaces[MN_ETHOSU_SPACES] = {NULL, j->arena.data, workspace};
    mn_ethosu_program_run(program, spaces, workspace + fast, NULL);
    mn_aligned_free(workspace);
    return MN_OK;
}

/* ---- Inferences -------------------------------------------------------------------------------------------- */

/* Bytes of fast memory that the layout asks for. */
static size_t fast_of(const view *layout) {
    const size_t at = 4 * (size_t)UAPI_LAYOUT_FAST;
    const uint32_t bytes = layout->bytes >= at + 4 ? mn_le32(layout->data + at) : 0;
    return bytes <= MOST_FAST ? bytes : 0;
}

static mn_status infer(entry *network, const uapi_inference_create *asked) {
    job j = {0};
    view layout = {0};
    mn_status status = MN_OK;
    const bool seen = asked->ifm_count >= 2 && asked->ifm_count <= UAPI_BUFFERS && look(network->buffer, &j.commands) &&
                      look(buffer_of(asked->ifm_fd[UAPI_ARENA]), &j.arena) &&
                      look(buffer_of(asked->ifm_fd[UAPI_LAYOUT]), &layout) &&
                      (asked->ifm_count == 2 || look(buffer_of(asked->ifm_fd[UAPI_CONSTANTS]), &j.constants));
    if (!seen) status = mn_fail(MN_ERROR_ARGUMENT, "a buffer of the inference is missing");
    if (status == MN_OK) {
        j.fast_bytes = fast_of(&layout);
        status = run(network, &j);
    }
    leave(&j.commands);
    leave(&j.arena);
    leave(&layout);
    leave(&j.constants);
    return status;
}

/* Done when it is made: whoever polls sees it. */
static int create_inference(int network, const uapi_inference_create *asked) {
    if (!is_kind(network, NETWORK)) return fail(EINVAL);
    const mn_status status = infer(&table[network], asked);
    if (status != MN_OK) fprintf(stderr, "ethosu device: %s\n", mn_error_detail());
    const entry made = {.kind = INFERENCE, .status = status == MN_OK ? UAPI_OK : UAPI_ERROR, .pmu = asked->pmu};
    return enter(eventfd(1, EFD_CLOEXEC), made);
}

/* ---- Requests ---------------------------------------------------------------------------------------------- */

static int create_buffer(uint32_t capacity) {
    buffer *b = calloc(1, sizeof *b);
    if (!b) return fail(ENOMEM);
    *b = (buffer){.users = 1, .fd = memfd_create("ethosu buffer", MFD_CLOEXEC), .capacity = capacity};
    const bool made = b->fd >= 0 && ftruncate(b->fd, (off_t)capacity) == 0;
    const int fd = made ? enter(dup(b->fd), (entry){.kind = BUFFER, .buffer = b}) : -1;
    if (fd < 0) release(b);
    return fd;
}

static int set_range(int fd, const uapi_buffer *range) {
    if (!is_kind(fd, BUFFER)) return fail(EINVAL);
    buffer *b = table[fd].buffer;
    if ((uint64_t)range->offset + range->size > b->capacity) return fail(EINVAL);
    b->range = *range;
    return 0;
}

static int get_range(int fd, uapi_buffer *out) {
    if (!is_kind(fd, BUFFER)) return fail(EINVAL);
    *out = table[fd].buffer->range;
    return 0;
}

static int create_network(const uapi_network_create *asked) {
    if (asked->type != UAPI_NETWORK_BUFFER || !is_kind((int)asked->fd, BUFFER)) return fail(EINVAL);
    buffer *commands = table[asked->fd].buffer;
    const int fd = enter(eventfd(0, EFD_CLOEXEC), (entry){.kind = NETWORK, .buffer = commands});
    if (fd >= 0) commands->users++;
    return fd;
}

static int get_status(int fd, uapi_result_status *out) {
    if (!is_kind(fd, INFERENCE)) return fail(EINVAL);
    *out = (uapi_result_status){.status = table[fd].status, .config = table[fd].pmu};
    return 0;
}

/* Ethos-U65 with 256 multipliers, as in i.MX 93. */
static int tell_capabilities(uapi_capabilities *out) {
    *out = (uapi_capabilities){
        .product_major = 1, .arch_patch = 6, .arch_major = 1, .macs_per_cycle = 8, .driver_major = 1};
    return 0;
}

static int answer(int fd, unsigned long request, void *argument) {
    switch (request & 0xff) {
    case UAPI_PING:
    case UAPI_VERSION: return 0;
    case UAPI_CAPABILITIES: return tell_capabilities(argument);
    case UAPI_BUFFER_CREATE: return create_buffer(*(const uint32_t *)argument);
    case UAPI_BUFFER_SET: return set_range(fd, argument);
    case UAPI_BUFFER_GET: return get_range(fd, argument);
    case UAPI_NETWORK_CREATE: return create_network(argument);
    case UAPI_INFERENCE_CREATE: return create_inference(fd, argument);
    case UAPI_INFERENCE_STATUS: return get_status(fd, argument);
    case UAPI_INFERENCE_CANCEL: *(uint32_t *)argument = UAPI_ERROR; return 0; /* it is done already */
    default: return fail(ENOTTY);
    }
}

int device_ioctl(int fd, unsigned long request, void *argument) {
    if ((request >> 8 & 0xff) != UAPI_TYPE) return fail(ENOTTY);
    if ((request & 0xff) > UAPI_VERSION && argument == NULL) return fail(EFAULT);
    pthread_mutex_lock(&lock);
    const int result = answer(fd, request, argument);
    pthread_mutex_unlock(&lock);
    return result;
}

int device_open(void) {
    pthread_mutex_lock(&lock);
    const int fd = enter(memfd_create("ethosu0", MFD_CLOEXEC), (entry){.kind = DEVICE});
    pthread_mutex_unlock(&lock);
    return fd;
}

bool device_owns(int fd) {
    pthread_mutex_lock(&lock);
    const bool owned = fd >= 0 && fd < MOST_DESCRIPTORS && table[fd].kind != NOTHING;
    pthread_mutex_unlock(&lock);
    return owned;
}

void device_forget(int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < MOST_DESCRIPTORS) {
        release(table[fd].buffer);
        forget_decoded(table[fd].last);
        table[fd] = (entry){0};
    }
    pthread_mutex_unlock(&lock);
}
