/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From registers to operations. Whatever is wrong with a program is found here, so that running one cannot fail. */
#ifndef MN_ETHOSU_DECODE_H
#define MN_ETHOSU_DECODE_H

#include "base/region.h"
#include "ethosu/origins.h"
#include "ethosu/registers.h"

/** What decodes the operations of one program, one after another. */
typedef struct mn_ethosu_decoder {
    const mn_ethosu_config *config;
    const mn_ethosu_memory *memory;
    mn_region *region; /* takes what operations keep */
    const mn_ethosu_machine *machine;
    double work_left;         /* multiply-accumulates and copied bytes that the program may still ask for */
    double weights;           /* of the operations so far, those of a shared filter once */
    const mn_ethosu_op *done; /* [done_count]: the operations so far */
    int32_t done_count;
    mn_ethosu_registers registers;
    mn_ethosu_origins origins;
} mn_ethosu_decoder;

/** The operation that command `code` (MN_NPU_OP_CONV ... MN_NPU_OP_DMA_START) starts, and its effect on what is known
 *  of memory. Errors: FORMAT, UNSUPPORTED, LIMIT, MEMORY with a sentence without the place. */
mn_status mn_ethosu_decode(mn_ethosu_decoder *decoder, int32_t code, int32_t mode, mn_ethosu_op *out);

/** The weights and scales of `op`, a convolution whose geometry is known: decode_filter.c. */
mn_status mn_ethosu_decode_filter(mn_ethosu_decoder *decoder, mn_ethosu_op *op);

/** The memory of the region that register `code` names. */
mn_status mn_ethosu_decode_space(const mn_ethosu_decoder *decoder, int32_t code, int32_t *space);

/** Takes `work` from what is left. LIMIT when it is not. */
mn_status mn_ethosu_decode_spend(mn_ethosu_decoder *decoder, double work);

#endif
