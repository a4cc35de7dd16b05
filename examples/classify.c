/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The library in one page: runs a classifier on one raw input and prints the best class.
 *
 *     ./classify MODEL.tflite INPUT.raw
 *
 * INPUT.raw holds the bytes of the model's first input; for a model with uint8 input these are the red, green and
 * blue bytes of the photo, row by row, already resized (`mobilenet inspect MODEL.tflite` tells the size and type). */
#include <stdio.h>

#include "mobilenet.h"

/* Fills `data` from a file of exactly `bytes` bytes. */
static int read_input(const char *path, void *data, size_t bytes) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: cannot be opened\n", path);
        return 1;
    }
    int wrong_size = fread(data, 1, bytes, file) != bytes || fgetc(file) != EOF;
    fclose(file);
    if (wrong_size) fprintf(stderr, "%s: must hold exactly %zu bytes\n", path, bytes);
    return wrong_size;
}

static double real_value(const mn_quant *quant, int32_t stored) {
    return quant->count == 0 ? stored : (double)quant->scale[0] * (stored - quant->zero_point[0]);
}

/* Score `i` of an output, in the units the model computes. */
static double score(const mn_tensor_info *info, const void *data, size_t i) {
    switch (info->type) {
    case MN_FLOAT32: return ((const float *)data)[i];
    case MN_UINT8: return real_value(&info->quant, ((const uint8_t *)data)[i]);
    case MN_INT8: return real_value(&info->quant, ((const int8_t *)data)[i]);
    default: return 0;
    }
}

static void print_best(const mn_model *model, const mn_tensor_info *info, const void *data) {
    size_t count = info->bytes / mn_type_size(info->type), best = 0;
    for (size_t i = 1; i < count; i++) {
        if (score(info, data, i) > score(info, data, best)) best = i;
    }
    /* The model's own names, else ImageNet's; models with 1001 classes begin with "background". */
    const char *label = mn_model_class_name(model, 0, (int32_t)best);
    if (!label) label = mn_imagenet_label((int32_t)best - (count == 1001));
    printf("class %zu (%s): %.4f\n", best, label ? label : "no name", score(info, data, best));
}

static int classify(const mn_model *model, const char *input_path) {
    mn_session *session = NULL;
    mn_tensor_info input = MN_INIT(mn_tensor_info);
    mn_tensor_info output = MN_INIT(mn_tensor_info);
    int failed = 1;
    if (mn_session_create(model, NULL, &session) != MN_OK ||
        mn_model_tensor(model, mn_model_input(model, 0), &input) != MN_OK ||
        mn_model_tensor(model, mn_model_output(model, 0), &output) != MN_OK) {
        fprintf(stderr, "%s\n", mn_error_detail());
    } else if (read_input(input_path, mn_session_input(session, 0), input.bytes) == 0) {
        failed = mn_session_run(session) != MN_OK;
        if (failed) {
            fprintf(stderr, "%s\n", mn_error_detail());
        } else {
            print_best(model, &output, mn_session_output(session, 0));
        }
    }
    mn_session_close(&session);
    return failed;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: classify MODEL.tflite INPUT.raw\n");
        return 2;
    }
    mn_model *model = NULL;
    if (mn_model_open(argv[1], &model) != MN_OK) {
        fprintf(stderr, "%s\n", mn_error_detail());
        return 1;
    }
    int failed = classify(model, argv[2]);
    mn_model_close(&model);
    return failed;
}
