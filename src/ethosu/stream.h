/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The program in the first input of an operator `ethos-u`: what it was compiled for, and its commands. Whatever
 * mn_ethosu_stream_read() has taken can be walked through without further checks; what the commands mean is the
 * interpreter's. The format: docs/ethos-u.md. */
#ifndef MN_ETHOSU_STREAM_H
#define MN_ETHOSU_STREAM_H

#include "base/status.h"

typedef enum mn_ethosu_product { MN_ETHOSU_U55, MN_ETHOSU_U65 } mn_ethosu_product;

/** What a program was compiled for. */
typedef struct mn_ethosu_config {
    mn_ethosu_product product;
    int32_t macs;                          /* multiply-accumulates of a cycle, of all cores: 32 to 512 */
    int32_t cores;                         /* 1, or 2 of ethos-u65-512 */
    int32_t shram_kb;                      /* memory inside, of all cores */
    int32_t micro_h, micro_w;              /* outputs that a core computes at once: rows, columns, */
    int32_t micro_out;                     /* channels, */
    int32_t micro_in;                      /* each from as many input channels */
    int32_t arch_major, arch_minor, patch; /* of the NPU's architecture that the compiler knew */
} mn_ethosu_config;

/** A program. The words stay the payload's. */
typedef struct mn_ethosu_stream {
    mn_ethosu_config config;
    const uint8_t *words; /* little-endian, of 32 bits */
    size_t word_count;
    size_t command_count; /* up to and with the first STOP; at least that */
} mn_ethosu_stream;

/** One command. */
typedef struct mn_ethosu_command {
    bool is_long;   /* has a second word */
    uint16_t code;  /* as in commands.def; OP_* where short and below MN_ETHOSU_FIRST_SET */
    uint16_t param; /* upper half of the first word */
    uint32_t data;  /* second word; 0 of short ones */
} mn_ethosu_command;

enum { MN_ETHOSU_FIRST_SET = 0x100 };

/** Reads a payload. Every word up to STOP is a known command, and long ones are whole. Errors: FORMAT, and UNSUPPORTED
 *  for another NPU's program, with a sentence that names the word. */
mn_status mn_ethosu_stream_read(const uint8_t *payload, size_t bytes, mn_ethosu_stream *out);

/** The command at word *at, which moves to the next one; begin with 0. False after STOP. */
bool mn_ethosu_stream_next(const mn_ethosu_stream *stream, size_t *at, mn_ethosu_command *out);

/** "OP_CONV", "IFM_BASE0"; NULL: there is no such command. */
const char *mn_ethosu_command_name(bool is_long, uint32_t code);

/** What `--accelerator-config` of Vela calls it, "ethos-u65-256", into [size] bytes; returns `name`. */
char *mn_ethosu_config_name(const mn_ethosu_config *config, char *name, size_t size);

/** The NPU of such a name; what only a program knows is 0. False: `name` is none of Ethos-U55 or Ethos-U65. */
bool mn_ethosu_accelerator(const char *name, mn_ethosu_config *out);

#endif
