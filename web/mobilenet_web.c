/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What mobilenet.js calls: the library's functions without structs and out-parameters, which JavaScript would have to
 * lay out by hand. One instance of the module holds one model, so everything is static, and forgetting the instance
 * frees all of it. Functions return 0 or a negative number on failure, and mn_web_error() then has the sentence. */
#include <stdlib.h>
#include <string.h>

#include "mobilenet_classify.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* only JavaScript calls these */
#define EXPORT(name) __attribute__((export_name(#name))) name

enum { CLASSES_MAX = 5000 };

static mn_model *model;
static mn_session *session; /* the classifier's, where there is one */
static mn_classifier *classifier;
static char why_no_classifier[512];
static mn_class best[CLASSES_MAX];
static mn_tensor_info tensor = MN_INIT(mn_tensor_info);

/* mobilenet.js reads the fields of an mn_class at these offsets. */
_Static_assert(sizeof(mn_class) == 24 && offsetof(mn_class, probability) == 4 && offsetof(mn_class, name) == 16,
               "the layout of mn_class that mobilenet.js reads");

/** Memory for what is handed over: the model, which stays, and pixels. 0: there is none. */
void *EXPORT(mn_web_allocate)(size_t bytes) { return aligned_alloc(64, (bytes + 63) / 64 * 64); }

void EXPORT(mn_web_free)(void *memory) { free(memory); }

/** The sentence about the last failure. */
const char *EXPORT(mn_web_error)(void) { return mn_error_detail(); }

/* Pointers to the `count` texts that lie behind each other, each with its zero. */
static const char **texts_of(const char *texts, int32_t count) {
    const char **list = malloc((size_t)count * sizeof *list);
    for (int32_t i = 0; list != NULL && i < count; i++, texts += strlen(texts) + 1) list[i] = texts;
    return list;
}

static mn_status make_classifier(const char *labels, int32_t label_count) {
    mn_classifier_options options = MN_INIT(mn_classifier_options);
    const char **list = NULL;
    if (label_count > 0) {
        list = texts_of(labels, label_count);
        if (list == NULL) return mn_error_set(MN_ERROR_MEMORY, "out of memory: the names of the classes");
        options.labels = list;
        options.label_count = label_count;
    }
    const mn_status status = mn_classifier_create(model, &options, &classifier);
    free(list);
    return status;
}

/** Opens the model in `data`, which stays in memory, called `name` in sentences. `labels`: `label_count` texts with
 *  their zeros, or none. A model that is not a classifier of pictures can be run all the same. Returns 1. */
int32_t EXPORT(mn_web_open)(const void *data, size_t bytes, const char *name, const char *labels, int32_t label_count) {
    mn_status status = mn_model_from_memory(data, bytes, name, &model);
    if (status != MN_OK) return -(int32_t)status;
    status = make_classifier(labels, label_count);
    if (status == MN_OK) {
        session = mn_classifier_session(classifier);
        return 1;
    }
    if (status != MN_ERROR_UNSUPPORTED || label_count > 0) return -(int32_t)status;
    strncpy(why_no_classifier, mn_error_detail(), sizeof why_no_classifier - 1);
    status = mn_session_create(model, NULL, &session);
    return status == MN_OK ? 1 : -(int32_t)status;
}

/** How many inputs and outputs. */
int32_t EXPORT(mn_web_inputs)(void) { return mn_model_input_count(model); }
int32_t EXPORT(mn_web_outputs)(void) { return mn_model_output_count(model); }

/** Selects input `i`, or output `i` where `is_output`, for the functions below, and returns where its elements are. */
const void *EXPORT(mn_web_tensor)(int32_t is_output, int32_t i) {
    const int32_t index = is_output ? mn_model_output(model, i) : mn_model_input(model, i);
    if (mn_session_tensor(session, index, &tensor) != MN_OK) return NULL;
    return is_output ? mn_session_output(session, i) : mn_session_input(session, i);
}

const char *EXPORT(mn_web_tensor_name)(void) { return tensor.name; }
const char *EXPORT(mn_web_tensor_type)(void) { return mn_type_name(tensor.type); }
int32_t EXPORT(mn_web_tensor_rank)(void) { return tensor.rank; }
int32_t EXPORT(mn_web_tensor_dim)(int32_t i) { return tensor.dims[i]; }
size_t EXPORT(mn_web_tensor_bytes)(void) { return tensor.bytes; }

/** 0 where the tensor is not quantised as a whole. */
double EXPORT(mn_web_tensor_scale)(void) { return tensor.quant.count == 1 ? (double)tensor.quant.scale[0] : 0; }
int32_t EXPORT(mn_web_tensor_zero)(void) { return tensor.quant.count == 1 ? tensor.quant.zero_point[0] : 0; }

/** Runs the model on its inputs. Returns 1. */
int32_t EXPORT(mn_web_run)(void) {
    const mn_status status = mn_session_run(session);
    return status == MN_OK ? 1 : -(int32_t)status;
}

/** How images become the input, for people; NULL for a model that is not a classifier. */
const char *EXPORT(mn_web_describe)(void) {
    mn_preprocess_info info = MN_INIT(mn_preprocess_info);
    if (classifier == NULL || mn_classifier_describe_input(classifier, &info) != MN_OK) return NULL;
    return info.text;
}

static mn_status classify(const uint8_t *pixels, int32_t width, int32_t height, int32_t has_alpha, int32_t k,
                          int32_t *count) {
    if (classifier == NULL) return mn_error_set(MN_ERROR_UNSUPPORTED, why_no_classifier);
    mn_frame frame = MN_INIT(mn_frame);
    mn_image *image = NULL;
    frame.format = has_alpha ? MN_FORMAT_RGBA : MN_FORMAT_RGB;
    frame.width = width;
    frame.height = height;
    frame.pixels = pixels;
    mn_status status = mn_image_from_pixels(&frame, &image);
    if (status == MN_OK) status = mn_classify(classifier, image, k < CLASSES_MAX ? k : CLASSES_MAX, best, count);
    mn_image_close(&image);
    return status;
}

/** Classifies pixels and returns how many classes mn_web_best() has. */
int32_t EXPORT(mn_web_classify)(const uint8_t *pixels, int32_t width, int32_t height, int32_t has_alpha, int32_t k) {
    int32_t count = 0;
    const mn_status status = classify(pixels, width, height, has_alpha, k, &count);
    return status == MN_OK ? count : -(int32_t)status;
}

const mn_class *EXPORT(mn_web_best)(void) { return best; }
