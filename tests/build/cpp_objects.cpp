/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet.hpp, with exceptions: what objects do, in which order they may go, how they move, and what is refused.
 * usage: cpp_objects [DELEGATE.so] */
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <thread>
#if __cplusplus >= 202002L
#include <span>
#endif

#include "mobilenet.hpp"

namespace mn = mobilenet;

static const char *const int8_model = "tests/golden/tiny_v2_int8.tflite";
static const char *const float_model = "tests/golden/tiny_v2_float32.tflite";
static const char *const photo_path = "fuzz/corpus/image/colour-16bit.ppm";

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (condition) break;                                                                                          \
        std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                           \
        std::exit(1);                                                                                                  \
    } while (0)

/* `call` throws an error of this status, whose sentence has these words. */
template <class F> static void refused(F call, mn_status status, const char *words) {
    try {
        call();
    } catch (const mn::error &failure) {
        const std::runtime_error &base = failure;
        if (failure.status() == status && std::string(base.what()).find(words) != std::string::npos) return;
        std::fprintf(stderr, "status %d, \"%s\" lacks \"%s\"\n", failure.status(), failure.what(), words);
        std::exit(1);
    }
    std::fprintf(stderr, "nothing is thrown where \"%s\" is wanted\n", words);
    std::exit(1);
}

static std::vector<char> contents(const char *path) {
    std::vector<char> bytes(1 << 20);
    std::FILE *file = std::fopen(path, "rb");
    CHECK(file != nullptr);
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    std::fclose(file);
    return bytes;
}

static std::array<uint8_t, 48> picture() {
    std::array<uint8_t, 48> rgb{};
    std::iota(rgb.begin(), rgb.end(), uint8_t{3});
    return rgb;
}

static mn::frame frame_of(const std::array<uint8_t, 48> &rgb) {
    mn::frame frame;
    frame.width = frame.height = 4;
    frame.pixels = rgb.data();
    return frame;
}

static void models() {
    static_assert(std::is_copy_constructible_v<mn::model> && std::is_copy_constructible_v<mn::delegate>);
    static_assert(!std::is_copy_constructible_v<mn::session> && std::is_nothrow_move_constructible_v<mn::session>);
    static_assert(!std::is_copy_constructible_v<mn::classifier> && std::is_nothrow_move_assignable_v<mn::classifier>);
    static_assert(!std::is_copy_constructible_v<mn::image> && !std::is_copy_constructible_v<mn::preprocessor>);
    const mn::model model = mn::model::open(int8_model);
    const std::vector<char> file = contents(int8_model);
    const mn::model same = mn::model::from_memory(file, "bytes");
    CHECK(model.op_count() == same.op_count() && model.file_bytes() == file.size());
    CHECK(model.input_count() == 1 && model.output_count() == 1 && model.weight_bytes() > 0);
    CHECK(model.tensor(model.input(0)).shape()[1] == 32 && model.tensor(model.output(0)).shape().size() == 2);
    CHECK(model.op(0).macs > 0 && model.tensor_count() > model.op_count());
    CHECK(model.pixels().high[0] > model.pixels().low[0] && model.description() != nullptr);
    CHECK(model.class_name(0, 0) == nullptr);
    refused([] { mn::model::open("no such.tflite"); }, MN_ERROR_IO, "no such.tflite");
    refused([] { mn::model::from_memory(std::string("rubbish"), "text"); }, MN_ERROR_FORMAT, "text: ");
    refused([&] { model.tensor(-1); }, MN_ERROR_ARGUMENT, "-1");
    mn::model first = model, second = std::move(first);
    CHECK(second.get() == model.get() && first.get() == nullptr && first.op_count() == 0);
    refused([&] { first.op(0); }, MN_ERROR_ARGUMENT, "NULL");
}

static void sessions() {
    mn::session session = mn::session::create(mn::model::open(int8_model)); /* which keeps the model */
    const std::vector<int8_t> zeros(32 * 32 * 3);
    session.set_input(zeros);
    session.run();
    const mn::span<const int8_t> scores = session.output<int8_t>();
    const std::vector<int8_t> first(scores.begin(), scores.end());
    CHECK(first.size() == session.output_info().count());
    CHECK(session.real_output().size() == first.size());
    CHECK(session.input<std::byte>().size() == zeros.size() && session.arena_bytes() > 0 && session.threads() == 1);
    refused([&] { session.input<float>(); }, MN_ERROR_ARGUMENT, "not as float32");
    refused([&] { session.output<uint8_t>(); }, MN_ERROR_ARGUMENT, "not as uint8");
    refused([&] { session.output<int8_t>(1); }, MN_ERROR_ARGUMENT, "there is no output 1");
    refused([&] { session.set_input(std::vector<int8_t>(7)); }, MN_ERROR_ARGUMENT, "not as 7 elements of int8");
    refused([&] { session.delegation(-1); }, MN_ERROR_ARGUMENT, "-1");
    CHECK(session.delegation(0).delegate == -1);
    CHECK(session.step(0).op_count > 0 && session.step_count() > 0 && session.slice_count() == session.step_count());
    session.profile(true);

    mn::session moved = std::move(session);
    CHECK(session.get() == nullptr);
    refused([&] { session.run(); }, MN_ERROR_ARGUMENT, "NULL");
    session = mn::session::create(mn::model::open(float_model));
    session = std::move(moved); /* closes the other one before its model */
    CHECK(moved.get() == nullptr && session.input_info().type == MN_INT8);
    session.set_input(zeros);
    session.run();
    CHECK(std::equal(first.begin(), first.end(), session.output<int8_t>().begin()));
}

static void options() {
    const mn::model model = mn::model::open(float_model);
    mn::session_options wide;
    wide.threads = 2;
    wide.cpu = "ref";
    wide.input_shapes = {mn::input_shape(0, {1, 48, 40, 3})};
    mn::session session = mn::session::create(model, wide);
    CHECK(session.threads() == 2 && session.input_info().shape()[2] == 40);
    CHECK(session.input<float>().size() == 48 * 40 * 3);
    CHECK(std::string(session.step(0).kernel).find("avx") == std::string::npos);
    CHECK(session.tensor(model.input(0)).dims[1] == 48 && model.tensor(model.input(0)).dims[1] == 32);
    wide.cpu = "z80";
    refused([&] { mn::session::create(model, wide); }, MN_ERROR_ARGUMENT, "z80");
    mn::session_options crooked;
    crooked.input_shapes = {mn::input_shape(0, {1, 2, 3, 4, 5, 6, 7, 8, 9})};
    refused([&] { mn::session::create(model, crooked); }, MN_ERROR_ARGUMENT, "9 dimensions");
}

static void images() {
    const std::array<uint8_t, 48> rgb = picture();
    mn::image image = mn::image::from_pixels(frame_of(rgb));
    CHECK(image.width() == 4 && image.height() == 4);
    CHECK(std::equal(rgb.begin(), rgb.end(), image.copy().begin()));
    image.set_pixels(rgb.data());
    mn::frame flat = frame_of(rgb);
    flat.width = 0;
    refused([&] { mn::image::from_pixels(flat); }, MN_ERROR_ARGUMENT, "0x4");
    refused([] { mn::image::open("no such.jpg"); }, MN_ERROR_IO, "no such.jpg");
    refused([] { mn::image::from_memory(std::string("rubbish"), "text"); }, MN_ERROR_UNSUPPORTED, "text: ");
    mn::image photo = mn::image::open(photo_path);
    const std::vector<char> file = contents(photo_path);
    CHECK(photo.copy() == mn::image::from_memory(file).copy());

    auto read = [&rgb, kept = std::make_shared<int>(0)](auto take) { /* `kept` leaks if the reader is not closed */
                                                                     for (int y = 0; y < 4; y++)
                                                                         take(&rgb[static_cast<std::size_t>(y) * 12]);
                                                                     ++*kept;
    };
    mn::image rows = mn::image::from_rows(4, 4, read);
    CHECK(rows.copy() == image.copy());
    mn::image broken = mn::image::from_rows(4, 4, [](auto) { throw std::runtime_error("the camera is gone"); });
    refused([&] { broken.copy(); }, MN_ERROR_IO, "the camera is gone");
    mn::image late = mn::image::from_rows(4, 4, [](auto) { return mn_error_set(MN_ERROR_TIMEOUT, "no row came"); });
    refused([&] { late.copy(); }, MN_ERROR_TIMEOUT, "no row came");
    refused([&] { mn::image::from_rows(-1, 4, read); }, MN_ERROR_ARGUMENT, "-1x4");
}

static void classifiers() {
    mn::image photo = mn::image::open(photo_path);
    mn::model model = mn::model::open(int8_model);
    mn::classifier classifier = mn::classifier::create(model);
    model = mn::model::open(float_model); /* the classifier keeps the other one */
    const std::vector<mn_class> best = classifier.classify(photo, 3);
    CHECK(best.size() == 3 && best[0].score >= best[1].score && best[1].score >= best[2].score);
    CHECK(std::string(best[0].name) == classifier.name(best[0].index));
    const std::size_t classes = classifier.probabilities().size();
    CHECK(static_cast<std::size_t>(classifier.info().classes) == classes && classifier.scores().size() == classes);
    CHECK(classifier.classify(photo, INT32_MAX).size() == classes);
    std::array<mn_class, 2> two;
    CHECK(classifier.classify(photo, two) == 2 && two[1].index == best[1].index);
    refused([&] { classifier.classify(photo, 0); }, MN_ERROR_ARGUMENT, "0");

    classifier.show(photo);
    classifier.run();
    CHECK(classifier.best(1).front().index == best[0].index);
    CHECK(classifier.session().input_info().type == MN_INT8 && classifier.input_info().width == 32);

    mn::preprocessor preprocessor =
        mn::preprocessor::create(classifier.session().input_info(), classifier.input_info().pixels);
    mn::session session = mn::session::create(mn::model::open(int8_model));
    preprocessor.run(photo, session.input<int8_t>());
    session.run();
    const auto wanted = classifier.session().output<int8_t>(), got = session.output<int8_t>();
    CHECK(std::equal(wanted.begin(), wanted.end(), got.begin(), got.end()));
    std::array<int8_t, 9> small;
    refused([&] { preprocessor.run(photo, mn::span<int8_t>(small)); }, MN_ERROR_ARGUMENT, "the tensor has 9");
    CHECK(preprocessor.info().bytes == 32 * 32 * 3);

    std::vector<float> values = session.real_output();
    mn::softmax(values);
    CHECK(std::fabs(std::accumulate(values.begin(), values.end(), 0.0f) - 1) < 1e-4f);
    CHECK(mn::top_k(values, 2).size() == 2);
    refused([&] { mn::top_k(values, -1); }, MN_ERROR_ARGUMENT, "-1");
    refused([&] { mn::top_k(values, 100000); }, MN_ERROR_ARGUMENT, "100000");

    mn::classifier_options named;
    for (std::size_t i = 0; i < classes; i++) named.labels.push_back("word " + std::to_string(i));
    named.session.threads = 2;
    named.preprocess.filter = MN_RESIZE_BILINEAR;
    mn::classifier other = mn::classifier::create(model, named);
    CHECK(std::string(other.name(1)) == "word 1" && other.session().threads() == 2);
    CHECK(other.input_info().filter == MN_RESIZE_BILINEAR);
    named.labels.pop_back();
    refused([&] { mn::classifier::create(model, named); }, MN_ERROR_ARGUMENT, "labels");
    classifier = std::move(other); /* closes what it was before the model of that */
    CHECK(other.get() == nullptr && classifier.classify(photo, 1).size() == 1);
}

static void threads() {
    const mn::model model = mn::model::open(int8_model);
    std::vector<std::thread> team;
    for (int i = 0; i < 3; i++) {
        team.emplace_back([model] { mn::session::create(model).run(); });
    }
    for (std::thread &each : team) each.join();
}

static void spans() {
    std::vector<int> numbers{1, 2, 3};
    int plain[] = {1, 2};
    const mn::span<int> all(numbers);
    const mn::span<const int> constant(all), two(plain), none;
    CHECK(constant.size() == 3 && two[1] == 2 && none.empty() && &*all.begin() == numbers.data());
    static_assert(!std::is_constructible_v<mn::span<int>, const std::vector<int> &>);
    static_assert(!std::is_constructible_v<mn::span<float>, std::vector<int> &>);
#if __cplusplus >= 202002L
    const std::span<const int> standard(constant);
    const mn::span<const int> back(standard);
    CHECK(standard.data() == numbers.data() && back.size() == 3);
#endif
}

static void delegates(const char *path) {
    mn::session_options options;
    std::vector<std::string> lines;
    refused([] { mn::delegate::open_external("no such.so"); }, MN_ERROR_IO, "no such.so");
    {
        mn::delegate good = mn::delegate::open_external(path, "most:1");
        good.listen([&lines](const char *line) { lines.emplace_back(line); });
        options.delegates = {good};
        CHECK(std::string(good.name()).find("good") != std::string::npos);
    }
    mn::session session = mn::session::create(mn::model::open(int8_model), options);
    options.delegates.clear(); /* the session keeps it */
    int taken = 0;
    for (int op = 0; op < 8; op++) taken += session.delegation(op).delegate == 0;
    CHECK(taken == 1);
    session.run();
    mn::delegate npu = mn::delegate::open_ethosu();
    npu.listen(nullptr);
    CHECK(std::string(npu.name()) == "ethos-u");
}

int without_exceptions(const char *path);

int main(int argc, char **argv) {
    models();
    sessions();
    options();
    images();
    classifiers();
    threads();
    spans();
    CHECK(without_exceptions(int8_model) == 0);
    if (argc > 1) delegates(argv[1]);
    return 0;
}
