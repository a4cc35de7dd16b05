/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What is in a photo?
 *
 *     ./classify MODEL.tflite cat.jpg
 *
 * prints the five most probable classes. Programs that have pixels already, of a camera say, include
 * mobilenet_classify.h instead, make the image with mn_image_from_pixels(), and link libmobilenet alone. */
#include <stdio.h>

#include <mobilenet_image.h>

enum { SHOWN = 5 };

static mn_status classify(mn_classifier *classifier, const char *path) {
    mn_image *photo = NULL;
    mn_class best[SHOWN];
    int32_t count = 0;
    mn_status status = mn_image_open(path, NULL, &photo);
    if (status == MN_OK) status = mn_classify(classifier, photo, SHOWN, best, &count);
    for (int32_t i = 0; i < count; i++) printf("%6.2f %%  %s\n", 100 * (double)best[i].probability, best[i].name);
    mn_image_close(&photo);
    return status;
}

int main(int argc, char **argv) {
    mn_model *model = NULL;
    mn_classifier *classifier = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: classify MODEL.tflite PHOTO\n");
        return 2;
    }
    mn_status status = mn_model_open(argv[1], &model);
    if (status == MN_OK) status = mn_classifier_create(model, NULL, &classifier);
    if (status == MN_OK) status = classify(classifier, argv[2]);
    if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
    mn_classifier_close(&classifier);
    mn_model_close(&model);
    return status == MN_OK ? 0 : 1;
}
