/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The numbers of Ethos-U's commands and registers, what some of their values mean, and the registers themselves. */
#ifndef MN_ETHOSU_REGISTERS_H
#define MN_ETHOSU_REGISTERS_H

#include "ethosu/stream.h"

/** MN_NPU_OP_CONV, MN_NPU_IFM_REGION ... */
enum {
#define SHORT(number, name) MN_NPU_##name = (number),
#define LONG(number, name) MN_NPU_##name = (number),
#include "ethosu/commands.def"
#undef SHORT
#undef LONG
};

enum { MN_NPU_POOL_MAX, MN_NPU_POOL_AVERAGE, MN_NPU_POOL_REDUCE_SUM };

enum {
    MN_NPU_MUL,
    MN_NPU_ADD,
    MN_NPU_SUB,
    MN_NPU_MIN,
    MN_NPU_MAX,
    MN_NPU_LRELU,
    MN_NPU_ABS,
    MN_NPU_CLZ,
    MN_NPU_SHR,
    MN_NPU_SHL,
    MN_NPU_ELEMENTWISE_END
};

/** Has the operation of ELEMENTWISE one operand? */
static inline bool mn_npu_is_unary(int32_t mode) {
    return mode == MN_NPU_LRELU || mode == MN_NPU_ABS || mode == MN_NPU_CLZ;
}

/** Does the command start an operation or a copy? */
static inline bool mn_npu_starts(const mn_ethosu_command *command) {
    if (command->is_long) return false;
    switch (command->code) {
    case MN_NPU_OP_CONV:
    case MN_NPU_OP_DEPTHWISE:
    case MN_NPU_OP_POOL:
    case MN_NPU_OP_ELEMENTWISE:
    case MN_NPU_OP_DMA_START: return true;
    default: return false;
    }
}

/** OFM_PRECISION, bits 14 and 15. */
enum { MN_NPU_ROUND_TFL, MN_NPU_ROUND_TRUNCATE, MN_NPU_ROUND_NATURAL };

/** Region number of the memory inside the NPU, as a destination of DMA. */
enum { MN_NPU_REGION_INTERNAL = 0x103 };

/** IFM2_BROADCAST. */
enum {
    MN_NPU_BROADCAST_H = 1,
    MN_NPU_BROADCAST_W = 2,
    MN_NPU_BROADCAST_C = 4,
    MN_NPU_REVERSED = 64,
    MN_NPU_SCALAR = 128
};

/** Codes have 10 bits. */
enum { MN_NPU_CODES = 0x400 };

/** What a program has set so far. */
typedef struct mn_ethosu_registers {
    uint16_t low[MN_NPU_CODES]; /* of one word, by code */
    struct {
        uint16_t high; /* bits 32 to 47 of an address, or a shift */
        uint32_t low;
    } wide[MN_NPU_CODES]; /* of two */
} mn_ethosu_registers;

/** What a command that does nothing else sets: a long one, or one from MN_ETHOSU_FIRST_SET on. */
static inline void mn_npu_set(mn_ethosu_registers *r, const mn_ethosu_command *command) {
    if (command->is_long) {
        r->wide[command->code].high = command->param;
        r->wide[command->code].low = command->data;
    } else {
        r->low[command->code] = command->param;
    }
}

static inline int32_t mn_npu_get(const mn_ethosu_registers *r, int32_t code) { return r->low[code]; }

/** A number that is below 0 where `is_signed` and the top bit is set. */
static inline int32_t mn_npu_number(const mn_ethosu_registers *r, int32_t code, bool is_signed) {
    return is_signed ? (int16_t)r->low[code] : r->low[code];
}

/** A size that the register holds less one. */
static inline int32_t mn_npu_size(const mn_ethosu_registers *r, int32_t code) { return mn_npu_get(r, code) + 1; }

static inline uint64_t mn_npu_address(const mn_ethosu_registers *r, int32_t code) {
    return r->wide[code].low | (uint64_t)r->wide[code].high << 32;
}

/** A distance, which may be negative. */
static inline int64_t mn_npu_stride(const mn_ethosu_registers *r, int32_t code) {
    return (int64_t)(mn_npu_address(r, code) << 16) / 65536;
}

/** KERNEL_STRIDE: how a filter moves, its dilation, and whether its weights come part kernel first. */
typedef struct mn_npu_kernel_stride {
    int32_t stride_h, stride_w, dilation_h, dilation_w;
    bool part_kernel;
} mn_npu_kernel_stride;

static inline mn_npu_kernel_stride mn_npu_get_kernel_stride(const mn_ethosu_registers *r) {
    const int32_t bits = mn_npu_get(r, MN_NPU_KERNEL_STRIDE);
    return (mn_npu_kernel_stride){.stride_h = 1 + (bits >> 1 & 1) + 2 * (bits >> 9 & 7),
                                  .stride_w = 1 + (bits & 1) + 2 * (bits >> 6 & 7),
                                  .dilation_h = 1 + (bits >> 4 & 1),
                                  .dilation_w = 1 + (bits >> 3 & 1),
                                  .part_kernel = (bits >> 2 & 1) != 0};
}

#endif
