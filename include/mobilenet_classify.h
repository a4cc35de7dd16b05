/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/**
 * @file mobilenet_classify.h
 * From pixels to named classes. Part of libmobilenet, which needs no other library for it; mobilenet_image.h reads
 * photos.
 *
 *     mn_model *model = NULL;
 *     mn_image *image = NULL;
 *     mn_classifier *classifier = NULL;
 *     mn_class best[5];
 *     int32_t count = 0;
 *     mn_frame frame = MN_INIT(mn_frame);
 *     frame.pixels = pixels;
 *     frame.width = frame.height = 32;
 *     mn_status status = mn_image_from_pixels(&frame, &image);
 *     if (status == MN_OK) status = mn_model_open("model.tflite", &model);
 *     if (status == MN_OK) status = mn_classifier_create(model, NULL, &classifier);
 *     if (status == MN_OK) status = mn_classify(classifier, image, 5, best, &count);
 *     for (int32_t i = 0; i < count; i++) printf("%.1f %% %s\n", 100 * (double)best[i].probability, best[i].name);
 *     if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
 *     mn_classifier_close(&classifier);
 *     mn_model_close(&model);
 *     mn_image_close(&image);
 *
 * Each step is also available alone: an image, preprocessing it into a tensor, running, reading the output. The rules
 * of mobilenet.h hold. An mn_image, an mn_preprocessor and an mn_classifier each belong to one thread at a time; any
 * number of them may use one model.
 */
#ifndef MOBILENET_CLASSIFY_H
#define MOBILENET_CLASSIFY_H

#include "mobilenet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Images ------------------------------------------------------------------------------------------- */

/** A picture to classify: pixels in memory, the rows of a decoder, or a photo's file (mn_image_open() in
 *  mobilenet_image.h). */
typedef struct mn_image mn_image;

/** Order of the bytes of one pixel, 8 bits each. Alpha is dropped, not blended. */
typedef enum mn_pixel_format {
    MN_FORMAT_RGB = 0,
    MN_FORMAT_RGBA,
    MN_FORMAT_BGR,
    MN_FORMAT_BGRA,
    MN_FORMAT_GRAY,
} mn_pixel_format;

/** Pixels in the caller's memory, such as a camera frame. If only pixels, width and height are set, they are
 *  contiguous upright RGB. */
typedef struct mn_frame {
    uint32_t struct_bytes; /**< MN_INIT */
    mn_pixel_format format;
    int32_t width, height; /**< 1..65500 each, at most 220 million pixels */
    int32_t orientation;   /**< EXIF's, 1..8: how to turn the picture for looking at it; 0: not at all */
    int32_t reserved;      /**< 0 */
    const void *pixels;    /**< the first byte of the top row; must outlive the image */
    ptrdiff_t stride;      /**< bytes from a row to the one below it, negative where rows lie bottom up; 0: no gaps */
} mn_frame;

/** An image of the pixels in `frame`, which are not copied.
 *  Errors: ARGUMENT (a size, stride, format or orientation that cannot be), LIMIT (too large), MEMORY. */
MN_API mn_status mn_image_from_pixels(const mn_frame *frame, mn_image **out);

/** Points an image of mn_image_from_pixels() to other pixels of the same size, stride, format and orientation, such
 *  as the next frame. Nothing is allocated. Errors: ARGUMENT (NULL, an image of another origin). */
MN_API mn_status mn_image_set_pixels(mn_image *image, const void *pixels);

/** Takes one row of an image, `width` pixels of red, green and blue, which last for the call. */
typedef void mn_take_row(void *context, const uint8_t *rgb);

/** Calls take(context, row) for each stored row of an image, the top one first. May be called several times.
 *  Functions that use the image return its status, with the sentence set by mn_error_set(). */
typedef mn_status mn_read_rows(void *self, mn_take_row *take, void *context);

/** Frees what a reader holds. */
typedef void mn_close_reader(void *self);

/** A decoder of the caller's, or another source of rows. Only the current row need be in memory. */
typedef struct mn_image_reader {
    uint32_t struct_bytes; /**< MN_INIT */
    int32_t width, height; /**< as stored; limits as those of mn_frame */
    int32_t orientation;   /**< as that of mn_frame */
    void *self;            /**< handed to the functions */
    mn_read_rows *read;
    mn_close_reader *close; /**< called once, by mn_image_close(); NULL: there is nothing to close */
} mn_image_reader;

/** An image with the rows of `reader`, which is copied. On failure `close` is not called. Errors: as
 *  mn_image_from_pixels(). */
MN_API mn_status mn_image_from_reader(const mn_image_reader *reader, mn_image **out);

/** Width and height as seen, after turning. Errors: ARGUMENT (NULL). */
MN_API mn_status mn_image_size(const mn_image *image, int32_t *width, int32_t *height);

/** Writes the whole image, upright, to rgb[height][width][3]; `bytes` must be exactly that size. On failure the
 *  contents are undefined. Errors: ARGUMENT, MEMORY, those of reading. */
MN_API mn_status mn_image_copy(mn_image *image, uint8_t *rgb, size_t bytes);

MN_API void mn_image_close(mn_image **image);

/* ---- Preprocessing ------------------------------------------------------------------------------------ */

/** The part of an image that is resized to the model's input, without keeping the aspect ratio. */
typedef enum mn_crop {
    MN_CROP_AUTO = 0, /**< what the model says, or all of it */
    MN_CROP_EXACT,    /**< all of it */
    MN_CROP_CENTRAL,  /**< the central 87.5 % of each side */
} mn_crop;

/** How an image is resized: Pillow's filters, byte for byte. */
typedef enum mn_resize_filter {
    MN_RESIZE_AUTO = 0, /**< bicubic */
    MN_RESIZE_NEAREST,
    MN_RESIZE_BOX,
    MN_RESIZE_BILINEAR,
    MN_RESIZE_HAMMING,
    MN_RESIZE_BICUBIC,
    MN_RESIZE_LANCZOS,
} mn_resize_filter;

/** Name in lower case ("bicubic"), static storage; "unknown" outside the list. */
MN_API const char *mn_resize_filter_name(mn_resize_filter filter);

/** How pixels become numbers. */
typedef struct mn_preprocess_options {
    uint32_t struct_bytes; /**< MN_INIT */
    mn_crop crop;
    mn_resize_filter filter;
    int32_t has_range; /**< 1: pixel 0 is `low` and pixel 255 is `high`, whatever the model says */
    int32_t has_mean;  /**< 1: pixel p is (p - mean) / deviation, whatever the model says; excludes `has_range` */
    float low, high;
    float mean[3], deviation[3]; /**< red, green, blue, in units of a pixel, 0..255; deviations of at least 1 */
} mn_preprocess_options;

/** Fills input tensors from images: turns, crops, resizes, normalises and quantises. Keeps its buffers, so images of
 *  equal size and orientation allocate them once. */
typedef struct mn_preprocessor mn_preprocessor;

/** For the tensor `input` (mn_model_tensor(), or mn_session_tensor() where inputs were resized), which must be
 *  [N,H,W,C] or [N,C,H,W] with 1 or 3 channels, of float32, int8, uint8 or int16. `pixels` is the result of
 *  mn_model_pixels(), and may be NULL if the options have a range or a mean. `options` NULL means defaults. None of
 *  them need outlive the call. Errors: ARGUMENT (options), UNSUPPORTED (the input is not a picture), MEMORY. */
MN_API mn_status mn_preprocessor_create(const mn_tensor_info *input, const mn_pixels *pixels,
                                        const mn_preprocess_options *options, mn_preprocessor **out);

/** Facts about a preprocessor. Pointers live as long as the preprocessor. */
typedef struct mn_preprocess_info {
    uint32_t struct_bytes; /**< MN_INIT */
    mn_type type;
    int32_t width, height;
    int32_t channels;        /**< 3, or 1 for gray: ITU-R BT.601's luma */
    int32_t planes;          /**< 1: all red, then all green, then all blue; 0: pixel by pixel */
    mn_crop crop;            /**< MN_CROP_EXACT or MN_CROP_CENTRAL */
    mn_resize_filter filter; /**< never MN_RESIZE_AUTO */
    size_t bytes;            /**< of one image in the tensor */
    const mn_pixels *pixels; /**< the normalisation and its source */
    const char *text;        /**< "224x224 RGB, int8, pixels 0..255 -> -1..1, stored = pixel - 128" */
} mn_preprocess_info;

/** Errors: ARGUMENT (NULL). */
MN_API mn_status mn_preprocessor_describe(const mn_preprocessor *preprocessor, mn_preprocess_info *out);

/** Writes `image` to `tensor`, `bytes` of the info, aligned for its type: a session's input, or one image's place in a
 *  batch. On failure its contents are undefined. Errors: ARGUMENT (NULL), MEMORY, those of reading the image. */
MN_API mn_status mn_preprocessor_run(mn_preprocessor *preprocessor, mn_image *image, void *tensor);

MN_API void mn_preprocessor_close(mn_preprocessor **preprocessor);

/* ---- Outputs ------------------------------------------------------------------------------------------ */

/** Real values of the first `count` elements of a tensor like `info`: float32, or int8, uint8 or int16 quantised per
 *  tensor. Errors: ARGUMENT (another type, more elements than it has). */
MN_API mn_status mn_dequantise(const mn_tensor_info *info, const void *data, int32_t count, float *out);

/** values = softmax(values), in double precision; count >= 1. */
MN_API mn_status mn_softmax(float *values, int32_t count);

/** Indices of the `k` largest values, best first; of equal values the lower index comes first. 1 <= k <= count. */
MN_API mn_status mn_top_k(const float *values, int32_t count, int32_t k, int32_t *out);

/* ---- Classifier --------------------------------------------------------------------------------------- */

/** How a model ends, which is what its output means. */
typedef enum mn_ending_kind {
    MN_ENDS_IN_SOFTMAX = 0, /**< one class holds: probabilities that add up to 1 */
    MN_ENDS_IN_SCORES,      /**< neither softmax nor sigmoid: softmax is applied, or, to one score, a sigmoid */
    MN_ENDS_IN_SIGMOID,     /**< each label holds or not, with its own probability */
} mn_ending_kind;

/** "softmax", "scores" or "sigmoid", static storage; "unknown" outside the list. */
MN_API const char *mn_ending_name(mn_ending_kind kind);

/** A model with one session, the preprocessing of its input and the interpretation of its output. Nothing is
 *  allocated after it is created, except for images of a new size. */
typedef struct mn_classifier mn_classifier;

/** How to classify. Pointers are used during create only. */
typedef struct mn_classifier_options {
    uint32_t struct_bytes; /**< MN_INIT */
    int32_t label_count;   /**< as many as classes; for a model of one unit also 1, the name of "yes" */
    /** [label_count] names of the classes. NULL: those of the model, else ImageNet's for 1000 classes, or 1001 that
     * begin with "background", else "class N". */
    const char *const *labels;
    const char *output;                      /**< number or name of the output with the classes; NULL: the first */
    const mn_session_options *session;       /**< NULL: defaults. The batch must be one */
    const mn_preprocess_options *preprocess; /**< NULL: as the model says */
} mn_classifier_options;

/** A classifier of `model`, which must outlive it; `options` NULL means defaults. Errors: UNSUPPORTED (the input is
 *  not one picture, or the output no row of class scores), ARGUMENT (options, including too few or too many labels),
 *  those of mn_session_create(), mn_model_pixels() and mn_preprocessor_create(). */
MN_API mn_status mn_classifier_create(const mn_model *model, const mn_classifier_options *options, mn_classifier **out);

MN_API void mn_classifier_close(mn_classifier **classifier);

/** Facts about a classifier. Pointers live as long as the classifier. */
typedef struct mn_classifier_info {
    uint32_t struct_bytes; /**< MN_INIT */
    mn_ending_kind ending;
    int32_t classes; /**< units of the output; 2 for one unit, of which class 0 is "not" */
    int32_t units;
    int32_t labels;       /**< 1: several classes may hold at once: a sigmoid over more than one unit */
    int32_t scores_known; /**< 1: scores are computed by the model, 0: recovered from rounded probabilities */
    int32_t output;       /**< number of the output with the classes */
    int32_t reserved;     /**< 0 */
    const char *output_name;
} mn_classifier_info;

/** Facts about a classifier and its preprocessing. Errors: ARGUMENT (NULL). */
MN_API mn_status mn_classifier_describe(const mn_classifier *classifier, mn_classifier_info *out);
MN_API mn_status mn_classifier_describe_input(const mn_classifier *classifier, mn_preprocess_info *out);

/** Name of class `index`, as long as the classifier lives; NULL when it is out of range. */
MN_API const char *mn_classifier_name(const mn_classifier *classifier, int32_t index);

/** One class of a result. It has reserved fields, so that arrays of it keep their stride. */
typedef struct mn_class {
    int32_t index;
    float probability; /**< 0..1 */
    float score;       /**< ranks classes: probabilities are its softmax (sigmoid), before rounding to 8 bits */
    int32_t reserved;  /**< 0 */
    const char *name;  /**< never NULL; lives as long as the classifier */
    const void *reserved_too;
} mn_class;

/** Preprocesses `image`, runs the model, and writes the `k` most probable classes to best[k], best first, or all of
 *  them if the model has fewer. `*count` is the number written. Errors: ARGUMENT (NULL, k below 1), MEMORY, those of
 *  reading the image and of mn_session_run(). */
MN_API mn_status mn_classify(mn_classifier *classifier, mn_image *image, int32_t k, mn_class *best, int32_t *count);

/** The three steps of mn_classify(), to be taken in this order. */
MN_API mn_status mn_classifier_show(mn_classifier *classifier, mn_image *image);
MN_API mn_status mn_classifier_run(mn_classifier *classifier);
MN_API mn_status mn_classifier_best(mn_classifier *classifier, int32_t k, mn_class *best, int32_t *count);

/** [classes] of the last run, by class; owned by the classifier, valid until the next run. NULL for NULL. */
MN_API const float *mn_classifier_probabilities(const mn_classifier *classifier);
MN_API const float *mn_classifier_scores(const mn_classifier *classifier);

/** The session, to inspect it or to fill its input by other means; owned by the classifier. NULL for NULL. */
MN_API mn_session *mn_classifier_session(mn_classifier *classifier);

#ifdef __cplusplus
}
#endif
#endif
