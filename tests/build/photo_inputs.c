/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Writes the bytes of a model's input for each photo to standard output: photo_inputs MODEL PHOTO... */
#include <stdio.h>
#include <stdlib.h>

#include <mobilenet_image.h>

static mn_status open_preprocessor(const mn_model *model, mn_preprocessor **out, mn_preprocess_info *info) {
    mn_tensor_info input = MN_INIT(mn_tensor_info);
    mn_pixels pixels = MN_INIT(mn_pixels);
    mn_status status = mn_model_tensor(model, mn_model_input(model, 0), &input);
    if (status == MN_OK) status = mn_model_pixels(model, &pixels);
    if (status == MN_OK) status = mn_preprocessor_create(&input, &pixels, NULL, out);
    return status == MN_OK ? mn_preprocessor_describe(*out, info) : status;
}

static mn_status write_photo(mn_preprocessor *preprocessor, const char *path, void *tensor, size_t bytes) {
    mn_image *photo = NULL;
    mn_status status = mn_image_open(path, NULL, &photo);
    if (status == MN_OK) status = mn_preprocessor_run(preprocessor, photo, tensor);
    if (status == MN_OK) fwrite(tensor, 1, bytes, stdout);
    mn_image_close(&photo);
    return status;
}

int main(int argc, char **argv) {
    mn_model *model = NULL;
    mn_preprocessor *preprocessor = NULL;
    mn_preprocess_info info = MN_INIT(mn_preprocess_info);
    if (argc < 3) return 2;
    mn_status status = mn_model_open(argv[1], &model);
    if (status == MN_OK) status = open_preprocessor(model, &preprocessor, &info);
    void *tensor = status == MN_OK ? malloc(info.bytes) : NULL;
    for (int i = 2; status == MN_OK && tensor && i < argc; i++) {
        status = write_photo(preprocessor, argv[i], tensor, info.bytes);
    }
    if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
    free(tensor);
    mn_preprocessor_close(&preprocessor);
    mn_model_close(&model);
    return status == MN_OK && fflush(stdout) == 0 ? 0 : 1;
}
