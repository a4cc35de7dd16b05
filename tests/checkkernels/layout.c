/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Images between NHWC, which cases and references have, and the layout that a kernel reads or writes. */
#include <string.h>

#include "checkkernels/check.h"

void check_set_layouts(check_case *c, const mn_window *in, const mn_window *out) {
    if (in != NULL) c->in_images = (check_images){in->batches, in->in_h, in->in_w, in->in_c};
    if (out != NULL) c->out_images = (check_images){out->batches, out->out_h, out->out_w, out->out_c};
}

/* The value at `from` as the layout keeps it. */
static void store(uint8_t *to, const uint8_t *from, mn_type type, mn_layout layout) {
    memcpy(to, from, mn_type_size(type));
    if (layout.biased && type == MN_INT8) *to ^= 0x80;
}

void check_buffer_lay_out(check_buffer *b, check_rng *r, const check_images *images, mn_layout layout, mn_type type,
                          const void *nhwc) {
    const mn_extent e = mn_extent_of(layout, images->height, images->width, images->channels);
    const size_t size = mn_type_size(type), image = mn_extent_image(&e) * size;
    const uint8_t *from = nhwc;
    check_buffer_open(b, r, (size_t)images->count * image, 64);
    memset(b->data, 0, b->bytes);
    for (int32_t n = 0; n < images->count; n++) {
        for (int32_t y = 0; y < images->height; y++) {
            for (int32_t x = 0; x < images->width; x++) {
                for (int32_t i = 0; i < images->channels; i++, from += size) {
                    store(b->data + (size_t)n * image + mn_extent_at(&e, y, x, i) * size, from, type, layout);
                }
            }
        }
    }
}
