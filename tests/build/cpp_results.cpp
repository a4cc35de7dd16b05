/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet.hpp without exceptions. It is linked with a file that has them, so that one program has both. */
#define MOBILENET_RESULTS 1
#include <cstdio>
#include <cstring>

#include "mobilenet.hpp"

int without_exceptions(const char *path);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (condition) break;                                                                                          \
        std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                           \
        return 1;                                                                                                      \
    } while (0)

template <class T> static bool refused(const mobilenet::result<T> &result, mn_status status, const char *words) {
    return !result && result.failure().status() == status && std::strstr(result.failure().what(), words);
}

int without_exceptions(const char *path) {
    mobilenet::result<mobilenet::model> model = mobilenet::model::open(path);
    CHECK(model);
    mobilenet::result<mobilenet::session> session = mobilenet::session::create(*model);
    CHECK(session);
    CHECK(session->run());
    CHECK(session->output<int8_t>() && session->output<int8_t>()->size() > 0);
    mobilenet::session taken = *std::move(session);
    CHECK(taken.get() != nullptr && session->get() == nullptr);
    CHECK(refused(session->run(), MN_ERROR_ARGUMENT, "NULL"));
    CHECK(refused(taken.input<float>(), MN_ERROR_ARGUMENT, "not as float32"));
    CHECK(refused(taken.set_input(std::vector<int8_t>(7)), MN_ERROR_ARGUMENT, "not as 7 elements of int8"));
    CHECK(refused(mobilenet::model::open("no such.tflite"), MN_ERROR_IO, "no such.tflite"));
    CHECK(refused(mobilenet::image::from_rows(0, 1, [](auto) {}), MN_ERROR_ARGUMENT, "0x1"));
    mobilenet::result<mobilenet::image> broken =
        mobilenet::image::from_rows(1, 1, [](auto) { return mn_error_set(MN_ERROR_IO, "the camera is gone"); });
    CHECK(broken && refused(broken->copy(), MN_ERROR_IO, "the camera is gone"));
    return 0;
}
