/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the examples use of a board: files of the host and the end, by Arm's semihosting, which emulators and debug
 * probes answer; on RISC-V the same calls. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/** Opens a file of the host, to read or to write it anew. Returns a handle, or -1. */
int board_open_to_read(const char *path);
int board_open_to_write(const char *path);

/** Return how many bytes were read or written. */
uint32_t board_read(int file, void *to, uint32_t bytes);
uint32_t board_write(int file, const void *from, uint32_t bytes);

/** Text, and a number, on the host's console. */
void board_print(const char *text);
void board_print_number(uint32_t number);

/** Ends the emulator with an exit code. */
void board_exit(int code);

/** The program. What it returns is the exit code. */
int main(void);

#endif
