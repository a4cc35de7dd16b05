/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/ethosu_program.h"

#include <stdlib.h>
#include <string.h>

#include "base/little.h"
#include "support/ethosu_weights.h"
#include "support/model_streams.h"

/* ---- Words ------------------------------------------------------------------------------------------------- */

/* What is wrong with a test ends it. */
static void need(bool holds) {
    if (!holds) abort();
}

static void word(ep_program *p, uint32_t value) {
    need(p->count < EP_WORDS);
    p->words[p->count++] = value;
}

void ep_open(ep_program *p, uint32_t config) {
    memset(p, 0, sizeof *p);
    word(p, 0x31504f43); /* COP1 */
    word(p, 0x00100001); /* configuration */
    word(p, config);
    word(p, 0x10060000);
    for (int32_t i = 0; i < 3; i++) word(p, 5); /* nothing */
    word(p, 2);                                 /* commands, whose number follows */
}

void ep_short(ep_program *p, int32_t code, int32_t value) {
    word(p, (uint32_t)code | (uint32_t)(value & 0xffff) << 16);
}

void ep_long(ep_program *p, int32_t code, uint64_t value) {
    word(p, (uint32_t)code | 0x4000 | (uint32_t)(value >> 32 & 0xffff) << 16);
    word(p, (uint32_t)value);
}

void ep_scale(ep_program *p, int32_t code, uint32_t scale, int32_t shift) {
    ep_long(p, code, scale | (uint64_t)shift << 32);
}

uint8_t *ep_payload(ep_program *p, size_t *bytes) {
    ep_short(p, MN_NPU_OP_STOP, 0xffff);
    const size_t commands = p->count - 8;
    p->words[7] = (uint32_t)(2 | commands << 16);
    *bytes = 4 * p->count;
    uint8_t *payload = malloc(*bytes);
    need(payload && commands < 65536);
    for (size_t i = 0; i < p->count; i++) mn_put_le(payload + 4 * i, p->words[i], 4);
    return payload;
}

size_t ep_constant(ep_program *p, const void *data, size_t bytes) {
    const size_t at = mn_round_up(p->constant_bytes, 16);
    need(at + bytes <= EP_CONSTANTS);
    memcpy(p->constants + at, data, bytes);
    p->constant_bytes = mn_round_up(at + bytes, 16);
    memset(p->constants + at + bytes, 0xff, p->constant_bytes - at - bytes); /* ends a stream of weights */
    return at;
}

/* ---- Registers --------------------------------------------------------------------------------------------- */

void ep_map(ep_program *p, int32_t base, const mn_ethosu_map *map, int32_t precision) {
    const int32_t second = base == MN_NPU_IFM2_BASE0 ? MN_NPU_IFM2_REGION - MN_NPU_IFM_REGION : 0;
    const bool is_output = base == MN_NPU_OFM_BASE0;
    const int32_t width = map->bytes / 2, type = map->is_signed | map->bricks << 6 | precision;
    const int32_t tiles = is_output ? MN_NPU_OFM_WIDTH0_M1 : MN_NPU_IFM_WIDTH0_M1 + second;
    ep_short(p, is_output ? MN_NPU_OFM_REGION : MN_NPU_IFM_REGION + second, map->space);
    ep_short(p, is_output ? MN_NPU_OFM_PRECISION : MN_NPU_IFM_PRECISION + second, type | width << (is_output ? 1 : 2));
    ep_short(p, is_output ? MN_NPU_OFM_ZERO_POINT : MN_NPU_IFM_ZERO_POINT + second, map->zero);
    ep_short(p, tiles, map->tile_w - 1);
    ep_short(p, tiles + 1, map->tile_h[0] - 1);
    ep_short(p, tiles + 2, map->tile_h[1] - 1);
    for (int32_t i = 0; i < 4; i++) ep_long(p, base + i, (uint64_t)map->base[i]);
    ep_long(p, base + 4, (uint64_t)map->stride_x);
    ep_long(p, base + 5, (uint64_t)map->stride_y);
    ep_long(p, base + 6, (uint64_t)map->stride_c);
    if (base == MN_NPU_IFM_BASE0) ep_short(p, MN_NPU_IFM_DEPTH_M1, map->c - 1);
    if (!is_output) return;
    ep_short(p, MN_NPU_OFM_HEIGHT_M1, map->h - 1);
    ep_short(p, MN_NPU_OFM_WIDTH_M1, map->w - 1);
    ep_short(p, MN_NPU_OFM_DEPTH_M1, map->c - 1);
}

static void stream_of(ep_program *p, int32_t base, const void *data, size_t bytes) {
    ep_long(p, base, ep_constant(p, data, bytes));
    ep_long(p, base + 1, mn_round_up(bytes, 16));
}

void ep_filter(ep_program *p, const mn_ethosu_filter *f, const int16_t *weights, const mn_ethosu_scale *scales,
               uint32_t seed) {
    ep_short(p, MN_NPU_PARALLEL_MODE, f->cores - 1);
    ep_short(p, MN_NPU_OFM_BLK_DEPTH_M1, f->block_depth - 1);
    ep_short(p, MN_NPU_WEIGHT_REGION, 0);
    ep_short(p, MN_NPU_SCALE_REGION, 0);
    for (int32_t core = 0; core < f->cores; core++) {
        const size_t length = ew_order(f, core, weights, NULL);
        int16_t *ordered = malloc((length + 1) * sizeof *ordered);
        uint8_t *stream, packed[10 * 256];
        need(ordered);
        (void)ew_order(f, core, weights, ordered);
        const size_t bytes = ew_encode(ordered, length, seed, &stream);
        stream_of(p, core == 0 ? MN_NPU_WEIGHT_BASE : MN_NPU_WEIGHT1_BASE, stream, bytes);
        const int32_t channels = mn_ethosu_core_channels(f, core);
        for (int32_t i = 0; i < channels; i++) {
            const mn_ethosu_scale *s = &scales[i * f->cores + core];
            mn_put_le(packed + 10 * i, (uint64_t)s->bias, 5);
            mn_put_le(packed + 10 * i + 5, s->scale, 4);
            packed[10 * i + 9] = (uint8_t)s->shift;
        }
        stream_of(p, core == 0 ? MN_NPU_SCALE_BASE : MN_NPU_SCALE1_BASE, packed, 10 * (size_t)channels);
        free(ordered);
        free(stream);
    }
}

/* ---- Maps -------------------------------------------------------------------------------------------------- */

mn_ethosu_map ep_place(uint32_t *seed, int32_t h, int32_t w, int32_t c, int32_t bytes, bool is_signed, size_t *at) {
    mn_ethosu_map m = {.space = 1, .bytes = bytes, .is_signed = is_signed || bytes == 4, .h = h, .w = w, .c = c};
    const int32_t blocks = (c + 15) / 16, gap = sn_between(seed, 0, 1) * 16;
    m.bricks = sn_between(seed, 0, 1);
    m.stride_x = m.bricks ? 16 * bytes : c * bytes + gap;
    m.stride_c = m.bricks ? w * m.stride_x + gap : 1;
    m.stride_y = m.bricks ? blocks * m.stride_c + gap : w * m.stride_x + gap;
    m.tile_w = sn_between(seed, 0, 2) ? w : sn_between(seed, 1, w);
    for (int32_t i = 0; i < 2; i++) m.tile_h[i] = sn_between(seed, 0, 2) ? h : sn_between(seed, 1, h);
    for (int32_t i = 0; i < 4; i++) {
        m.base[i] = (int64_t)*at;
        *at += (size_t)(h * m.stride_y + gap);
    }
    if (sn_between(seed, 0, 3) == 0) { /* rows from the bottom up */
        for (int32_t i = 0; i < 4; i++) {
            const int32_t upper = m.tile_h[i % 2];
            m.base[i] += m.stride_y * ((i < 2 ? upper : h - upper) - (i < 2 || upper < h ? 1 : 0));
        }
        m.stride_y = -m.stride_y;
    }
    return m;
}

static size_t address(const mn_ethosu_map *m, int32_t y, int32_t x, int32_t c) {
    const bool right = x >= m->tile_w, below = y >= m->tile_h[right];
    const int64_t row = below ? y - m->tile_h[right] : y, column = right ? x - m->tile_w : x;
    const int64_t begin = m->base[2 * below + right] + row * m->stride_y;
    if (m->bricks) return (size_t)(begin + c / 16 * m->stride_c + (column * 16 + c % 16) * m->bytes);
    return (size_t)(begin + column * m->stride_x + c * m->bytes);
}

int64_t ep_get(const mn_ethosu_map *m, const uint8_t *memory, int32_t y, int32_t x, int32_t c) {
    const uint8_t *at = memory + address(m, y, x, c);
    if (m->bytes == 4) return (int32_t)mn_le32(at);
    if (m->bytes == 2) return m->is_signed ? (int16_t)mn_le16(at) : mn_le16(at);
    return m->is_signed ? (int8_t)*at : *at;
}

void ep_put(const mn_ethosu_map *m, uint8_t *memory, int32_t y, int32_t x, int32_t c, int64_t value) {
    mn_put_le(memory + address(m, y, x, c), (uint64_t)value, (size_t)m->bytes);
}
