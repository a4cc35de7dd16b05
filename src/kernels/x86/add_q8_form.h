/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD as one sum of two products, where trying all 65,536 pairs of operands has shown that it gives what
 * the reference's three requantisations do. */
#ifndef MN_KERNELS_X86_ADD_Q8_FORM_H
#define MN_KERNELS_X86_ADD_Q8_FORM_H

#include "kernels/x86/requant.h"

enum { MN_ADD_Q8_FIXUPS = 4 };

/** Operands and results are centred: stored int8 values, or stored uint8 values minus 128. */
typedef struct mn_add_q8 {
    mn_requant in[2], out; /* exact */
    int32_t zero[2];       /* of the operands */
    bool subtract;
    mn_range_i32 range;
    /* With `is_short`: ((high << 8) + (low >> 8) + offset) >> bits, where high and low are sums of both operands times
     * 16-bit factors, operand 0's in the lower half. */
    bool is_short;
    int32_t high, low, offset, bits;
    /* Pairs of operands for which that is 1 too small. */
    int8_t fixup[MN_ADD_Q8_FIXUPS][2];
    int32_t fixups;
} mn_add_q8;

/** Fills `out`, of an ADD whose operands fit (mn_add_operands_fit()); looking for the short form takes some
 * microseconds. The processor must have AVX2. */
void mn_add_q8_fill(const mn_binary_params *p, mn_type type, mn_add_q8 *out);

#endif
