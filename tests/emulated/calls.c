/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The system calls of Linux that static programs of these tests make. */
#include "loader.h"

/* Numbers as in Linux' arch/x86/entry/syscalls/syscall_64.tbl. */
enum {
    CALL_READ = 0,
    CALL_WRITE = 1,
    CALL_OPEN = 2,
    CALL_CLOSE = 3,
    CALL_STAT = 4,
    CALL_FSTAT = 5,
    CALL_LSTAT = 6,
    CALL_LSEEK = 8,
    CALL_MMAP = 9,
    CALL_MPROTECT = 10,
    CALL_MUNMAP = 11,
    CALL_BRK = 12,
    CALL_RT_SIGACTION = 13,
    CALL_RT_SIGPROCMASK = 14,
    CALL_IOCTL = 16,
    CALL_READV = 19,
    CALL_WRITEV = 20,
    CALL_SCHED_YIELD = 24,
    CALL_MADVISE = 28,
    CALL_GETPID = 39,
    CALL_CLONE = 56,
    CALL_EXIT = 60,
    CALL_UNAME = 63,
    CALL_FCNTL = 72,
    CALL_READLINK = 89,
    CALL_GETRUSAGE = 98,
    CALL_ARCH_PRCTL = 158,
    CALL_GETTID = 186,
    CALL_TKILL = 200,
    CALL_FUTEX = 202,
    CALL_SCHED_GETAFFINITY = 204,
    CALL_GETDENTS64 = 217,
    CALL_SET_TID_ADDRESS = 218,
    CALL_CLOCK_GETTIME = 228,
    CALL_EXIT_GROUP = 231,
    CALL_TGKILL = 234,
    CALL_OPENAT = 257,
    CALL_NEWFSTATAT = 262,
    CALL_READLINKAT = 267,
    CALL_SET_ROBUST_LIST = 273,
    CALL_PRLIMIT64 = 302,
    CALL_GETRANDOM = 318,
    CALL_MEMBARRIER = 324,
    CALL_STATX = 332,
    CALL_RSEQ = 334,
    CALL_CLONE3 = 435
};

enum { MAP_FIXED = 16, MAP_ANONYMOUS = 32 };
enum { ARCH_SET_FS = 0x1002, ARCH_GET_XCOMP_SUPP = 0x1021, ARCH_GET_XCOMP_PERM, ARCH_REQ_XCOMP_PERM };

typedef struct part {
    void *data;
    uint64_t bytes;
} part;

static int64_t write_parts(uint64_t descriptor, const part *parts, uint64_t count) {
    if (descriptor != 1 && descriptor != 2) return ERROR_BAD_DESCRIPTOR;
    int64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        put(parts[i].data, parts[i].bytes);
        sum += (int64_t)parts[i].bytes;
    }
    return sum;
}

static int64_t read_parts(uint64_t descriptor, const part *parts, uint64_t count) {
    int64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        const int64_t got = files_read(descriptor, parts[i].data, parts[i].bytes);
        if (got < 0) return got;
        sum += got;
        if ((uint64_t)got < parts[i].bytes) break;
    }
    return sum;
}

/* A file's pages are copies: programs write into them, if at all, for
 * themselves. */
static int64_t map(uint64_t address, uint64_t bytes, uint64_t flags, uint64_t descriptor, uint64_t offset) {
    const uint8_t *contents = NULL;
    uint64_t size = 0;
    if (bytes == 0) return ERROR_INVALID;
    if (!(flags & MAP_ANONYMOUS)) {
        contents = files_contents(descriptor, &size);
        if (contents == NULL) return ERROR_BAD_DESCRIPTOR;
    }
    if (flags & MAP_FIXED) {
        pages_take(address, address + bytes);
        memset((void *)address, 0, bytes);
    } else {
        address = pages_find(bytes);
        if (address == 0) return ERROR_NO_MEMORY;
    }
    if (contents != NULL && offset < size) {
        memcpy((void *)address, contents + offset, size - offset < bytes ? size - offset : bytes);
    }
    return (int64_t)address;
}

/* Registers that Linux saves only for programs that ask for it, such as tiles, are always saved here. */
static int64_t set_process(uint64_t what, uint64_t value) {
    switch (what) {
    case ARCH_SET_FS: thread_set_fs(value); return 0;
    case ARCH_GET_XCOMP_SUPP:
    case ARCH_GET_XCOMP_PERM: *(uint64_t *)value = saved_registers(); return 0;
    case ARCH_REQ_XCOMP_PERM: return value < 64 && saved_registers() >> value & 1 ? 0 : ERROR_NOT_SUPPORTED;
    default: return ERROR_INVALID;
    }
}

static int64_t describe_system(char out[6 * 65]) {
    static const char *const texts[] = {"Linux", "emulated", "5.17", "", "x86_64", ""};
    memset(out, 0, 6 * 65);
    for (size_t i = 0; i < 6; i++) memcpy(out + i * 65, texts[i], length_of(texts[i]));
    return 0;
}

/* An instruction takes a nanosecond. */
static int64_t tell_time(uint64_t out[2]) {
    const uint64_t now = ticks();
    out[0] = now / 1000000000u;
    out[1] = now % 1000000000u;
    return 0;
}

static int64_t random_bytes(uint8_t *out, uint64_t bytes) {
    for (uint64_t i = 0; i < bytes; i++) out[i] = (uint8_t)(i * 167 + 41);
    return (int64_t)bytes;
}

/* Calls about threads and the process. */
static int64_t serve_process(const registers *r) {
    switch (r->rax) {
    case CALL_RT_SIGACTION:
    case CALL_RT_SIGPROCMASK:
    case CALL_SET_ROBUST_LIST:
    case CALL_SCHED_YIELD: return 0;
    case CALL_GETPID: return 1;
    case CALL_GETTID: return current->id;
    case CALL_TKILL: end(128 + (int)r->rsi);
    case CALL_TGKILL: end(128 + (int)r->rdx);
    case CALL_EXIT: return thread_exit();
    case CALL_EXIT_GROUP: end((int)r->rdi);
    case CALL_FUTEX: return thread_futex((const uint32_t *)r->rdi, r->rsi, (uint32_t)r->rdx, r->r10);
    case CALL_UNAME: return describe_system((char *)r->rdi);
    case CALL_ARCH_PRCTL: return set_process(r->rdi, r->rsi);
    case CALL_SET_TID_ADDRESS: current->clear = (uint32_t *)r->rdi; return current->id;
    case CALL_CLONE: return thread_clone(r->rdi, r->rsi, (uint32_t *)r->rdx, (uint32_t *)r->r10, r->r8);
    case CALL_SCHED_GETAFFINITY:
        memset((void *)r->rdx, 0, 8);
        *(uint8_t *)r->rdx = 1;
        return 8;
    case CALL_CLOCK_GETTIME: return tell_time((uint64_t *)r->rsi);
    case CALL_GETRANDOM: return random_bytes((uint8_t *)r->rdi, r->rsi);
    case CALL_GETRUSAGE:
        memset((void *)r->rsi, 0, 144);
        return 0; /* struct rusage */
    /* Programs go on without. */
    case CALL_IOCTL: return ERROR_NO_TERMINAL;
    case CALL_READLINK:
    case CALL_READLINKAT: return ERROR_NO_ENTRY;
    case CALL_PRLIMIT64:
    case CALL_MEMBARRIER:
    case CALL_RSEQ:
    case CALL_CLONE3: return ERROR_NO_CALL;
    default: give_up("the loader does not serve the system call", r->rax);
    }
}

/* Calls about files and memory; the others are those above. */
static int64_t serve_call(const registers *r) {
    const part one = {(void *)r->rsi, r->rdx};
    switch (r->rax) {
    case CALL_READ: return read_parts(r->rdi, &one, 1);
    case CALL_READV: return read_parts(r->rdi, (const part *)r->rsi, r->rdx);
    case CALL_WRITE: return write_parts(r->rdi, &one, 1);
    case CALL_WRITEV: return write_parts(r->rdi, (const part *)r->rsi, r->rdx);
    case CALL_OPEN: return files_open((const char *)r->rdi, r->rsi);
    case CALL_OPENAT: return files_open((const char *)r->rsi, r->rdx);
    case CALL_CLOSE: return files_close(r->rdi);
    case CALL_STAT:
    case CALL_LSTAT: return files_stat(0, (const char *)r->rdi, (uint8_t *)r->rsi);
    case CALL_FSTAT: return files_stat(r->rdi, NULL, (uint8_t *)r->rsi);
    case CALL_NEWFSTATAT:
        return files_stat(r->rdi, *(const char *)r->rsi != '\0' ? (const char *)r->rsi : NULL, (uint8_t *)r->rdx);
    case CALL_STATX: return ERROR_NO_CALL;
    case CALL_LSEEK: return files_seek(r->rdi, (int64_t)r->rsi, r->rdx);
    case CALL_GETDENTS64: return files_list(r->rdi, (uint8_t *)r->rsi, r->rdx);
    case CALL_FCNTL: return 0;
    case CALL_MMAP: return map(r->rdi, r->rsi, r->r10, r->r8, r->r9);
    case CALL_MUNMAP: pages_give_back(r->rdi, r->rsi); return 0;
    case CALL_MPROTECT:
    case CALL_MADVISE: return 0;
    case CALL_BRK: return 0; /* there is mmap() */
    default: return serve_process(r);
    }
}

void serve(void) {
    const uint64_t call = current->at.rax;
    current->at.rax = (uint64_t)serve_call(&current->at);
    if (call == CALL_SCHED_YIELD || !current->used || current->waits != NULL) thread_switch();
}
