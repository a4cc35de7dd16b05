/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "mcu/weights.h"

#include <stdbool.h>

static bool is_product(const mn_mcu_step *step) {
    return step->kind == MN_MCU_POINTWISE || step->kind == MN_MCU_DENSE || step->kind == MN_MCU_CONV ||
           step->kind == MN_MCU_DEPTHWISE;
}

/* Weights of a product, which are bytes. */
static uint32_t weight_count(const mn_mcu_step *step) {
    const mn_mcu_product *p = step->params;
    const uint32_t taps = step->window ? (uint32_t)step->window->k_h * step->window->k_w : 1;
    return taps * p->channels * (step->kind == MN_MCU_DEPTHWISE ? 1u : p->depth);
}

mn_mcu_weights mn_mcu_weights_of(const mn_mcu_program *program, const mn_mcu_step *step, uint32_t *end) {
    mn_mcu_weights w = {.offset = *end};
    if (step->kind == MN_MCU_LOAD) {
        w.from = ((const mn_mcu_constants *)step->params)->from;
        w.bytes = program->tensors[step->output].bytes;
    } else if (is_product(step)) {
        w.from = ((const mn_mcu_product *)step->params)->weights;
        w.bytes = w.from ? weight_count(step) : 0;
    }
    *end += (w.bytes + MN_MCU_WORD - 1) / MN_MCU_WORD * MN_MCU_WORD;
    return w;
}

uint32_t mn_mcu_weight_bytes(const mn_mcu_program *program) {
    uint32_t end = 0;
    for (uint32_t s = 0; s < program->step_count; s++) mn_mcu_weights_of(program, &program->steps[s], &end);
    return end > 0 ? end : MN_MCU_WORD;
}

uint64_t mn_mcu_macs(const mn_mcu_program *program, const mn_mcu_step *step) {
    const mn_mcu_tensor *out = &program->tensors[step->output];
    return is_product(step) ? (uint64_t)weight_count(step) * out->height * out->width : 0;
}
