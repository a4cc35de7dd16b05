/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

/* Elements before row `row` (of all images) and column `x` of the input. */
static size_t at(const mn_resize_params *p, int32_t image, int32_t row, int32_t x) {
    return (((size_t)image * (size_t)p->in_h + (size_t)row) * (size_t)p->in_w + (size_t)x) * (size_t)p->channels;
}

/* Offsets of the four pixels behind one: upper left, lower left, upper right, lower right. */
typedef struct corners {
    size_t at[4];
} corners;

static corners corners_of(const mn_resize_params *p, int32_t image, const int32_t rows[2], const int32_t columns[2]) {
    return (corners){{at(p, image, rows[0], columns[0]), at(p, image, rows[1], columns[0]),
                      at(p, image, rows[0], columns[1]), at(p, image, rows[1], columns[1])}};
}

static corners corners_f32(const mn_resize_params *p, int32_t image, const mn_resize_tap *row,
                           const mn_resize_tap *column) {
    return corners_of(p, image, (int32_t[]){row->low, row->high}, (int32_t[]){column->low, column->high});
}

/* The reference's order of products and sums. */
static float mix(float upper_left, float lower_left, float upper_right, float lower_right, float down, float right) {
    const float up = 1.0f - down, left = 1.0f - right;
    const float a = upper_left * up * left, b = lower_left * down * left, c = upper_right * up * right,
                d = lower_right * down * right;
    return a + b + c + d;
}

void mn_resize_bilinear_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_resize_params *p = task->params;
    const float *in = task->inputs[0];
    float *out = (float *)task->output + (size_t)begin * (size_t)p->out_w * (size_t)p->channels;
    for (int32_t unit = begin; unit < end; unit++) {
        const mn_resize_tap *row = &p->rows[unit % p->out_h];
        for (int32_t x = 0; x < p->out_w; x++) {
            const mn_resize_tap *column = &p->columns[x];
            const corners c = corners_f32(p, unit / p->out_h, row, column);
            for (int32_t i = 0; i < p->channels; i++) {
                *out++ = mix(in[c.at[0] + (size_t)i], in[c.at[1] + (size_t)i], in[c.at[2] + (size_t)i],
                             in[c.at[3] + (size_t)i], row->part, column->part);
            }
        }
    }
}

void mn_resize_bilinear_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_resize_params *p = task->params;
    const uint8_t *in = task->inputs[0];
    uint8_t *out = (uint8_t *)task->output + (size_t)begin * (size_t)p->out_w * (size_t)p->channels;
    for (int32_t unit = begin; unit < end; unit++) {
        const mn_resize_tap *row = &p->rows[unit % p->out_h];
        for (int32_t x = 0; x < p->out_w; x++) {
            const mn_resize_tap *column = &p->columns[x];
            const corners c = corners_f32(p, unit / p->out_h, row, column);
            for (int32_t i = 0; i < p->channels; i++) {
                const float mixed = mix(in[c.at[0] + (size_t)i], in[c.at[1] + (size_t)i], in[c.at[2] + (size_t)i],
                                        in[c.at[3] + (size_t)i], row->part, column->part);
                *out++ = (uint8_t)roundf(mixed);
            }
        }
    }
}

void mn_resize_bilinear_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_resize_params *p = task->params;
    const int8_t *in = task->inputs[0];
    int8_t *out = (int8_t *)task->output + (size_t)begin * (size_t)p->out_w * (size_t)p->channels;
    for (int32_t unit = begin; unit < end; unit++) {
        const mn_resize_tap *row = &p->rows[unit % p->out_h];
        const int64_t down = row->part_q10, up = 1024 - down;
        for (int32_t x = 0; x < p->out_w; x++) {
            const mn_resize_tap *column = &p->columns[x];
            const int64_t right = column->part_q10, left = 1024 - right;
            const corners c = corners_of(p, unit / p->out_h, (int32_t[]){row->low_q10, row->high_q10},
                                         (int32_t[]){column->low_q10, column->high_q10});
            for (int32_t i = 0; i < p->channels; i++) {
                const int64_t sum = in[c.at[0] + (size_t)i] * up * left + in[c.at[1] + (size_t)i] * down * left +
                                    in[c.at[2] + (size_t)i] * up * right + in[c.at[3] + (size_t)i] * down * right;
                *out++ = (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
            }
        }
    }
}
