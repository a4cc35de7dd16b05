/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "ethosu/decode.h"

/* Limits of ours, generous for image classifiers, that keep hostile programs cheap. */
enum { MOST_ELEMENTS = 1 << 26, MOST_PADDING = 255 };

mn_status mn_ethosu_decode_spend(mn_ethosu_decoder *d, double work) {
    d->work_left -= work;
    if (d->work_left >= 0) return MN_OK;
    return mn_fail(MN_ERROR_LIMIT, "up to here the program asks for more work than is allowed");
}

/* ---- Feature maps ----------------------------------------------------------------------------------------- */

/* The registers of one map, and where its precision keeps the width of elements. */
typedef struct map_codes {
    const char *name;
    int32_t region, precision, width_bit, zero, width0, height0, height1, base;
} map_codes;

static const map_codes ifm_codes = {"IFM",
                                    MN_NPU_IFM_REGION,
                                    MN_NPU_IFM_PRECISION,
                                    2,
                                    MN_NPU_IFM_ZERO_POINT,
                                    MN_NPU_IFM_WIDTH0_M1,
                                    MN_NPU_IFM_HEIGHT0_M1,
                                    MN_NPU_IFM_HEIGHT1_M1,
                                    MN_NPU_IFM_BASE0};
static const map_codes ifm2_codes = {"IFM2",
                                     MN_NPU_IFM2_REGION,
                                     MN_NPU_IFM2_PRECISION,
                                     2,
                                     MN_NPU_IFM2_ZERO_POINT,
                                     MN_NPU_IFM2_WIDTH0_M1,
                                     MN_NPU_IFM2_HEIGHT0_M1,
                                     MN_NPU_IFM2_HEIGHT1_M1,
                                     MN_NPU_IFM2_BASE0};
static const map_codes ofm_codes = {"OFM",
                                    MN_NPU_OFM_REGION,
                                    MN_NPU_OFM_PRECISION,
                                    1,
                                    MN_NPU_OFM_ZERO_POINT,
                                    MN_NPU_OFM_WIDTH0_M1,
                                    MN_NPU_OFM_HEIGHT0_M1,
                                    MN_NPU_OFM_HEIGHT1_M1,
                                    MN_NPU_OFM_BASE0};

/* Behind the four bases of a map. */
enum { STRIDE_X = 4, STRIDE_Y = 5, STRIDE_C = 6 };

mn_status mn_ethosu_decode_space(const mn_ethosu_decoder *d, int32_t code, int32_t *space) {
    const int32_t region = mn_npu_get(&d->registers, code);
    *space = region < MN_ETHOSU_SPACES ? d->memory->of_region[region] : -1;
    if (*space >= 0) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "it uses region %d, for which the operator has no tensor", region);
}

/* Type and zero point alone: all that a scalar has of a map. */
static mn_status decode_type(const mn_ethosu_registers *r, const map_codes *codes, mn_ethosu_map *out) {
    const int32_t precision = mn_npu_get(r, codes->precision), width = precision >> codes->width_bit & 3;
    if (width == 3) return mn_fail(MN_ERROR_FORMAT, "its %s has elements of an unknown width", codes->name);
    *out = (mn_ethosu_map){
        .bytes = 1 << width, .is_signed = width == 2 || (precision & 1) != 0, .bricks = (precision >> 6 & 1) != 0};
    out->zero = mn_npu_number(r, codes->zero, out->is_signed);
    return MN_OK;
}

static mn_status decode_map(const mn_ethosu_decoder *d, const map_codes *codes, int32_t h, int32_t w, int32_t c,
                            mn_ethosu_map *out) {
    const mn_ethosu_registers *r = &d->registers;
    size_t begin, end;
    MN_TRY(decode_type(r, codes, out));
    MN_TRY(mn_ethosu_decode_space(d, codes->region, &out->space));
    out->h = h;
    out->w = w;
    out->c = c;
    out->tile_h[0] = mn_npu_size(r, codes->height0);
    out->tile_h[1] = mn_npu_size(r, codes->height1);
    out->tile_w = mn_npu_size(r, codes->width0);
    for (int32_t i = 0; i < 4; i++) out->base[i] = (int64_t)mn_npu_address(r, codes->base + i);
    out->stride_x = mn_npu_stride(r, codes->base + STRIDE_X);
    out->stride_y = mn_npu_stride(r, codes->base + STRIDE_Y);
    out->stride_c = mn_npu_stride(r, codes->base + STRIDE_C);
    if ((double)h * w * c > MOST_ELEMENTS) {
        return mn_fail(MN_ERROR_LIMIT, "its %s of %d x %d x %d has more than 2^26 elements", codes->name, h, w, c);
    }
    if (mn_ethosu_map_extent(out, d->memory->bytes[out->space], &begin, &end)) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "its %s of %d x %d x %d lies beyond region %d", codes->name, h, w, c,
                   mn_npu_get(r, codes->region));
}

/* The output, whose size the registers give. */
static mn_status decode_output(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    const mn_ethosu_registers *r = &d->registers;
    MN_TRY(decode_map(d, &ofm_codes, mn_npu_size(r, MN_NPU_OFM_HEIGHT_M1), mn_npu_size(r, MN_NPU_OFM_WIDTH_M1),
                      mn_npu_size(r, MN_NPU_OFM_DEPTH_M1), &op->out));
    if (d->memory->constant[op->out.space] == NULL) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "it writes to region %d, a constant", mn_npu_get(r, MN_NPU_OFM_REGION));
}

/* ---- What happens to accumulators ------------------------------------------------------------------------- */

static mn_status decode_table(const mn_ethosu_op *op, int32_t activation, mn_ethosu_finish *f) {
    if (activation == 0) return MN_OK;
    if (activation < 16 || activation > 23) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "its activation, number %d, is not emulated", activation);
    }
    f->table = (activation & 7) * 256;
    f->table_low = op->out.is_signed ? -128 : 0;
    const int32_t bytes = op->out.bytes == 2 ? 512 * 4 : 256 * op->out.bytes; /* of 16 bits: values and slopes */
    if (f->table + bytes <= MN_ETHOSU_TABLE_BYTES) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "its table begins too late in the memory for tables");
}

static mn_status decode_finish(const mn_ethosu_decoder *d, mn_ethosu_op *op) {
    const mn_ethosu_registers *r = &d->registers;
    const int32_t precision = mn_npu_get(r, MN_NPU_OFM_PRECISION), bits = 8 * op->out.bytes;
    mn_ethosu_finish *f = &op->finish;
    *f = (mn_ethosu_finish){
        .scaling = precision >> 8 & 1 ? MN_ETHOSU_SCALED : MN_ETHOSU_UNSCALED,
        .scale = {.scale = r->wide[MN_NPU_OFM_SCALE].low, .shift = r->wide[MN_NPU_OFM_SCALE].high & 63},
        .rounding = precision >> 14 & 3,
        .low = INT32_MIN,
        .high = INT32_MAX,
        .table = -1};
    MN_TRY(decode_table(op, mn_npu_get(r, MN_NPU_ACTIVATION) & 31, f));
    if (bits < 32 || f->table >= 0) f->zero = op->out.zero;
    if (bits < 32) {
        const int32_t least = op->out.is_signed ? -(1 << (bits - 1)) : 0, most = least + (1 << bits) - 1;
        f->low = mn_clamp_i32(mn_npu_number(r, MN_NPU_ACTIVATION_MIN, op->out.is_signed), least, most);
        f->high = mn_clamp_i32(mn_npu_number(r, MN_NPU_ACTIVATION_MAX, op->out.is_signed), least, most);
    }
    if (f->rounding <= MN_NPU_ROUND_NATURAL) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "it rounds in an unknown way");
}

/* ---- CONV, DEPTHWISE and POOL ----------------------------------------------------------------------------- */

static mn_status decode_kernel(const mn_ethosu_registers *r, mn_window *w) {
    const mn_npu_kernel_stride k = mn_npu_get_kernel_stride(r);
    const int32_t rows = mn_npu_get(r, MN_NPU_KERNEL_HEIGHT_M1), columns = mn_npu_get(r, MN_NPU_KERNEL_WIDTH_M1);
    w->stride_w = k.stride_w;
    w->stride_h = k.stride_h;
    w->dilation_w = k.dilation_w;
    w->dilation_h = k.dilation_h;
    w->k_h = rows / w->dilation_h + 1;
    w->k_w = columns / w->dilation_w + 1;
    if (rows % w->dilation_h == 0 && columns % w->dilation_w == 0) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "its dilated filter does not end on a whole cell");
}

/* The part of the input that the outputs need is what their windows cover, less the padding. */
static mn_status decode_window(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    const mn_ethosu_registers *r = &d->registers;
    const int32_t top = mn_npu_get(r, MN_NPU_IFM_PAD_TOP), bottom = mn_npu_get(r, MN_NPU_IFM_PAD_BOTTOM);
    const int32_t left = mn_npu_get(r, MN_NPU_IFM_PAD_LEFT), right = mn_npu_get(r, MN_NPU_IFM_PAD_RIGHT);
    mn_window *w = &op->window;
    MN_TRY(decode_kernel(r, w));
    if (top > MOST_PADDING || bottom > MOST_PADDING || left > MOST_PADDING || right > MOST_PADDING) {
        return mn_fail(MN_ERROR_FORMAT, "it pads by more than %d", MOST_PADDING);
    }
    w->batches = 1;
    w->out_h = op->out.h;
    w->out_w = op->out.w;
    w->out_c = op->out.c;
    w->pad_top = top;
    w->pad_left = left;
    w->in_h = (w->out_h - 1) * w->stride_h + (w->k_h - 1) * w->dilation_h + 1 - top - bottom;
    w->in_w = (w->out_w - 1) * w->stride_w + (w->k_w - 1) * w->dilation_w + 1 - left - right;
    w->in_c = mn_npu_size(r, MN_NPU_IFM_DEPTH_M1);
    if (w->in_h >= 1 && w->in_w >= 1) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "it pads by more than its windows cover");
}

static mn_status decode_input(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    mn_window *w = &op->window;
    const bool sums = op->kind == MN_ETHOSU_CONV || (op->kind == MN_ETHOSU_POOL && op->mode == MN_NPU_POOL_REDUCE_SUM);
    if (!sums && w->in_c < w->out_c) return mn_fail(MN_ERROR_FORMAT, "its OFM has more channels than its IFM");
    if (!sums) w->in_c = w->out_c;
    const double taps = (double)w->k_h * w->k_w * (sums ? w->in_c : 1);
    MN_TRY(
        mn_ethosu_decode_spend(d, (double)w->out_h * w->out_w * w->out_c * taps + (double)w->in_h * w->in_w * w->in_c));
    return decode_map(d, &ifm_codes, w->in_h, w->in_w, w->in_c, &op->in);
}

static bool is_padded(const mn_ethosu_registers *r) {
    return mn_npu_get(r, MN_NPU_IFM_PAD_TOP) > 0 || mn_npu_get(r, MN_NPU_IFM_PAD_BOTTOM) > 0 ||
           mn_npu_get(r, MN_NPU_IFM_PAD_LEFT) > 0 || mn_npu_get(r, MN_NPU_IFM_PAD_RIGHT) > 0;
}

static bool is_one(const mn_ethosu_scale *scale) { return scale->scale == 1 && scale->shift == 0; }

static mn_status decode_windowed(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    MN_TRY(decode_window(d, op));
    MN_TRY(decode_input(d, op));
    if (op->kind != MN_ETHOSU_POOL) return mn_ethosu_decode_filter(d, op);
    if (op->mode == MN_NPU_POOL_AVERAGE && is_padded(&d->registers) && is_one(&op->finish.scale)) {
        op->finish.scaling = MN_ETHOSU_UNSCALED; /* the NPU divides by the cells that are inside */
    }
    if (op->mode > MN_NPU_POOL_REDUCE_SUM) return mn_fail(MN_ERROR_FORMAT, "%d is not a kind of pooling", op->mode);
    if (op->mode != MN_NPU_POOL_REDUCE_SUM) return MN_OK;
    const mn_window *w = &op->window;
    if (w->out_c == 1 && w->k_h == 1 && w->k_w == 1 && !is_padded(&d->registers)) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "it sums channels into %d, in windows of %d x %d, or with padding", w->out_c,
                   w->k_h, w->k_w);
}

/* ---- ELEMENTWISE ------------------------------------------------------------------------------------------ */

static mn_status decode_pair(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    const mn_ethosu_registers *r = &d->registers;
    const int32_t broadcast = mn_npu_get(r, MN_NPU_IFM2_BROADCAST);
    mn_ethosu_pair *p = &op->pair;
    p->reversed = (broadcast & MN_NPU_REVERSED) != 0;
    p->is_scalar = (broadcast & MN_NPU_SCALAR) != 0;
    if (!p->is_scalar) {
        return decode_map(d, &ifm2_codes, broadcast & MN_NPU_BROADCAST_H ? 1 : op->out.h,
                          broadcast & MN_NPU_BROADCAST_W ? 1 : op->out.w,
                          broadcast & MN_NPU_BROADCAST_C ? 1 : op->out.c, &p->map);
    }
    MN_TRY(decode_type(r, &ifm2_codes, &p->map));
    p->scalar = mn_npu_number(r, MN_NPU_IFM2_SCALAR, p->map.is_signed) - p->map.zero;
    return MN_OK;
}

/* ADD and SUB: operands of 8 and 16 bits are scaled. */
static mn_status decode_operand_scales(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    const mn_ethosu_registers *r = &d->registers;
    mn_ethosu_pair *p = &op->pair;
    p->scaled = mn_npu_get(r, MN_NPU_IFM_PRECISION) >> 8 & 3;
    p->scale[0] = r->wide[MN_NPU_OPA_SCALE].low;
    p->scale[1] = r->wide[MN_NPU_OPB_SCALE].low;
    p->shift = r->wide[MN_NPU_OPA_SCALE].high & 63;
    if (p->scaled == 3) return mn_fail(MN_ERROR_FORMAT, "it scales its operands in an unknown way");
    if (op->in.bytes == 4) p->scaled = -1;
    if (!p->is_scalar && p->map.bytes != op->in.bytes) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "its operands have different widths");
    }
    return MN_OK;
}

static mn_status decode_elementwise(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    mn_ethosu_finish *f = &op->finish;
    const bool scales = op->mode <= MN_NPU_SUB || op->mode == MN_NPU_LRELU || op->mode == MN_NPU_ABS;
    if (op->mode >= MN_NPU_ELEMENTWISE_END)
        return mn_fail(MN_ERROR_FORMAT, "%d is not a kind of elementwise operation", op->mode);
    MN_TRY(mn_ethosu_decode_spend(d, 16.0 * op->out.h * op->out.w * op->out.c)); /* rough: a load, a scale, a store */
    MN_TRY(decode_map(d, &ifm_codes, op->out.h, op->out.w, op->out.c, &op->in));
    if (!mn_npu_is_unary(op->mode)) MN_TRY(decode_pair(d, op));
    if (op->mode == MN_NPU_ADD || op->mode == MN_NPU_SUB) MN_TRY(decode_operand_scales(d, op));
    if (!scales) f->scaling = MN_ETHOSU_UNSCALED;
    f->shift_only = op->mode == MN_NPU_MUL && op->in.bytes == 4;
    f->negative_only = op->mode == MN_NPU_LRELU;
    return MN_OK;
}

/* ---- DMA -------------------------------------------------------------------------------------------------- */

/* The destination: a region, or the NPU's own memory, of which programs know the tables. */
static mn_status decode_destination(const mn_ethosu_decoder *d, mn_ethosu_copy *copy) {
    const mn_ethosu_registers *r = &d->registers;
    const uint64_t to = mn_npu_address(r, MN_NPU_DMA0_DST);
    uint64_t begin = 0;
    if (mn_npu_get(r, MN_NPU_DMA0_DST_REGION) == MN_NPU_REGION_INTERNAL) {
        copy->to_space = MN_ETHOSU_TABLES; /* the last 2 KiB of each core's */
        begin = (uint64_t)(d->config->shram_kb / d->config->cores) * 1024 - MN_ETHOSU_TABLE_BYTES;
    } else {
        MN_TRY(mn_ethosu_decode_space(d, MN_NPU_DMA0_DST_REGION, &copy->to_space));
    }
    const size_t bytes = d->memory->bytes[copy->to_space];
    if (d->memory->constant[copy->to_space] != NULL) return mn_fail(MN_ERROR_FORMAT, "it writes to a constant region");
    if (to < begin || to - begin > bytes || copy->bytes > bytes - (to - begin)) {
        return mn_fail(MN_ERROR_FORMAT, "it writes beyond region %d", mn_npu_get(r, MN_NPU_DMA0_DST_REGION));
    }
    copy->to = (size_t)(to - begin);
    return MN_OK;
}

static mn_status decode_dma(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    const mn_ethosu_registers *r = &d->registers;
    const uint64_t from = mn_npu_address(r, MN_NPU_DMA0_SRC), length = mn_npu_address(r, MN_NPU_DMA0_LEN);
    mn_ethosu_copy *copy = &op->copy;
    MN_TRY(mn_ethosu_decode_space(d, MN_NPU_DMA0_SRC_REGION, &copy->from_space));
    const size_t bytes = d->memory->bytes[copy->from_space];
    if (from > bytes || length > bytes - from) {
        return mn_fail(MN_ERROR_FORMAT, "it reads beyond region %d", mn_npu_get(r, MN_NPU_DMA0_SRC_REGION));
    }
    copy->from = (size_t)from;
    copy->bytes = (size_t)length;
    MN_TRY(decode_destination(d, copy));
    MN_TRY(mn_ethosu_decode_spend(d, (double)length));
    mn_ethosu_origins_copy(&d->origins, d->memory, copy);
    return MN_OK;
}

/* ---- All of them ------------------------------------------------------------------------------------------ */

/* What was known of the output's memory no longer holds behind the operation. */
static mn_status decode_block(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    size_t begin, end;
    if (mn_npu_get(&d->registers, MN_NPU_IFM_UPSCALE) != 0) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "it enlarges its IFM, which is not emulated");
    }
    MN_TRY(decode_output(d, op));
    MN_TRY(decode_finish(d, op));
    MN_TRY(op->kind == MN_ETHOSU_ELEMENTWISE ? decode_elementwise(d, op) : decode_windowed(d, op));
    mn_ethosu_map_extent(&op->out, d->memory->bytes[op->out.space], &begin, &end);
    mn_ethosu_origins_forget(&d->origins, op->out.space, begin, end);
    return MN_OK;
}

mn_status mn_ethosu_decode(mn_ethosu_decoder *d, int32_t code, int32_t mode, mn_ethosu_op *out) {
    *out = (mn_ethosu_op){.mode = mode};
    switch (code) {
    case MN_NPU_OP_CONV: out->kind = MN_ETHOSU_CONV; return decode_block(d, out);
    case MN_NPU_OP_DEPTHWISE: out->kind = MN_ETHOSU_DEPTHWISE; return decode_block(d, out);
    case MN_NPU_OP_POOL: out->kind = MN_ETHOSU_POOL; return decode_block(d, out);
    case MN_NPU_OP_ELEMENTWISE: out->kind = MN_ETHOSU_ELEMENTWISE; return decode_block(d, out);
    default: out->kind = MN_ETHOSU_DMA; return decode_dma(d, out);
    }
}
