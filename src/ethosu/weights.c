/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Two halves: the coding, which gives weights one after another, and the order in which the hardware wants them. The
 * coding was learnt from Vela's decoder (mlw_codec), the order from its encoder. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/little.h"
#include "ethosu/weights.h"

/* ---- Bits ------------------------------------------------------------------------------------------------------- */

/* The lowest bit of a byte comes first. */
typedef struct bits {
    const uint8_t *at, *end;
    uint64_t held;
    uint32_t count;  /* bits held */
    bool is_overrun; /* more was asked for than there is: the rest are zeros */
} bits;

static void refill(bits *b, uint32_t wanted) {
    if (b->end - b->at >= 8) {
        const uint32_t bytes = (63 - b->count) / 8;
        b->held |= mn_le64(b->at) << b->count;
        b->at += bytes;
        b->count += 8 * bytes;
        return;
    }
    for (; b->at < b->end && b->count <= 56; b->count += 8) b->held |= (uint64_t)*b->at++ << b->count;
    if (b->count < wanted) {
        b->is_overrun = true;
        b->count = wanted;
    }
}

/* The next `n` bits, at most 15. */
static inline uint32_t take(bits *b, uint32_t n) {
    if (b->count < n) refill(b, n);
    const uint32_t value = (uint32_t)b->held & ((1u << n) - 1);
    b->held >>= n;
    b->count -= n;
    return value;
}

/* ---- Slices ----------------------------------------------------------------------------------------------------- */

/* A slice has up to 2^15 weights, and as long as there are zero runs, one of these behind each weight and, with a new
 * palette, one before the first. Both sequences are Golomb-Rice codes: a value is quotient * 2^div + remainder. They
 * take turns in chunks: unary quotients of up to 12 weights and 12 (8 where div is 3) runs, and then the remainders of
 * the chunk before. Whichever sequence is ahead of the other waits. */
enum { SLICE_WEIGHTS = 1 << 15, CHUNK = 12, WEIGHT_VALUES = 512, WEIGHT_NONE = INT16_MIN };
enum { ZERO_DIV_MAX = 3, ZERO_DIV_NONE = 6, ZERO_DIV_END = 7, WEIGHT_DIV_MAX = 5, WEIGHT_DIV_PLAIN = 7 };

typedef struct sequence {
    uint32_t div;                    /* bits of a remainder */
    uint32_t count;                  /* values in the slice */
    uint32_t begun;                  /* whose quotients have been read, and more that pad a chunk */
    uint32_t known;                  /* that are complete */
    uint32_t carry;                  /* quotient that goes on in the next chunk */
    uint32_t held, quotients[CHUNK]; /* complete, their remainders to come */
    uint32_t values[SLICE_WEIGHTS + 1];
} sequence;

typedef struct decoder {
    bits bits;
    bool has_palette, has_zeros;
    bool is_plain;     /* weights of the slice have no quotients */
    bool is_truncated; /* their quotients are 0 to 2 and need no end */
    bool is_first_run; /* the slice begins with a run */
    uint32_t palette_count, palette_bits;
    uint32_t at;                    /* weights of the slice already given */
    uint32_t zeros;                 /* left of a run */
    int16_t meaning[WEIGHT_VALUES]; /* the weight that a value stands for; WEIGHT_NONE: none */
    sequence weights, runs;
} decoder;

static mn_status fail_stream(const char *what) {
    return mn_fail(MN_ERROR_FORMAT, "a stream of compressed weights %s; compile the model again", what);
}

static void begin_sequence(sequence *s, uint32_t div, uint32_t count) {
    s->div = div;
    s->count = count;
    s->begun = s->known = s->carry = s->held = 0;
}

/* A weight is coded as its magnitude times two, and 1 if it is negative. */
static int16_t weight_of(uint32_t code) {
    const int16_t magnitude = (int16_t)(code >> 1);
    if (code >= WEIGHT_VALUES) return WEIGHT_NONE;
    return code & 1 ? (int16_t)-magnitude : magnitude;
}

/* The first values stand for weights of the palette, the others for all weights from `direct` on. */
static void read_palette(decoder *d) {
    const uint32_t direct = take(&d->bits, 5), count = take(&d->bits, 5);
    d->palette_count = count > 0 ? count + 1 : 0;
    d->palette_bits = take(&d->bits, 3) + 2;
    for (uint32_t i = 0; i < WEIGHT_VALUES; i++) {
        d->meaning[i] =
            weight_of(i < d->palette_count ? take(&d->bits, d->palette_bits) : i - d->palette_count + direct);
    }
}

/* Bits of an index into the palette, or of a weight where there is none. */
static uint32_t plain_bits(const decoder *d) {
    uint32_t n = 0;
    if (d->palette_count == 0) return d->palette_bits;
    while (1u << n < d->palette_count) n++;
    return n;
}

/* Reads what stands before a slice; *is_end: there is none. */
static mn_status read_header(decoder *d, bool *is_end) {
    uint32_t zero_div;
    for (;;) {
        *is_end = d->bits.count == 0 && d->bits.at == d->bits.end;
        if (*is_end) return MN_OK;
        zero_div = take(&d->bits, 3);
        if (zero_div != ZERO_DIV_END) break;
        (void)take(&d->bits, d->bits.count % 8);
        d->has_palette = false;
    }
    if (zero_div > ZERO_DIV_MAX && zero_div != ZERO_DIV_NONE) return fail_stream("has zero runs with an unknown code");
    const uint32_t count = take(&d->bits, 15) + 1, weight_div = take(&d->bits, 3);
    const bool has_zeros = zero_div != ZERO_DIV_NONE;
    d->is_truncated = take(&d->bits, 1) != 0;
    d->is_first_run = take(&d->bits, 1) != 0;
    if (d->is_first_run) {
        read_palette(d);
    } else if (!d->has_palette || has_zeros != d->has_zeros) {
        return fail_stream("has no palette where it needs one");
    }
    d->is_plain = weight_div == WEIGHT_DIV_PLAIN;
    if (!d->is_plain && weight_div > WEIGHT_DIV_MAX) return fail_stream("has weights with an unknown code");
    d->has_palette = true;
    d->has_zeros = has_zeros;
    begin_sequence(&d->weights, d->is_plain ? plain_bits(d) : weight_div, count);
    begin_sequence(&d->runs, zero_div, has_zeros ? count + d->is_first_run : 0);
    return d->bits.is_overrun ? fail_stream("ends early") : MN_OK;
}

/* Quotients of weights: in `unary` each 1 adds one, or two if the next bit of `second` says so; a two goes on. */
static uint32_t weight_quotients(decoder *d, uint32_t unary, uint32_t second, uint32_t *quotients) {
    const uint32_t length = d->is_plain && d->weights.div > 5 ? 8 : CHUNK;
    uint32_t n = 0, sum = d->weights.carry;
    for (uint32_t i = 0; i < length; i++) {
        const uint32_t one = unary >> i & 1, two = one & second;
        second >>= one;
        sum += one + two;
        if (!two || d->is_truncated) {
            quotients[n++] = sum;
            sum = 0;
        }
    }
    d->weights.carry = sum;
    return n;
}

/* Quotients of runs: as many 1s, and a 0. */
static uint32_t run_quotients(sequence *runs, uint32_t unary, uint32_t length, uint32_t *quotients) {
    uint32_t n = 0, sum = runs->carry;
    for (uint32_t i = 0; i < length; i++) {
        if (unary >> i & 1) {
            sum++;
        } else {
            quotients[n++] = sum;
            sum = 0;
        }
    }
    runs->carry = sum;
    return n;
}

/* Completes the values of the chunk before, and keeps the `held` quotients of this one. */
static void complete(bits *from, sequence *s, uint32_t held, const uint32_t *quotients) {
    const uint32_t div = s->div, count = s->held < s->count - s->known ? s->held : s->count - s->known;
    uint32_t *values = s->values + s->known;
    bits b = *from; /* `values` might be `from` for all that a compiler knows */
    for (uint32_t i = 0; i < count; i++) values[i] = (s->quotients[i] << div) + take(&b, div);
    *from = b;
    s->known += count;
    s->held = held;
    s->begun += held;
    memcpy(s->quotients, quotients, held * sizeof *quotients);
}

static uint32_t count_ones(uint32_t word) {
    uint32_t n = 0;
    for (; word != 0; word &= word - 1) n++;
    return n;
}

static mn_status read_slice(decoder *d, bool *is_end) {
    sequence *weights = &d->weights, *runs = &d->runs;
    MN_TRY(read_header(d, is_end));
    if (*is_end) return MN_OK;
    const uint32_t run_length = runs->div == ZERO_DIV_MAX ? 8 : CHUNK;
    while (weights->known < weights->count || runs->known < runs->count) {
        uint32_t weight_unary = 0, weight_held = 0, run_held = 0;
        uint32_t weight_quotient[CHUNK], run_quotient[CHUNK];
        const bool has_weights = weights->begun < weights->count && (!d->has_zeros || weights->begun < runs->begun + 8);
        const bool has_runs = runs->begun < runs->count && runs->begun <= weights->begun;
        if (has_weights && !d->is_plain) weight_unary = take(&d->bits, CHUNK);
        if (has_runs) run_held = run_quotients(runs, take(&d->bits, run_length), run_length, run_quotient);
        if (has_weights) {
            const uint32_t second = take(&d->bits, count_ones(weight_unary));
            weight_held = weight_quotients(d, weight_unary, second, weight_quotient);
        }
        complete(&d->bits, weights, weight_held, weight_quotient);
        complete(&d->bits, runs, run_held, run_quotient);
        if (d->bits.is_overrun) return fail_stream("ends early");
    }
    d->at = 0;
    d->zeros = d->has_zeros && d->is_first_run ? runs->values[0] : 0;
    return MN_OK;
}

static mn_status give_weight(decoder *d, int16_t *out) {
    const uint32_t value = d->weights.values[d->at];
    *out = value < WEIGHT_VALUES ? d->meaning[value] : WEIGHT_NONE;
    if (*out == WEIGHT_NONE) return fail_stream("has a weight of more than 9 bits");
    if (d->has_zeros) d->zeros = d->runs.values[d->at + d->is_first_run];
    d->at++;
    return MN_OK;
}

/* The next `count` weights. */
static mn_status give_weights(decoder *d, int16_t *out, uint32_t count) {
    while (count > 0) {
        if (d->zeros > 0) {
            const uint32_t zeros = d->zeros < count ? d->zeros : count;
            memset(out, 0, zeros * sizeof *out);
            d->zeros -= zeros;
            count -= zeros;
            out += zeros;
        } else if (d->at < d->weights.count) {
            MN_TRY(give_weight(d, out++));
            count--;
        } else {
            bool is_end;
            MN_TRY(read_slice(d, &is_end));
            if (is_end) return fail_stream("has too few of them");
        }
    }
    return MN_OK;
}

static mn_status expect_end(decoder *d) {
    bool is_end = false;
    if (d->zeros == 0 && d->at == d->weights.count) MN_TRY(read_header(d, &is_end));
    return is_end ? MN_OK : fail_stream("has too many of them");
}

/* ---- Order ------------------------------------------------------------------------------------------------------ */

/* The filter is cut into blocks of output channels; each into blocks of input channels; each into sub-kernels of 8 by
 * 8 at most, which dilation shrinks; each of these is walked through in micro-blocks: some output channels, and some
 * input channels of each. What lies outside the filter is padding. */
enum { SUB_KERNEL = 8, MICRO_MAX = 8 };

typedef struct walk {
    const mn_ethosu_filter *filter;
    decoder *decoder;
    int16_t *weights;
    int32_t core;
    int32_t out_begin, out_end; /* channels of the core in this block */
    int32_t in_begin, in_end;   /* channels in this block, without padding */
    int32_t in_padded;          /* channels in this block, with it */
    int32_t y, x, h, w;         /* sub-kernel */
} walk;

/* One micro-block: output channels from `out` on and input channels from `in` on, of one element of the sub-kernel. */
static mn_status read_micro(const walk *k, int32_t out, int32_t in, int32_t y, int32_t x) {
    const mn_ethosu_filter *f = k->filter;
    const int32_t depth = f->depthwise ? 1 : f->micro_in;
    int16_t values[MICRO_MAX * MICRO_MAX];
    MN_TRY(give_weights(k->decoder, values, (uint32_t)(f->micro_out * depth)));
    const int32_t outs = mn_min_i32(f->micro_out, k->out_end - out), ins = mn_min_i32(depth, k->in_end - in);
    if (y >= k->h || ins <= 0) return MN_OK;
    const size_t place = (size_t)((k->y + y) * f->k_w + k->x + x) * (size_t)f->in_c + (size_t)in;
    const size_t stride = (size_t)f->k_h * (size_t)f->k_w * (size_t)f->in_c;
    for (int32_t i = 0; i < outs; i++) {
        const size_t channel = (size_t)((out + i) * f->cores + k->core);
        memcpy(k->weights + channel * stride + place, values + i * depth, (size_t)ins * sizeof *values);
    }
    return MN_OK;
}

/* Elements of a sub-kernel, rounded up to what is computed at once. */
static int32_t padded_elements(const mn_ethosu_filter *f, int32_t elements) {
    if (f->part_kernel && f->in_bits == 16) return (elements + 1) & ~1;
    return f->part_kernel || f->depthwise ? (elements + 3) & ~3 : elements;
}

/* Part kernel first takes all elements of a micro-block's input channels before the next channels; depth first the
 * other way round. */
static mn_status read_sub_kernel(const walk *k) {
    const mn_ethosu_filter *f = k->filter;
    const int32_t elements = padded_elements(f, k->h * k->w);
    const int32_t outer = f->part_kernel ? k->in_padded : 1, inner = f->part_kernel ? 1 : k->in_padded;
    for (int32_t i = 0; i < outer; i += f->micro_in) {
        for (int32_t out = k->out_begin; out < k->out_end; out += f->micro_out) {
            for (int32_t e = 0; e < elements; e++) {
                for (int32_t j = 0; j < inner; j += f->micro_in) {
                    MN_TRY(read_micro(k, out, k->in_begin + i + j, e / k->w, e % k->w));
                }
            }
        }
    }
    return MN_OK;
}

static mn_status read_block(walk *k) {
    const mn_ethosu_filter *f = k->filter;
    const int32_t step_h = SUB_KERNEL / f->dilation_h, step_w = SUB_KERNEL / f->dilation_w;
    for (k->y = 0; k->y < f->k_h; k->y += step_h) {
        for (k->x = 0; k->x < f->k_w; k->x += step_w) {
            k->h = mn_min_i32(step_h, f->k_h - k->y);
            k->w = mn_min_i32(step_w, f->k_w - k->x);
            MN_TRY(read_sub_kernel(k));
        }
    }
    return MN_OK;
}

static mn_status read_filter(walk *k) {
    const mn_ethosu_filter *f = k->filter;
    const int32_t channels = mn_ethosu_core_channels(f, k->core);
    const int32_t out_step = mn_max_i32(1, (f->block_depth + f->cores - 1 - k->core) / f->cores);
    const int32_t in_step = f->part_kernel || f->in_bits == 16 ? 16 : 32;
    for (k->out_begin = 0; k->out_begin < channels; k->out_begin += out_step) {
        k->out_end = mn_min_i32(k->out_begin + out_step, channels);
        for (k->in_begin = 0; k->in_begin < f->in_c; k->in_begin += in_step) {
            k->in_end = mn_min_i32(k->in_begin + in_step, f->in_c);
            k->in_padded = f->depthwise ? f->micro_in : f->part_kernel ? k->in_end - k->in_begin : in_step;
            MN_TRY(read_block(k));
        }
    }
    return expect_end(k->decoder);
}

mn_status mn_ethosu_weights_decode(const mn_ethosu_filter *filter, int32_t core, const uint8_t *stream, size_t bytes,
                                   int16_t *weights) {
    if (mn_ethosu_core_channels(filter, core) == 0) return MN_OK;
    decoder *d = malloc(sizeof *d);
    if (d == NULL) return mn_fail_memory("the weights of an Ethos-U operation");
    memset(d, 0, offsetof(decoder, weights));
    begin_sequence(&d->weights, 0, 0);
    d->bits = (bits){.at = stream, .end = stream + bytes};
    walk k = {.filter = filter, .decoder = d, .weights = weights, .core = core};
    const mn_status status = read_filter(&k);
    free(d);
    return status;
}

/* ---- Scales ----------------------------------------------------------------------------------------------------- */

mn_status mn_ethosu_scales_decode(const mn_ethosu_filter *filter, int32_t core, const uint8_t *stream, size_t bytes,
                                  mn_ethosu_scale *scales) {
    enum { BIAS_BYTES = 5, SCALE_AT = 5, SHIFT_AT = 9, CHANNEL_BYTES = 10 };
    const size_t channels = (size_t)mn_ethosu_core_channels(filter, core);
    if (bytes / CHANNEL_BYTES < channels) {
        return mn_fail(MN_ERROR_FORMAT,
                       "%zu bytes of scales are too few for %zu channels of 10 bytes; compile the model again", bytes,
                       channels);
    }
    for (size_t i = 0; i < channels; i++) {
        const uint8_t *from = stream + CHANNEL_BYTES * i;
        const uint64_t bias = mn_le32(from) | (uint64_t)from[BIAS_BYTES - 1] << 32;
        scales[i * (size_t)filter->cores + (size_t)core] = (mn_ethosu_scale){
            .bias = (int64_t)(bias ^ UINT64_C(1) << 39) - (INT64_C(1) << 39),
            .scale = mn_le32(from + SCALE_AT),
            .shift = from[SHIFT_AT] & 63,
        };
    }
    return MN_OK;
}
