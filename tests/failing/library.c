/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A program that uses the libraries: opens a model, makes sessions of one and of two threads, a streamed one, and
 * some in which back ends or a delegate run most of the operators, runs and closes them; and classifies a photo, if one
 * is named, and its pixels. */
#include <stdio.h>
#include <string.h>

#include "failing/failing.h"
#include "mobilenet_delegate.h"
#include "mobilenet_image.h"
#include "session/session.h"
#include "support/reference_backend.h"

int library_main(int count, char **arguments);

static mn_status run_as(const mn_model *model, const mn_session_options *options, const mn_backend_list *backends) {
    mn_session *session = NULL;
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    mn_status status = mn_session_create_with(model, options, backends, &session);
    if (status == MN_OK) status = mn_session_tensor(session, mn_model_input(model, 0), &info);
    if (status == MN_OK) {
        memset(mn_session_input(session, 0), 1, info.bytes);
        status = mn_session_run(session);
    }
    if (status == MN_OK) status = mn_session_tensor(session, mn_model_output(model, 0), &info);
    if (status == MN_OK) {
        const unsigned char *bytes = mn_session_output(session, 0);
        for (size_t i = 0; i < info.bytes; i++) printf("%02x", bytes[i]);
        putchar('\n');
    }
    mn_session_close(&session);
    return status;
}

static mn_status run(const mn_model *model, int32_t threads, bool streamed, const mn_backend_list *backends) {
    mn_session_options options = MN_INIT(mn_session_options);
    options.threads = threads;
    options.streamed = streamed;
    return run_as(model, &options, backends);
}

/* With convolutions in a delegate's library, whose own memory does not run out. */
static mn_status run_with_delegate(const mn_model *model) {
    mn_delegate *delegate = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    mn_status status =
        mn_delegate_open_external(TEST_DELEGATES "/good.so", "each:1;cache_file_path:no folder/c", &delegate);
    options.delegates = &delegate;
    options.delegate_count = 1;
    if (status == MN_OK) status = run_as(model, &options, NULL);
    mn_delegate_close(&delegate);
    return status;
}

static mn_status run_with_backends(const mn_model *model) {
    reference_backend first, second;
    reference_backend_open(&first, "first", 1, 4);
    reference_backend_open(&second, "second", 2, 5);
    const mn_backend *const list[] = {&first.backend, &second.backend};
    const mn_backend_list both = {.count = 2, .of = list};
    const mn_status status = run(model, 2, false, &both);
    return status == MN_OK ? run(model, 1, true, &both) : status;
}

static mn_status tell(mn_classifier *classifier, mn_image *image) {
    mn_class best[3];
    int32_t shown = 0;
    mn_status status = mn_classify(classifier, image, 3, best, &shown);
    for (int32_t i = 0; i < shown; i++) printf("%s %.6f\n", best[i].name, (double)best[i].probability);
    return status;
}

/* The next frame of a camera: nothing may be allocated. */
static mn_status tell_next(mn_classifier *classifier, mn_image *image, const unsigned char *pixels) {
    const int64_t before = failing->asked;
    mn_status status = mn_image_set_pixels(image, pixels);
    if (status == MN_OK) status = tell(classifier, image);
    if (status != MN_OK || failing->asked == before) return status;
    return mn_error_set(MN_ERROR_MEMORY, "classifying a second frame allocated memory");
}

static mn_status classify(const mn_model *model, const char *path) {
    static const unsigned char gray[6 * 7], next[6 * 7] = {9, 8, 7};
    mn_frame frame = MN_INIT(mn_frame);
    mn_image *photo = NULL, *pixels = NULL;
    mn_classifier *classifier = NULL;
    frame.pixels = gray;
    frame.width = 6;
    frame.height = 7;
    frame.format = MN_FORMAT_GRAY;
    mn_status status = mn_classifier_create(model, NULL, &classifier);
    if (status == MN_OK) status = mn_image_open(path, NULL, &photo);
    if (status == MN_OK) status = mn_image_from_pixels(&frame, &pixels);
    if (status == MN_OK) status = tell(classifier, photo);
    if (status == MN_OK) status = tell(classifier, pixels);
    if (status == MN_OK) status = tell_next(classifier, pixels, next);
    mn_image_close(&pixels);
    mn_image_close(&photo);
    mn_classifier_close(&classifier);
    return status;
}

int library_main(int count, char **arguments) {
    mn_model *model = NULL;
    mn_status status = count == 2 || count == 3 ? mn_model_open(arguments[1], &model) : MN_ERROR_ARGUMENT;
    if (status == MN_OK) status = run(model, 1, false, NULL);
    if (status == MN_OK) status = run(model, 2, false, NULL);
    if (status == MN_OK) status = run(model, 2, true, NULL);
    if (status == MN_OK) status = run_with_backends(model);
    if (status == MN_OK) status = run_with_delegate(model);
    if (status == MN_OK && count == 3) status = classify(model, arguments[2]);
    mn_model_close(&model);
    if (status == MN_OK) return 0;
    fprintf(stderr, "mobilenet: %s\n", mn_error_detail());
    return 1;
}
