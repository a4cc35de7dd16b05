/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Semihosting: "Semihosting for AArch32 and AArch64", Arm; RISC-V Semihosting Binary Interface. */
#include "board.h"

enum { OPEN = 0x01, WRITE0 = 0x04, WRITE = 0x05, READ = 0x06, EXIT = 0x20 };
enum { TO_READ = 1, TO_WRITE = 5 }; /* fopen()'s "rb" and "wb" */
enum { APPLICATION_EXIT = 0x20026 };

typedef uintptr_t word;

static word call(word operation, const void *arguments) {
#if defined __riscv
    register word a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = arguments;
    __asm__ volatile(".balign 16\n.option push\n.option norvc\n"
                     "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n"
                     ".option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
#else
    register word r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
#endif
}

static word length(const char *text) {
    word n = 0;
    while (text[n] != '\0') n++;
    return n;
}

static int open_file(const char *path, word mode) {
    const word arguments[] = {(word)path, mode, length(path)};
    return (int)call(OPEN, arguments);
}

int board_open_to_read(const char *path) { return open_file(path, TO_READ); }

int board_open_to_write(const char *path) { return open_file(path, TO_WRITE); }

uint32_t board_read(int file, void *to, uint32_t bytes) {
    const word arguments[] = {(word)file, (word)to, bytes};
    return (uint32_t)(bytes - call(READ, arguments));
}

uint32_t board_write(int file, const void *from, uint32_t bytes) {
    const word arguments[] = {(word)file, (word)from, bytes};
    return (uint32_t)(bytes - call(WRITE, arguments));
}

void board_print(const char *text) { call(WRITE0, text); }

void board_print_number(uint32_t number) {
    char digits[11];
    int i = 10;
    digits[i] = '\0';
    do digits[--i] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    board_print(digits + i);
}

void board_exit(int code) {
    const word arguments[] = {APPLICATION_EXIT, (word)code};
    call(EXIT, arguments);
    for (;;) {
    }
}
