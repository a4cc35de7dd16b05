/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the parts of the loader share (README.md). Freestanding, for x86-64; one processor, no interrupts, everything
 * with all privileges, and addresses are those of the memory. */
#ifndef MN_EMULATED_LOADER_H
#define MN_EMULATED_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Memory, from below: page tables, the loader's variables and the programs' pages, the archive --------------- */

#define STACK_TOP 0x9f000u /* the loader's own */
#define PAGES_BEGIN 0x400000u
#define ARCHIVE 0x20000000u
#define MEMORY_END 0x40000000u
#define PAGE 4096u

/* ---- The machine (loader.c) ------------------------------------------------------------------------------------ */

/* Goes to the file behind the first parallel port. */
void put(const char *bytes, size_t count);
void put_text(const char *text);
void put_number(uint64_t number, unsigned base);
/* Switches the machine off: run.sh ends with `status`. */
_Noreturn void end(int status);
/* The same after a sentence about what the loader does not do. */
_Noreturn void give_up(const char *text, uint64_t number);

static inline uint64_t ticks(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t which, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(which), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

void *memset(void *out, int byte, size_t count);
void *memcpy(void *restrict out, const void *restrict in, size_t count);
size_t length_of(const char *text);
bool is_same(const char *a, const char *b);

/* ---- Threads (threads.c) ---------------------------------------------------------------------------------------- */

/* Registers as a system call finds them; start.S knows the order. */
typedef struct registers {
    uint64_t rax, rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, r13, r14, r15, rip, flags, rsp;
} registers;

typedef struct thread {
    registers at;
    uint64_t fs;
    uint32_t *clear;       /* zero it and wake who waits for it, at the end; NULL: nothing */
    const uint32_t *waits; /* NULL: it may run */
    bool used, timed;
    int32_t id;
    _Alignas(64) uint8_t vectors[12288]; /* XSAVE's */
} thread;

/* The one that runs; start.S saves its registers here and continues the one that is here then. */
extern thread *current;

void threads_begin(uint64_t rip, uint64_t rsp);
int64_t thread_clone(uint64_t flags, uint64_t stack, uint32_t *parent_id, uint32_t *child_id, uint64_t fs);
int64_t thread_exit(void);
/* Goes on with another thread if there is one that can run; it must, if this one cannot. */
void thread_switch(void);
int64_t thread_futex(const uint32_t *word, uint64_t operation, uint32_t value, uint64_t more);
void thread_set_fs(uint64_t fs);
/* The kinds of registers that each thread has, as in XCR0; 0 where the processor has no XSAVE. */
uint64_t saved_registers(void);

/* ---- Pages (pages.c) ------------------------------------------------------------------------------------------- */

/* Pages of [begin, end) are the program's. */
void pages_take(uint64_t begin, uint64_t end);
/* The address of `bytes`, zero; 0 when there are none. */
uint64_t pages_find(uint64_t bytes);
void pages_give_back(uint64_t begin, uint64_t bytes);

/* ---- Files of the archive (files.c) ---------------------------------------------------------------------------- */

typedef struct file {
    const char *name;
    const uint8_t *data;
    uint64_t bytes;
} file;

/* The archive's file number `index`, from 0; false: there are no more. */
bool file_at(uint32_t index, file *out);
bool file_find(const char *name, file *out);

int64_t files_open(const char *name, uint64_t flags);
int64_t files_close(uint64_t descriptor);
int64_t files_read(uint64_t descriptor, void *out, uint64_t bytes);
int64_t files_seek(uint64_t descriptor, int64_t offset, uint64_t from);
int64_t files_list(uint64_t descriptor, uint8_t *out, uint64_t bytes);
/* Linux' struct stat of a descriptor, or of a name when that is not NULL. */
int64_t files_stat(uint64_t descriptor, const char *name, uint8_t out[144]);
/* The contents for mmap(); NULL: none. */
const uint8_t *files_contents(uint64_t descriptor, uint64_t *bytes);

/* ---- System calls (calls.c) ------------------------------------------------------------------------------------ */

/* Linux' numbers of errors, negative as its system calls return them. */
enum {
    ERROR_NO_ENTRY = -2,
    ERROR_BAD_DESCRIPTOR = -9,
    ERROR_AGAIN = -11,
    ERROR_NO_MEMORY = -12,
    ERROR_NO_FOLDER = -20,
    ERROR_INVALID = -22,
    ERROR_MANY_FILES = -24,
    ERROR_NO_TERMINAL = -25,
    ERROR_READ_ONLY = -30,
    ERROR_NO_CALL = -38,
    ERROR_NOT_SUPPORTED = -95,
    ERROR_TIMEOUT = -110
};

/* Does what `current` asks for, and puts the result into its rax. */
void serve(void);

#endif
