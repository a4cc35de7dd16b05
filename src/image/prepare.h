/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The input contract: what a classifier's input tensor wants of a picture, and filling it. */
#ifndef MN_IMAGE_PREPARE_H
#define MN_IMAGE_PREPARE_H

#include "graph/graph.h"
#include "image/image.h"
#include "image/resize.h"

/** Order of the input's dimensions. */
typedef enum mn_channel_order {
    MN_CHANNELS_LAST,  /* red, green, blue of a pixel side by side */
    MN_CHANNELS_FIRST, /* all red, then all green, then all blue */
} mn_channel_order;

/** A contract, made by mn_prepare_init; plain data, read only afterwards. */
typedef struct mn_prepare {
    mn_type type; /* of the tensor: MN_FLOAT32, MN_INT8, MN_UINT8 or MN_INT16 */
    mn_channel_order layout;
    int32_t width;
    int32_t height;
    int32_t channels; /* 3, or 1 for gray */
    size_t bytes;     /* of one picture in the tensor; a batch holds several */
    mn_crop crop;     /* MN_CROP_EXACT or MN_CROP_CENTRAL */
    mn_resize_filter filter;
    mn_pixels pixels;       /* what they mean, as it was found or given */
    float real[3][256];     /* by channel and pixel: the number a float tensor gets */
    int16_t stored[3][256]; /* by channel and pixel: the value a quantised tensor gets */
    char text[320];         /* in words: "224x224 RGB, int8, pixels 0..255 -> -1..1, stored = pixel - 128" */
} mn_prepare;

/** Finds the contract of the model input `input`, whose pixels are what `pixels` says (mn_model_pixels), unless a range
 *  or mean in `options` says otherwise: then it may be NULL. `options` NULL means defaults.
 *  Errors: UNSUPPORTED (not a picture input), ARGUMENT (options). */
mn_status mn_prepare_init(const mn_tensor *input, const mn_pixels *pixels, const mn_preprocess_options *options,
                          mn_prepare *out);

/** The contract for the public, which points into it. Errors: ARGUMENT (mn_struct_check). */
mn_status mn_prepare_tell(const mn_prepare *prepare, mn_preprocess_info *out);

/** Do the options say what pixels are? */
bool mn_prepare_given(const mn_preprocess_options *options);

/** What pixels mean, and how that is known, in words: "0..255 -> -1..1 (metadata)". */
#define MN_PIXELS_TEXT 160
void mn_pixels_text(const mn_pixels *pixels, int32_t channels, char text[MN_PIXELS_TEXT]);

/** One tensor to fill from images: `prepare->bytes` bytes, aligned for its type. Start with
 *  `mn_fill fill = {.prepare = ..., .tensor = ...};`. What it needs for images of one size it keeps for the next one.
 */
typedef struct mn_fill {
    const mn_prepare *prepare;
    void *tensor;
    int32_t width, height; /* of the image as seen; known from the beginning on */
    /* kept */
    mn_resizer *resizer;
    uint8_t *gray;
    size_t row_bytes;
} mn_fill;

/** Reads `image` once and fills the tensors of all `items` from it. Errors: those of mn_image_read, MEMORY. */
mn_status mn_fill_image(mn_image *image, mn_fill *const *items, int32_t count);

/** The same for rows that come from elsewhere: begin, every row from the top, end. Errors: MEMORY. */
mn_status mn_fill_begin(mn_fill *fill, const mn_picture_info *info);
void mn_fill_row(mn_fill *fill, const uint8_t *rgb);
void mn_fill_end(mn_fill *fill);

/** Frees what was kept. */
void mn_fill_free(mn_fill *fill);

#endif
