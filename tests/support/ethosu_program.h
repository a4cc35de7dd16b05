/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs for Ethos-U, put together command by command, and feature maps at random places. */
#ifndef TEST_ETHOSU_PROGRAM_H
#define TEST_ETHOSU_PROGRAM_H

#include "ethosu/map.h"
#include "ethosu/registers.h"
#include "ethosu/weights.h"

enum { EP_WORDS = 4096, EP_CONSTANTS = 1 << 18 };

/** Configuration words of Vela. */
enum { EP_U55_32 = 0x00001005, EP_U65_256 = 0x10003008, EP_U65_512 = 0x10006009 };

typedef struct ep_program {
    uint32_t words[EP_WORDS];
    size_t count;
    uint8_t constants[EP_CONSTANTS]; /* of region 0 */
    size_t constant_bytes;
} ep_program;

/** A program without commands for the accelerator of that configuration word. */
void ep_open(ep_program *p, uint32_t config);

/** A command of one word; one of two words. */
void ep_short(ep_program *p, int32_t code, int32_t value);
void ep_long(ep_program *p, int32_t code, uint64_t value);

/** A command of two words that holds a scale and its shift. */
void ep_scale(ep_program *p, int32_t code, uint32_t scale, int32_t shift);

/** Ends it with STOP. Returns the payload, which the caller frees. */
uint8_t *ep_payload(ep_program *p, size_t *bytes);

/** Constants, aligned to 16 bytes; returns where they begin in region 0. */
size_t ep_constant(ep_program *p, const void *data, size_t bytes);

/** The registers of a map: base is MN_NPU_IFM_BASE0, MN_NPU_IFM2_BASE0 or MN_NPU_OFM_BASE0. Its memory is region
 *  map->space. `precision`: bits beside those of type and layout. */
void ep_map(ep_program *p, int32_t base, const mn_ethosu_map *map, int32_t precision);

/** The filter of a convolution, its weights and scales; constants. `window` registers: filter size, strides, padding.
 */
void ep_filter(ep_program *p, const mn_ethosu_filter *filter, const int16_t *weights, const mn_ethosu_scale *scales,
               uint32_t seed);

/** A map of that size and type at a random place from byte *at on, which moves behind it; layout, tiles and strides at
 *  random, too. */
mn_ethosu_map ep_place(uint32_t *seed, int32_t h, int32_t w, int32_t c, int32_t bytes, bool is_signed, size_t *at);

/** The element of a map, less no zero point; the definition of where it lies. */
int64_t ep_get(const mn_ethosu_map *map, const uint8_t *memory, int32_t y, int32_t x, int32_t c);
void ep_put(const mn_ethosu_map *map, uint8_t *memory, int32_t y, int32_t x, int32_t c, int64_t value);

#endif
