/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The input contract: what a classifier's input tensor wants of a picture, and filling it. */
#ifndef MN_IMAGE_PREPARE_H
#define MN_IMAGE_PREPARE_H

#include "graph/graph.h"
#include "image/resize.h"

/** Order of the input's dimensions. */
typedef enum mn_channel_order {
    MN_LAYOUT_NHWC, /* red, green, blue of a pixel side by side */
    MN_LAYOUT_NCHW, /* all red, then all green, then all blue */
} mn_channel_order;

/** Which part of a picture the network sees. */
typedef enum mn_crop {
    MN_CROP_AUTO,    /* what the model says, or all of it */
    MN_CROP_EXACT,   /* all of it, squeezed to the input's size */
    MN_CROP_CENTRAL, /* the central 87.5 % of each side, squeezed to the input's size */
} mn_crop;

/** How pixels become numbers. Fill with mn_prepare_defaults() first. */
typedef struct mn_prepare_options {
    mn_crop crop;            /* default MN_CROP_AUTO */
    mn_resize_filter filter; /* default MN_RESIZE_BICUBIC, as Pillow's */
    bool has_range;          /* pixel 0 is `low` and pixel 255 is `high`, whatever the model suggests */
    float low, high;
    bool has_mean; /* pixel p is (p - mean) / deviation, in units of a pixel: 0..255 */
    float mean[3];
    float deviation[3]; /* each at least 1 */
    bool as_stored;     /* leave photos as their files have them, whatever their EXIF data says */
} mn_prepare_options;

void mn_prepare_defaults(mn_prepare_options *options);

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
    bool as_stored;         /* photos are not turned as EXIF says */
    mn_pixels pixels;       /* what they mean, as it was found or given */
    float real[3][256];     /* by channel and pixel: the number a float tensor gets */
    int16_t stored[3][256]; /* by channel and pixel: the value a quantised tensor gets */
    char text[320];         /* in words: "224x224 RGB, int8, pixels 0..255 -> -1..1, stored = pixel - 128" */
} mn_prepare;

/** Finds the contract of the model input `input`, whose pixels are what `pixels` says (mn_model_pixels), unless a range
 *  or mean in `options` says otherwise: then it may be NULL. `options` NULL means defaults.
 *  Errors: UNSUPPORTED (not a picture input), ARGUMENT (options). */
mn_status mn_prepare_init(const mn_tensor *input, const mn_pixels *pixels, const mn_prepare_options *options,
                          mn_prepare *out);

/** Do the options say what pixels are? */
bool mn_prepare_given(const mn_prepare_options *options);

/** What pixels mean, and how that is known, in words: "0..255 -> -1..1 (metadata)". */
#define MN_PIXELS_TEXT 160
void mn_pixels_text(const mn_pixels *pixels, int32_t channels, char text[MN_PIXELS_TEXT]);

/** One tensor to fill from a photo: `prepare->bytes` bytes, aligned for its type. Start with
 *  `mn_fill fill = {.prepare = ..., .tensor = ...};`. */
typedef struct mn_fill {
    const mn_prepare *prepare;
    void *tensor;
    int32_t width, height; /* of the photo as seen; known from the beginning on */
    /* while it is being filled */
    mn_resizer *resizer;
    uint8_t *gray;
    size_t row_bytes;
} mn_fill;

/** Reads the photo at `path` once and fills every tensor from it. Errors: those of mn_image_read. */
mn_status mn_fill_photo(const char *path, mn_fill *fills, int32_t count);

/** The same for rows that come from elsewhere: begin, every row from the top, end; and free in any case.
 *  Errors: MEMORY. */
mn_status mn_fill_begin(mn_fill *fill, const mn_image_info *info);
void mn_fill_row(mn_fill *fill, const uint8_t *rgb);
void mn_fill_end(mn_fill *fill);
void mn_fill_free(mn_fill *fill);

#endif
