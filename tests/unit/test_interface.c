/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The public interface with arguments that are NULL, and with structs of older and newer programs. Run in the
 * repository root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/argument.h"
#include "mobilenet_image.h"

#define MODEL "tests/golden/tiny_v2_int8.tflite"

/* ---- NULL ------------------------------------------------------------------------------------------------ */

typedef struct fixture {
    mn_model *model;
    mn_session *session;
    mn_classifier *classifier;
    mn_image *image;
} fixture;

static const unsigned char pixel[3];

static int open_both(void **state) {
    static fixture f;
    *state = &f;
    mn_frame frame = MN_INIT(mn_frame);
    frame.pixels = pixel;
    frame.width = frame.height = 1;
    return mn_model_open(MODEL, &f.model) != MN_OK || mn_session_create(f.model, NULL, &f.session) != MN_OK ||
           mn_classifier_create(f.model, NULL, &f.classifier) != MN_OK ||
           mn_image_from_pixels(&frame, &f.image) != MN_OK;
}

static int close_both(void **state) {
    fixture *f = *state;
    mn_image_close(&f->image);
    mn_classifier_close(&f->classifier);
    mn_session_close(&f->session);
    mn_model_close(&f->model);
    return 0;
}

/* Every pointer of every public function as NULL, alone, as REFUSED (a status), GIVES (another value) or IGNORED
 * (closing, or functions without pointers). A function may have several lines and must have one. */
#define CALLS(REFUSED, GIVES, IGNORED)                                                                                 \
    GIVES(mn_version, mn_version_number() == MN_VERSION)                                                               \
    GIVES(mn_version_number, strcmp(mn_version(), "") != 0)                                                            \
    GIVES(mn_status_text, strcmp(mn_status_text((mn_status)-1), "unknown status") == 0)                                \
    GIVES(mn_error_detail, mn_error_detail() != NULL)                                                                  \
    GIVES(mn_error_set, mn_error_set(MN_ERROR_IO, NULL) == MN_ERROR_IO && mn_error_detail()[0] == '\0')                \
    GIVES(mn_type_name, mn_type_name((mn_type)-1) != NULL)                                                             \
    GIVES(mn_type_size, mn_type_size((mn_type)-1) == 0)                                                                \
    REFUSED(mn_model_open, mn_model_open(NULL, &model))                                                                \
    REFUSED(mn_model_open, mn_model_open(MODEL, NULL))                                                                 \
    REFUSED(mn_model_open_with, mn_model_open_with(NULL, NULL, &model))                                                \
    REFUSED(mn_model_open_with, mn_model_open_with(MODEL, NULL, NULL))                                                 \
    REFUSED(mn_model_from_memory, mn_model_from_memory(NULL, 16, "name", &model))                                      \
    REFUSED(mn_model_from_memory, mn_model_from_memory(memory, 16, NULL, &model))                                      \
    REFUSED(mn_model_from_memory, mn_model_from_memory(memory, 16, "name", NULL))                                      \
    IGNORED(mn_model_close, mn_model_close(NULL))                                                                      \
    IGNORED(mn_model_close, mn_model_close(&model))                                                                    \
    GIVES(mn_model_input_count, mn_model_input_count(NULL) == 0)                                                       \
    GIVES(mn_model_output_count, mn_model_output_count(NULL) == 0)                                                     \
    GIVES(mn_model_tensor_count, mn_model_tensor_count(NULL) == 0)                                                     \
    GIVES(mn_model_op_count, mn_model_op_count(NULL) == 0)                                                             \
    GIVES(mn_model_input, mn_model_input(NULL, 0) == -1)                                                               \
    GIVES(mn_model_output, mn_model_output(NULL, 0) == -1)                                                             \
    REFUSED(mn_model_tensor, mn_model_tensor(NULL, 0, &tensor))                                                        \
    REFUSED(mn_model_tensor, mn_model_tensor(f->model, 0, NULL))                                                       \
    GIVES(mn_model_signature_count, mn_model_signature_count(NULL) == 0)                                               \
    REFUSED(mn_model_signature, mn_model_signature(NULL, 0, &signature))                                               \
    REFUSED(mn_model_signature, mn_model_signature(f->model, 0, NULL))                                                 \
    REFUSED(mn_model_op, mn_model_op(NULL, 0, &op))                                                                    \
    REFUSED(mn_model_op, mn_model_op(f->model, 0, NULL))                                                               \
    GIVES(mn_model_file_bytes, mn_model_file_bytes(NULL) == 0)                                                         \
    GIVES(mn_model_weight_bytes, mn_model_weight_bytes(NULL) == 0)                                                     \
    GIVES(mn_model_description, mn_model_description(NULL) == NULL)                                                    \
    GIVES(mn_pixel_source_name, mn_pixel_source_name((mn_pixel_source)-1) != NULL)                                     \
    REFUSED(mn_model_pixels, mn_model_pixels(NULL, &pixels))                                                           \
    REFUSED(mn_model_pixels, mn_model_pixels(f->model, NULL))                                                          \
    GIVES(mn_model_class_name, mn_model_class_name(NULL, 0, 0) == NULL)                                                \
    REFUSED(mn_session_create, mn_session_create(NULL, NULL, &session))                                                \
    REFUSED(mn_session_create, mn_session_create(f->model, NULL, NULL))                                                \
    REFUSED(mn_session_create, mn_session_create(f->model, &no_shapes, &session))                                      \
    IGNORED(mn_session_close, mn_session_close(NULL))                                                                  \
    IGNORED(mn_session_close, mn_session_close(&session))                                                              \
    REFUSED(mn_session_run, mn_session_run(NULL))                                                                      \
    GIVES(mn_session_input, mn_session_input(NULL, 0) == NULL)                                                         \
    GIVES(mn_session_output, mn_session_output(NULL, 0) == NULL)                                                       \
    GIVES(mn_session_tensor_data, mn_session_tensor_data(NULL, 0) == NULL)                                             \
    REFUSED(mn_session_tensor, mn_session_tensor(NULL, 0, &tensor))                                                    \
    REFUSED(mn_session_tensor, mn_session_tensor(f->session, 0, NULL))                                                 \
    REFUSED(mn_session_input_info, mn_session_input_info(NULL, 0, &tensor))                                            \
    REFUSED(mn_session_input_info, mn_session_input_info(f->session, 0, NULL))                                         \
    REFUSED(mn_session_output_info, mn_session_output_info(NULL, 0, &tensor))                                          \
    REFUSED(mn_session_output_info, mn_session_output_info(f->session, 0, NULL))                                       \
    REFUSED(mn_tensor_expect, mn_tensor_expect(NULL, MN_INT8, 1))                                                      \
    GIVES(mn_session_arena_bytes, mn_session_arena_bytes(NULL) == 0)                                                   \
    GIVES(mn_session_packed_bytes, mn_session_packed_bytes(NULL) == 0)                                                 \
    GIVES(mn_session_threads, mn_session_threads(NULL) == 0)                                                           \
    GIVES(mn_cpu_tier, mn_cpu_tier(-1) == NULL)                                                                        \
    GIVES(mn_session_step_count, mn_session_step_count(NULL) == 0)                                                     \
    REFUSED(mn_session_step, mn_session_step(NULL, 0, &step))                                                          \
    REFUSED(mn_session_step, mn_session_step(f->session, 0, NULL))                                                     \
    IGNORED(mn_session_profile, mn_session_profile(NULL, true))                                                        \
    GIVES(mn_session_slice_count, mn_session_slice_count(NULL) == 0)                                                   \
    REFUSED(mn_session_slice, mn_session_slice(NULL, 0, &slice))                                                       \
    REFUSED(mn_session_slice, mn_session_slice(f->session, 0, NULL))                                                   \
    REFUSED(mn_session_stream, mn_session_stream(NULL, &stream))                                                       \
    REFUSED(mn_session_stream, mn_session_stream(f->session, NULL))                                                    \
    REFUSED(mn_session_placement, mn_session_placement(NULL, 0, &place))                                               \
    REFUSED(mn_session_placement, mn_session_placement(f->session, 0, NULL))                                           \
    REFUSED(mn_delegate_open_external, mn_delegate_open_external(NULL, NULL, &delegate))                               \
    REFUSED(mn_delegate_open_external, mn_delegate_open_external("no delegate", NULL, NULL))                           \
    REFUSED(mn_delegate_open_ethosu, mn_delegate_open_ethosu(NULL))                                                    \
    IGNORED(mn_delegate_listen, mn_delegate_listen(NULL, NULL, NULL))                                                  \
    IGNORED(mn_delegate_close, mn_delegate_close(NULL))                                                                \
    IGNORED(mn_delegate_close, mn_delegate_close(&delegate))                                                           \
    GIVES(mn_delegate_name, mn_delegate_name(NULL) == NULL)                                                            \
    REFUSED(mn_session_delegation, mn_session_delegation(NULL, 0, &delegation))                                        \
    REFUSED(mn_session_delegation, mn_session_delegation(f->session, 0, NULL))                                         \
    GIVES(mn_imagenet_label, mn_imagenet_label(-1) == NULL)                                                            \
    GIVES(mn_imagenet_wnid, mn_imagenet_wnid(-1) == NULL)

/* The same of mobilenet_classify.h and mobilenet_image.h. */
#define CLASSIFY_CALLS(REFUSED, GIVES, IGNORED)                                                                        \
    REFUSED(mn_image_from_pixels, mn_image_from_pixels(NULL, &image))                                                  \
    REFUSED(mn_image_from_pixels, mn_image_from_pixels(&frame, NULL))                                                  \
    REFUSED(mn_image_set_pixels, mn_image_set_pixels(NULL, memory))                                                    \
    REFUSED(mn_image_set_pixels, mn_image_set_pixels(f->image, NULL))                                                  \
    REFUSED(mn_image_from_reader, mn_image_from_reader(NULL, &image))                                                  \
    REFUSED(mn_image_from_reader, mn_image_from_reader(&reader, NULL))                                                 \
    REFUSED(mn_image_size, mn_image_size(NULL, &number, &number))                                                      \
    REFUSED(mn_image_size, mn_image_size(f->image, NULL, &number))                                                     \
    REFUSED(mn_image_size, mn_image_size(f->image, &number, NULL))                                                     \
    REFUSED(mn_image_copy, mn_image_copy(NULL, room, sizeof room))                                                     \
    REFUSED(mn_image_copy, mn_image_copy(f->image, NULL, 3))                                                           \
    IGNORED(mn_image_close, mn_image_close(NULL))                                                                      \
    IGNORED(mn_image_close, mn_image_close(&image))                                                                    \
    GIVES(mn_resize_filter_name, strcmp(mn_resize_filter_name((mn_resize_filter)-1), "unknown") == 0)                  \
    REFUSED(mn_preprocessor_create, mn_preprocessor_create(NULL, &pixels, NULL, &preprocessor))                        \
    REFUSED(mn_preprocessor_create, mn_preprocessor_create(&tensor, &pixels, NULL, NULL))                              \
    REFUSED(mn_preprocessor_describe, mn_preprocessor_describe(NULL, &input))                                          \
    REFUSED(mn_preprocessor_run, mn_preprocessor_run(NULL, f->image, room))                                            \
    IGNORED(mn_preprocessor_close, mn_preprocessor_close(NULL))                                                        \
    IGNORED(mn_preprocessor_close, mn_preprocessor_close(&preprocessor))                                               \
    REFUSED(mn_dequantise, mn_dequantise(NULL, memory, 1, &value))                                                     \
    REFUSED(mn_dequantise, mn_dequantise(&tensor, NULL, 1, &value))                                                    \
    REFUSED(mn_dequantise, mn_dequantise(&tensor, memory, 1, NULL))                                                    \
    REFUSED(mn_softmax, mn_softmax(NULL, 1))                                                                           \
    REFUSED(mn_top_k, mn_top_k(NULL, 1, 1, &number))                                                                   \
    REFUSED(mn_top_k, mn_top_k(&value, 1, 1, NULL))                                                                    \
    GIVES(mn_ending_name, strcmp(mn_ending_name((mn_ending_kind)-1), "unknown") == 0)                                  \
    REFUSED(mn_classifier_create, mn_classifier_create(NULL, NULL, &classifier))                                       \
    REFUSED(mn_classifier_create, mn_classifier_create(f->model, NULL, NULL))                                          \
    IGNORED(mn_classifier_close, mn_classifier_close(NULL))                                                            \
    IGNORED(mn_classifier_close, mn_classifier_close(&classifier))                                                     \
    REFUSED(mn_classifier_describe, mn_classifier_describe(NULL, &facts))                                              \
    REFUSED(mn_classifier_describe, mn_classifier_describe(f->classifier, NULL))                                       \
    REFUSED(mn_classifier_describe_input, mn_classifier_describe_input(NULL, &input))                                  \
    REFUSED(mn_classifier_describe_input, mn_classifier_describe_input(f->classifier, NULL))                           \
    GIVES(mn_classifier_name, mn_classifier_name(NULL, 0) == NULL)                                                     \
    REFUSED(mn_classify, mn_classify(NULL, f->image, 1, &best, &number))                                               \
    REFUSED(mn_classify, mn_classify(f->classifier, NULL, 1, &best, &number))                                          \
    REFUSED(mn_classify, mn_classify(f->classifier, f->image, 1, NULL, &number))                                       \
    REFUSED(mn_classify, mn_classify(f->classifier, f->image, 1, &best, NULL))                                         \
    REFUSED(mn_classifier_show, mn_classifier_show(NULL, f->image))                                                    \
    REFUSED(mn_classifier_show, mn_classifier_show(f->classifier, NULL))                                               \
    REFUSED(mn_classifier_run, mn_classifier_run(NULL))                                                                \
    REFUSED(mn_classifier_best, mn_classifier_best(NULL, 1, &best, &number))                                           \
    REFUSED(mn_classifier_best, mn_classifier_best(f->classifier, 1, NULL, &number))                                   \
    REFUSED(mn_classifier_best, mn_classifier_best(f->classifier, 1, &best, NULL))                                     \
    GIVES(mn_classifier_probabilities, mn_classifier_probabilities(NULL) == NULL)                                      \
    GIVES(mn_classifier_scores, mn_classifier_scores(NULL) == NULL)                                                    \
    GIVES(mn_classifier_session, mn_classifier_session(NULL) == NULL)                                                  \
    REFUSED(mn_image_open, mn_image_open(NULL, NULL, &image))                                                          \
    REFUSED(mn_image_open, mn_image_open("photo.jpg", NULL, NULL))                                                     \
    REFUSED(mn_image_from_memory, mn_image_from_memory(NULL, 1, "name", NULL, &image))                                 \
    REFUSED(mn_image_from_memory, mn_image_from_memory(memory, 1, NULL, NULL, &image))                                 \
    REFUSED(mn_image_from_memory, mn_image_from_memory(memory, 1, "name", NULL, NULL))

static void expect_refused(const char *call, mn_status status) {
    if (status == MN_ERROR_ARGUMENT && strstr(mn_error_detail(), "NULL")) return;
    fail_msg("%s: status %d, \"%s\"", call, (int)status, mn_error_detail());
}

static void forget(mn_model *never) { /* leaves another sentence than that of the call before */
    assert_int_equal(mn_model_from_memory("no model", 8, "forgotten", &never), MN_ERROR_FORMAT);
}

#define REFUSED(name, call)                                                                                            \
    forget(NULL);                                                                                                      \
    expect_refused(#call, call);
#define GIVES(name, condition) assert_true(condition);
#define IGNORED(name, call) call;

static void null_is_an_error(void **state) {
    const fixture *f = *state;
    static const _Alignas(16) unsigned char memory[16];
    mn_model *model = NULL;
    mn_session *session = NULL;
    mn_tensor_info tensor = MN_INIT(mn_tensor_info);
    mn_op_info op = MN_INIT(mn_op_info);
    mn_signature signature = MN_INIT(mn_signature);
    mn_pixels pixels = MN_INIT(mn_pixels);
    mn_step_info step = MN_INIT(mn_step_info);
    mn_delegate *delegate = NULL;
    mn_delegation delegation = MN_INIT(mn_delegation);
    mn_slice_info slice = MN_INIT(mn_slice_info);
    mn_stream_info stream = MN_INIT(mn_stream_info);
    mn_placement place = MN_INIT(mn_placement);
    mn_session_options no_shapes = MN_INIT(mn_session_options);
    no_shapes.input_shape_count = 1;
    CALLS(REFUSED, GIVES, IGNORED)
    assert_null(model);
    assert_null(session);
    assert_int_equal(mn_model_open(NULL, &model), MN_ERROR_ARGUMENT);
    assert_string_equal(mn_error_detail(), "mn_model_open: the argument 'path' is NULL; give a valid pointer");
}

static void null_is_an_error_of_images_too(void **state) {
    const fixture *f = *state;
    static const unsigned char memory[16];
    unsigned char room[3];
    int32_t number = 0;
    float value = 0;
    mn_class best;
    mn_image *image = NULL;
    mn_preprocessor *preprocessor = NULL;
    mn_classifier *classifier = NULL;
    mn_frame frame = MN_INIT(mn_frame);
    mn_image_reader reader = MN_INIT(mn_image_reader);
    mn_tensor_info tensor = MN_INIT(mn_tensor_info);
    mn_pixels pixels = MN_INIT(mn_pixels);
    mn_preprocess_info input = MN_INIT(mn_preprocess_info);
    mn_classifier_info facts = MN_INIT(mn_classifier_info);
    CLASSIFY_CALLS(REFUSED, GIVES, IGNORED)
    assert_true(!image && !preprocessor && !classifier);
}
#undef REFUSED
#undef GIVES
#undef IGNORED

/* ---- Nothing left out -------------------------------------------------------------------------------------- */

static bool is_called(const char *name, size_t length) {
#define CALLED(function, call) #function,
    static const char *const called[] = {CALLS(CALLED, CALLED, CALLED) CLASSIFY_CALLS(CALLED, CALLED, CALLED)};
#undef CALLED
    for (size_t i = 0; i < sizeof called / sizeof called[0]; i++) {
        if (strlen(called[i]) == length && memcmp(called[i], name, length) == 0) return true;
    }
    return false;
}

/* The function that the declaration behind MN_API at `text` declares: what stands before its first parenthesis. */
static const char *function_name(const char *text, size_t *length) {
    const char *end = strchr(text, '('), *begin = end;
    assert_non_null(end);
    while (begin > text && begin[-1] != ' ' && begin[-1] != '*') begin--;
    *length = (size_t)(end - begin);
    return begin;
}

static char *read_text(const char *path) {
    enum { MOST = 1 << 20 };
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, MOST);
    assert_non_null(text);
    assert_in_range(fread(text, 1, MOST - 1, file), 1, MOST - 2);
    fclose(file);
    return text;
}

static void every_function_is_called(void **state) {
    (void)state;
    static const char *const headers[] = {"include/mobilenet.h", "include/mobilenet_inspect.h",
                                          "include/mobilenet_classify.h", "include/mobilenet_delegate.h",
                                          "include/mobilenet_image.h"};
    int32_t found = 0;
    for (int32_t h = 0; h < 5; h++) {
        char *text = read_text(headers[h]);
        for (const char *at = strstr(text, "\nMN_API "); at; at = strstr(at + 1, "\nMN_API ")) {
            size_t length;
            const char *name = function_name(at, &length);
            if (!is_called(name, length)) fail_msg("%.*s has no line in CALLS of this test", (int)length, name);
            found++;
        }
        free(text);
    }
    assert_true(found > 60);
}

/* Structs that may grow are in base/argument.h, which checks their layout. */
static void every_struct_is_known(void **state) {
    (void)state;
#define KNOWN(type, oldest, newest) type##_struct.name,
    enum { MOST = 32 };
    const char *names[MOST];
    const char *known[] = {MN_STRUCT_LIST(KNOWN)};
#undef KNOWN
    int32_t found = 0;
    char *text[] = {read_text("include/mobilenet.h"), read_text("include/mobilenet_inspect.h"),
                    read_text("include/mobilenet_classify.h"), read_text("include/mobilenet_delegate.h")};
    for (int32_t h = 0; h < 4; h++) {
        for (const char *at = strstr(text[h], "uint32_t struct_bytes;"); at;
             at = strstr(at + 1, "uint32_t struct_bytes;")) {
            assert_true(found < MOST);
            names[found++] = strstr(at, "\n} ") + 3;
        }
    }
    assert_int_equal(found, sizeof known / sizeof known[0]);
    for (int32_t i = 0; i < found; i++) {
        bool listed = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
            listed =
                listed || (strncmp(names[i], known[k], strlen(known[k])) == 0 && names[i][strlen(known[k])] == ';');
        }
        if (!listed) fail_msg("%.20s is not in MN_STRUCT_LIST", names[i]);
    }
    for (int32_t h = 0; h < 4; h++) free(text[h]);
}

/* ---- Structs of other versions ----------------------------------------------------------------------------- */

static void forgotten_sizes_are_errors(void **state) {
    const fixture *f = *state;
    mn_session *session = NULL;
    mn_session_options options = {.threads = 1};
    assert_int_equal(mn_session_create(f->model, &options, &session), MN_ERROR_ARGUMENT);
    assert_non_null(strstr(mn_error_detail(), "mn_session_options: struct_bytes is 0"));
    assert_non_null(strstr(mn_error_detail(), "MN_INIT(mn_session_options)"));
    options.struct_bytes = 0xcdcdcdcd; /* memory never set */
    assert_int_equal(mn_session_create(f->model, &options, &session), MN_ERROR_ARGUMENT);
    assert_null(session);
    mn_tensor_info info = {.bytes = 77};
    assert_int_equal(mn_model_tensor(f->model, 0, &info), MN_ERROR_ARGUMENT);
    assert_int_equal(mn_session_tensor(f->session, 0, &info), MN_ERROR_ARGUMENT);
    mn_op_info op = {.version = 1};
    assert_int_equal(mn_model_op(f->model, 0, &op), MN_ERROR_ARGUMENT);
    mn_pixels pixels = {.reserved = 1};
    assert_int_equal(mn_model_pixels(f->model, &pixels), MN_ERROR_ARGUMENT);
    mn_step_info step = {.first_op = 1};
    assert_int_equal(mn_session_step(f->session, 0, &step), MN_ERROR_ARGUMENT);
    mn_placement place = {.first = 1};
    assert_int_equal(mn_session_placement(f->session, 0, &place), MN_ERROR_ARGUMENT);
    assert_int_equal(info.bytes, 77);
    mn_model *model = NULL;
    mn_model_options opening = {.read = 1};
    assert_int_equal(mn_model_open_with(MODEL, &opening, &model), MN_ERROR_ARGUMENT);
    assert_null(model);
}

/* A program whose header is newer than the library. */
typedef struct newer_options {
    mn_session_options known;
    uint64_t later[2];
} newer_options;

static void newer_options_must_be_zero(void **state) {
    const fixture *f = *state;
    mn_session *session = NULL;
    newer_options options = {.known = {.struct_bytes = sizeof options, .threads = 2}};
    assert_int_equal(mn_session_create(f->model, &options.known, &session), MN_OK);
    assert_int_equal(mn_session_threads(session), 2);
    mn_session_close(&session);
    options.later[1] = (uint64_t)1 << 40;
    assert_int_equal(mn_session_create(f->model, &options.known, &session), MN_ERROR_ARGUMENT);
    assert_non_null(strstr(mn_error_detail(), "which library "));
    assert_null(session);
}

typedef struct newer_info {
    mn_tensor_info known;
    uint64_t later[2], guard;
} newer_info;

static void newer_infos_end_in_zeros(void **state) {
    const fixture *f = *state;
    newer_info info;
    memset(&info, 0xee, sizeof info);
    info.known.struct_bytes = offsetof(newer_info, guard);
    assert_int_equal(mn_model_tensor(f->model, 0, &info.known), MN_OK);
    assert_int_equal(info.known.struct_bytes, offsetof(newer_info, guard));
    assert_true(info.known.bytes > 0 && info.later[0] == 0 && info.later[1] == 0);
    assert_true(info.guard == 0xeeeeeeeeeeeeeeeeu);
}

/* A program whose header is older: as if `second` had come later. */
typedef struct grown {
    uint32_t struct_bytes;
    int32_t first;
    int64_t second;
} grown;

static const mn_struct grown_struct = {"grown", (uint32_t)MN_UP_TO(grown, first), sizeof(grown)};

static void older_structs_get_what_they_know(void **state) {
    (void)state;
    const grown given = {.struct_bytes = offsetof(grown, second), .first = 5, .second = -1};
    grown made = {.second = 9};
    assert_int_equal(mn_struct_read(&grown_struct, &given, &made), MN_OK);
    assert_true(made.struct_bytes == sizeof made && made.first == 5 && made.second == 0);
    assert_int_equal(mn_struct_read(&grown_struct, NULL, &made), MN_OK);
    assert_true(made.struct_bytes == sizeof made && made.first == 0 && made.second == 0);

    const grown filled = {.struct_bytes = sizeof filled, .first = 1, .second = 2};
    grown out = {.struct_bytes = offsetof(grown, second), .first = 7, .second = 8};
    assert_int_equal(mn_struct_check(&grown_struct, &out), MN_OK);
    mn_struct_write(&grown_struct, &filled, &out);
    assert_true(out.struct_bytes == offsetof(grown, second) && out.first == 1 && out.second == 8);
    out.struct_bytes = (uint32_t)offsetof(grown, first);
    assert_int_equal(mn_struct_check(&grown_struct, &out), MN_ERROR_ARGUMENT);
}

/* ---- The rest ---------------------------------------------------------------------------------------------- */

static void zero_is_the_default(void **state) {
    const fixture *f = *state;
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    assert_int_equal(mn_session_create(f->model, &options, &session), MN_OK);
    assert_int_equal(mn_session_threads(session), 1);
    assert_int_equal(mn_session_arena_bytes(session), mn_session_arena_bytes(f->session));
    mn_session_close(&session);
}

static void versions_compare(void **state) {
    (void)state;
    char text[32];
    const int32_t number = mn_version_number();
    snprintf(text, sizeof text, "%d.%d.%d", (int)(number / 1000000), (int)(number / 1000 % 1000), (int)(number % 1000));
    assert_string_equal(text, mn_version());
    assert_true(MN_VERSION_OF(0, 2, 0) > MN_VERSION_OF(0, 1, 999) && MN_VERSION_OF(1, 0, 0) > MN_VERSION_OF(0, 999, 9));
}

static void every_status_has_a_text(void **state) {
    (void)state;
#define DIFFERS(name, code, text)                                                                                      \
    assert_int_equal(name, code);                                                                                      \
    assert_string_equal(mn_status_text(name), text);
    MN_STATUS_LIST(DIFFERS)
#undef DIFFERS
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_an_error),           cmocka_unit_test(null_is_an_error_of_images_too),
        cmocka_unit_test(every_function_is_called),   cmocka_unit_test(every_struct_is_known),
        cmocka_unit_test(forgotten_sizes_are_errors), cmocka_unit_test(newer_options_must_be_zero),
        cmocka_unit_test(newer_infos_end_in_zeros),   cmocka_unit_test(older_structs_get_what_they_know),
        cmocka_unit_test(zero_is_the_default),        cmocka_unit_test(versions_compare),
        cmocka_unit_test(every_status_has_a_text),
    };
    return cmocka_run_group_tests(tests, open_both, close_both);
}
