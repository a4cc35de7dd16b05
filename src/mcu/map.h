/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a program for microcontrollers takes, as text and as a picture. Write errors stay in the FILE. */
#ifndef MN_MCU_MAP_H
#define MN_MCU_MAP_H

#include <stdio.h>

#include "mcu/program.h"

/** Steps with their slices and the weights that they read, and every buffer of the arena with its place, pixels and
 *  the steps that use it. Times of reading are told if `flash_speed`, in MB/s, is not 0. */
void mn_mcu_map_text(const mn_mcu_built *built, double flash_speed, FILE *out);

/** The arena as SVG: steps from left to right, bytes upwards. */
void mn_mcu_map_svg(const mn_mcu_built *built, FILE *out);

/** Name of a mn_mcu_kind, "POINTWISE". */
const char *mn_mcu_kind_name(uint8_t kind);

#endif
