/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/**
 * @file mobilenet.hpp
 * The public interface for C++17 and later. It is header-only; programs link the same libraries as in C: libmobilenet,
 * and libmobilenet_image for image::open() and image::from_memory().
 *
 *     auto model = mobilenet::model::open("model.tflite");
 *     auto classifier = mobilenet::classifier::create(model);
 *     auto photo = mobilenet::image::open("cat.jpg");
 *     for (const mn_class &best : classifier.classify(photo, 5)) std::printf("%s\n", best.name);
 *
 * Functions are documented at their C declarations: model::open() is mn_model_open_with(), and so on. Structs of facts
 * are those of C. Functions that gain nothing from C++ (mn_version(), mn_imagenet_label(), mn_cpu_tier(), names of
 * constants) have no wrapper.
 *
 * Objects close themselves. Models and delegates are reference-counted: a copy refers to the same object, and sessions
 * and classifiers keep theirs open, so that objects may be destroyed in any order. All others can be moved but not
 * copied. get() is the C object, and constructors take ownership of one; after a move get() is nullptr, which every
 * function refuses. Memory of the caller's (bytes of files, pixels) is not kept alive.
 *
 * Failures are exceptions of type `error`, a std::runtime_error: what() is the library's sentence. Without exceptions,
 * or if MOBILENET_RESULTS is defined to 1, functions return result<T> instead of T:
 *
 *     auto model = mobilenet::model::open("model.tflite");
 *     if (!model) std::fprintf(stderr, "%s\n", model.failure().what());
 *     else use(*model);
 *
 * Threads: as in C. A copied model may be used on another thread; a session, a classifier, an image or a preprocessor
 * belongs to one thread at a time.
 */
#ifndef MOBILENET_HPP
#define MOBILENET_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>
#if __cplusplus >= 202002L
#include <ranges>
#endif

#include "mobilenet_delegate.h"
#include "mobilenet_image.h"
#include "mobilenet_inspect.h"

/** 1: functions return result<T>; 0: they throw. Object files of one program may differ in it. */
#ifndef MOBILENET_RESULTS
#ifdef __cpp_exceptions
#define MOBILENET_RESULTS 0
#else
#define MOBILENET_RESULTS 1
#endif
#endif

namespace mobilenet {
#if MOBILENET_RESULTS
inline namespace returning {
#else
inline namespace throwing {
#endif

/* ---- Failures ---------------------------------------------------------------------------------------- */

/** A failure: its status and the library's sentence. */
class error : public std::runtime_error {
  public:
    error(mn_status status, const char *sentence)
        : std::runtime_error(sentence[0] != '\0' ? sentence : mn_status_text(status)), status_(status) {}
    mn_status status() const noexcept { return status_; }

  private:
    mn_status status_;
};

#if MOBILENET_RESULTS
/** A value or a failure: check it before using the value. */
template <class T> class [[nodiscard]] result {
  public:
    result(T value) : held_(std::move(value)) {}
    result(error failure) : held_(std::move(failure)) {}
    explicit operator bool() const noexcept { return held_.index() == 0; }
    T &operator*() &noexcept { return *std::get_if<T>(&held_); }
    T &&operator*() &&noexcept { return std::move(*std::get_if<T>(&held_)); }
    T *operator->() noexcept { return std::get_if<T>(&held_); }
    const error &failure() const noexcept { return *std::get_if<error>(&held_); }

  private:
    std::variant<T, error> held_;
};

template <> class [[nodiscard]] result<void> {
  public:
    result() = default;
    result(error failure) : failure_(std::move(failure)) {}
    explicit operator bool() const noexcept { return !failure_; }
    const error &failure() const noexcept { return *failure_; }

  private:
    std::optional<error> failure_;
};
#else
template <class T> using result = T;
#endif

namespace detail {

/** The result of make() if `status` is success. */
template <class F> result<std::invoke_result_t<F>> give(mn_status status, F make) {
    if (status == MN_OK) return make();
#if MOBILENET_RESULTS
    return error(status, mn_error_detail());
#else
    throw error(status, mn_error_detail());
#endif
}

inline result<void> done(mn_status status) {
#if MOBILENET_RESULTS
    if (status != MN_OK) return error(status, mn_error_detail());
    return {};
#else
    give(status, [] {});
#endif
}

/** The value that a C function writes to its last argument. */
template <class T, class F, class... A> result<T> ask(F function, A... arguments) {
    T out{};
    return give(function(arguments..., &out), [&out] { return std::move(out); });
}

/** A T that takes ownership of the object created by a C function. */
template <class T, class F, class... A> result<T> make(F function, A... arguments) {
    typename T::c_type *made = nullptr;
    return give(function(arguments..., &made), [&made] { return T(made); });
}

inline int32_t clipped(std::size_t count) noexcept {
    return static_cast<int32_t>(std::min<std::size_t>(count, INT32_MAX));
}

template <class T, void (*close)(T **)> struct closer {
    void operator()(T *object) const noexcept { close(&object); }
};
template <class T, void (*close)(T **)> using owner = std::unique_ptr<T, closer<T, close>>;

inline const char *or_null(const std::string &text) noexcept { return text.empty() ? nullptr : text.c_str(); }

} // namespace detail

/* ---- Memory ------------------------------------------------------------------------------------------ */

/** A view of contiguous elements. It is not C++20's std::span, so that object files of one program may be compiled for
 *  different standards; the two convert to each other. */
template <class T> class span {
    template <class C> using data_of = std::remove_pointer_t<decltype(std::data(std::declval<C &>()))>;

  public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;

    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    /** Of an array, a std::vector, a std::array, another span. */
    template <class C, class = std::enable_if_t<std::is_convertible_v<data_of<C> (*)[], T (*)[]>>>
    constexpr span(C &&container) noexcept : data_(std::data(container)), size_(std::size(container)) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t i) const noexcept { return data_[i]; }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/** The bytes of an array, a std::vector, a std::string or another span, whatever its elements. */
struct bytes {
    template <class C, class E = std::remove_pointer_t<decltype(std::data(std::declval<const C &>()))>>
    bytes(const C &container) noexcept : data(std::data(container)), size(std::size(container) * sizeof(E)) {
        static_assert(std::is_trivially_copyable_v<E>);
    }
    const void *data;
    std::size_t size;
};

/** The type of tensors with elements T; std::byte is for the bytes of any. */
template <class T> constexpr mn_type type_of() noexcept {
    using E = std::remove_cv_t<T>;
    if constexpr (std::is_same_v<E, float>)
        return MN_FLOAT32;
    else if constexpr (std::is_same_v<E, int8_t>)
        return MN_INT8;
    else if constexpr (std::is_same_v<E, uint8_t>)
        return MN_UINT8;
    else if constexpr (std::is_same_v<E, int16_t>)
        return MN_INT16;
    else if constexpr (std::is_same_v<E, int32_t>)
        return MN_INT32;
    else if constexpr (std::is_same_v<E, int64_t>)
        return MN_INT64;
    else {
        static_assert(std::is_same_v<E, std::byte>, "no tensor has such elements; std::byte is for any");
        return MN_NONE;
    }
}

/* ---- Structs ----------------------------------------------------------------------------------------- */

/** A struct of C that begins with its size; everything else is zero, the default. */
template <class T> struct sized : T {
    sized() noexcept : T() { this->struct_bytes = static_cast<uint32_t>(sizeof(T)); }
};

using model_options = sized<mn_model_options>;
using image_options = sized<mn_image_options>;
using preprocess_options = sized<mn_preprocess_options>;
using frame = sized<mn_frame>;
using op_info = sized<mn_op_info>;
using preprocess_info = sized<mn_preprocess_info>;
using classifier_info = sized<mn_classifier_info>;
using delegation = sized<mn_delegation>;
using step_info = sized<mn_step_info>;
using slice_info = sized<mn_slice_info>;
using stream_info = sized<mn_stream_info>;
using placement = sized<mn_placement>;

struct tensor_info : sized<mn_tensor_info> {
    span<const int32_t> shape() const noexcept { return {dims, static_cast<std::size_t>(rank)}; }
    std::size_t count() const noexcept { return mn_type_size(type) > 0 ? bytes / mn_type_size(type) : 0; }
};

/** Input number `input` with the dimensions `dims`, for session_options. */
inline mn_input_shape input_shape(int32_t input, std::initializer_list<int32_t> dims) noexcept {
    mn_input_shape shape{input, detail::clipped(dims.size()), {}};
    std::copy_n(dims.begin(), std::min<std::size_t>(dims.size(), MN_ROOM_RANK), shape.dims);
    return shape;
}

/* ---- Models ------------------------------------------------------------------------------------------ */

class model {
  public:
    using c_type = mn_model;
    explicit model(mn_model *taken) : shared_(taken, detail::closer<mn_model, mn_model_close>()) {}
    static result<model> open(const std::string &path, const mn_model_options &options = model_options()) {
        return detail::make<model>(mn_model_open_with, path.c_str(), &options);
    }
    /** `file` must outlive the model and all objects created from it. */
    static result<model> from_memory(bytes file, const std::string &name = "memory") {
        return detail::make<model>(mn_model_from_memory, file.data, file.size, name.c_str());
    }

    int32_t input_count() const noexcept { return mn_model_input_count(get()); }
    int32_t output_count() const noexcept { return mn_model_output_count(get()); }
    int32_t tensor_count() const noexcept { return mn_model_tensor_count(get()); }
    int32_t op_count() const noexcept { return mn_model_op_count(get()); }
    int32_t input(int32_t i) const noexcept { return mn_model_input(get(), i); }
    int32_t output(int32_t i) const noexcept { return mn_model_output(get(), i); }
    result<tensor_info> tensor(int32_t index) const { return detail::ask<tensor_info>(mn_model_tensor, get(), index); }
    result<op_info> op(int32_t index) const { return detail::ask<op_info>(mn_model_op, get(), index); }
    std::size_t file_bytes() const noexcept { return mn_model_file_bytes(get()); }
    std::size_t weight_bytes() const noexcept { return mn_model_weight_bytes(get()); }
    const char *description() const noexcept { return mn_model_description(get()); }
    result<sized<mn_pixels>> pixels() const { return detail::ask<sized<mn_pixels>>(mn_model_pixels, get()); }
    const char *class_name(int32_t output, int32_t index) const noexcept {
        return mn_model_class_name(get(), output, index);
    }
    const mn_model *get() const noexcept { return shared_.get(); }

  private:
    std::shared_ptr<mn_model> shared_;
};

/* ---- Delegates --------------------------------------------------------------------------------------- */

class delegate {
  public:
    using c_type = mn_delegate;
    explicit delegate(mn_delegate *taken) {
        detail::owner<mn_delegate, mn_delegate_close> raw(taken);
        shared_ = std::make_shared<opened>();
        shared_->raw = std::move(raw);
    }
    static result<delegate> open_external(const std::string &path, const std::string &options = {}) {
        return detail::make<delegate>(mn_delegate_open_external, path.c_str(), detail::or_null(options));
    }
    static result<delegate> open_ethosu() { return detail::make<delegate>(mn_delegate_open_ethosu); }

    const char *name() const noexcept { return mn_delegate_name(get()); }
    /** `hear`, which must not throw, is kept as long as the delegate; an empty one stops the messages. */
    void listen(std::function<void(const char *line)> hear) {
        shared_->hear = std::move(hear);
        mn_delegate_listen(get(), shared_->hear ? &opened::tell : nullptr, shared_.get());
    }
    mn_delegate *get() const noexcept { return shared_ ? shared_->raw.get() : nullptr; }

  private:
    struct opened {
        detail::owner<mn_delegate, mn_delegate_close> raw;
        std::function<void(const char *)> hear;
        static void tell(void *self, const char *line) noexcept { static_cast<opened *>(self)->hear(line); }
    };
    std::shared_ptr<opened> shared_;
};

/* ---- Sessions ---------------------------------------------------------------------------------------- */

/** mn_session_options with C++ strings and vectors instead of pointers and counts. */
struct session_options : sized<mn_session_options> {
    std::string cpu;
    std::vector<mn_input_shape> input_shapes;
    std::vector<delegate> delegates;

    /** Calls use(const mn_session_options *), for which pointers into this struct live. */
    template <class F> auto in_c(F use) const {
        std::vector<mn_delegate *> raw;
        for (const delegate &each : delegates) raw.push_back(each.get());
        mn_session_options options = *this;
        options.cpu = detail::or_null(cpu);
        options.input_shapes = input_shapes.data();
        options.input_shape_count = detail::clipped(input_shapes.size());
        options.delegates = raw.data();
        options.delegate_count = detail::clipped(raw.size());
        return use(&options);
    }
};

/** A session owned by another object. */
class session_view {
  public:
    explicit session_view(mn_session *session) noexcept : raw_(session) {}

    result<void> run() { return detail::done(mn_session_run(raw_)); }

    /** Elements of input or output number `i`, to be written before a run or read after it. Errors: ARGUMENT (no such
     *  input, other elements). */
    template <class T> result<span<T>> input(int32_t i = 0) {
        tensor_info info;
        const mn_status status = expect<T>(mn_session_input_info(raw_, i, &info), info);
        return detail::give(status, [&] { return elements<T>(mn_session_input(raw_, i), info); });
    }
    template <class T> result<span<const T>> output(int32_t i = 0) const {
        tensor_info info;
        const mn_status status = expect<T>(mn_session_output_info(raw_, i, &info), info);
        return detail::give(status, [&] { return elements<const T>(mn_session_output(raw_, i), info); });
    }
    /** Copies `values`, an array, std::vector or span of as many elements, to input number `i`. */
    template <class C> result<void> set_input(const C &values, int32_t i = 0) {
        using T = std::remove_cv_t<std::remove_pointer_t<decltype(std::data(values))>>;
        static_assert(type_of<T>() != MN_NONE, "bytes are written to input<std::byte>()");
        tensor_info info;
        const mn_status status = expect<T>(mn_session_input_info(raw_, i, &info), info, std::size(values));
        if (status == MN_OK) std::memcpy(mn_session_input(raw_, i), std::data(values), info.bytes);
        return detail::done(status);
    }
    /** Real values of output number `i`. */
    result<std::vector<float>> real_output(int32_t i = 0) const {
        tensor_info info;
        std::vector<float> values;
        mn_status status = mn_session_output_info(raw_, i, &info);
        if (status == MN_OK) {
            values.resize(info.count());
            status = mn_dequantise(&info, mn_session_output(raw_, i), detail::clipped(values.size()), values.data());
        }
        return detail::give(status, [&values] { return std::move(values); });
    }

    result<tensor_info> input_info(int32_t i = 0) const {
        return detail::ask<tensor_info>(mn_session_input_info, raw_, i);
    }
    result<tensor_info> output_info(int32_t i = 0) const {
        return detail::ask<tensor_info>(mn_session_output_info, raw_, i);
    }
    result<tensor_info> tensor(int32_t index) const { return detail::ask<tensor_info>(mn_session_tensor, raw_, index); }
    const void *tensor_data(int32_t index) const noexcept { return mn_session_tensor_data(raw_, index); }
    std::size_t arena_bytes() const noexcept { return mn_session_arena_bytes(raw_); }
    int32_t threads() const noexcept { return mn_session_threads(raw_); }
    result<mobilenet::delegation> delegation(int32_t op) const {
        return detail::ask<mobilenet::delegation>(mn_session_delegation, raw_, op);
    }
    mn_session *get() const noexcept { return raw_; }

    /* Of mobilenet_inspect.h, which may change with any version. */
    void profile(bool on) noexcept { mn_session_profile(raw_, on); }
    int32_t step_count() const noexcept { return mn_session_step_count(raw_); }
    result<step_info> step(int32_t index) const { return detail::ask<step_info>(mn_session_step, raw_, index); }
    int32_t slice_count() const noexcept { return mn_session_slice_count(raw_); }
    result<slice_info> slice(int32_t index) const { return detail::ask<slice_info>(mn_session_slice, raw_, index); }
    result<stream_info> stream() const { return detail::ask<stream_info>(mn_session_stream, raw_); }
    std::size_t packed_bytes() const noexcept { return mn_session_packed_bytes(raw_); }
    result<mobilenet::placement> placement(int32_t tensor) const {
        return detail::ask<mobilenet::placement>(mn_session_placement, raw_, tensor);
    }

  protected:
    mn_session *raw_;

  private:
    template <class T> static mn_status expect(mn_status known, const tensor_info &info, std::size_t count = 0) {
        return known == MN_OK ? mn_tensor_expect(&info, type_of<T>(), count) : known;
    }
    template <class T, class V> static span<T> elements(V *data, const tensor_info &info) noexcept {
        return {static_cast<T *>(data), info.bytes / sizeof(T)};
    }
};

namespace detail {

/** Closes an object created from a model and delegates, which stay open until then. */
template <class T, void (*close)(T **)> struct user_closer : closer<T, close> {
    user_closer(const model &of, const std::vector<delegate> &delegates) : of_(of), delegates_(delegates) {}

  private:
    model of_;
    std::vector<delegate> delegates_;
};

} // namespace detail

class session : public session_view {
  public:
    static result<session> create(const model &of, const session_options &options = {}) {
        closer last(of, options.delegates);
        mn_session *made = nullptr;
        const mn_status status =
            options.in_c([&](const mn_session_options *c) { return mn_session_create(of.get(), c, &made); });
        return detail::give(status, [&] { return session(made, std::move(last)); });
    }
    session(session &&other) noexcept
        : session_view(std::exchange(other.raw_, nullptr)), owned_(std::move(other.owned_)) {}
    session &operator=(session &&other) noexcept {
        owned_ = std::move(other.owned_);
        raw_ = owned_.get();
        other.raw_ = other.owned_.get();
        return *this;
    }

  private:
    using closer = detail::user_closer<mn_session, mn_session_close>;
    session(mn_session *made, closer last) noexcept : session_view(made), owned_(made, std::move(last)) {}
    std::unique_ptr<mn_session, closer> owned_;
};

/* ---- Images ------------------------------------------------------------------------------------------ */

class image {
  public:
    using c_type = mn_image;
    explicit image(mn_image *taken) noexcept : owned_(taken) {}
    static result<image> open(const std::string &path, const mn_image_options &options = image_options()) {
        return detail::make<image>(mn_image_open, path.c_str(), &options);
    }
    /** `file` must outlive the image. */
    static result<image> from_memory(bytes file, const std::string &name = "memory",
                                     const mn_image_options &options = image_options()) {
        return detail::make<image>(mn_image_from_memory, file.data, file.size, name.c_str(), &options);
    }
    /** Pixels must outlive the image. */
    static result<image> from_pixels(const mn_frame &of) { return detail::make<image>(mn_image_from_pixels, &of); }
    /** An image of the rows that read(take) gives each time it is used: it calls take(rgb) with 3 * width bytes for
     * each row, the top one first, and returns nothing, or an mn_status. What it throws fails the use of the image. */
    template <class F> static result<image> from_rows(int32_t width, int32_t height, F read, int32_t orientation = 0) {
        auto kept = std::make_unique<rows<F>>(rows<F>{std::move(read)});
        sized<mn_image_reader> reader;
        reader.width = width;
        reader.height = height;
        reader.orientation = orientation;
        reader.self = kept.get();
        reader.read = &rows<F>::run;
        reader.close = &rows<F>::close;
        mn_image *made = nullptr;
        const mn_status status = mn_image_from_reader(&reader, &made);
        if (status == MN_OK) kept.release();
        return detail::give(status, [&made] { return image(made); });
    }

    result<void> set_pixels(const void *pixels) { return detail::done(mn_image_set_pixels(get(), pixels)); }
    int32_t width() const noexcept { return size().first; }
    int32_t height() const noexcept { return size().second; }
    /** The whole image, upright: rgb[height][width][3]. */
    result<std::vector<uint8_t>> copy() {
        std::vector<uint8_t> rgb(3 * static_cast<std::size_t>(width()) * static_cast<std::size_t>(height()));
        return detail::give(mn_image_copy(get(), rgb.data(), rgb.size()), [&rgb] { return std::move(rgb); });
    }
    mn_image *get() const noexcept { return owned_.get(); }

  private:
    template <class F> struct rows {
        F read;
        static mn_status call(F &read, mn_take_row *take, void *context) {
            auto row = [take, context](const uint8_t *rgb) { take(context, rgb); };
            if constexpr (std::is_convertible_v<decltype(read(row)), mn_status>)
                return read(row);
            else
                return read(row), MN_OK;
        }
        static mn_status run(void *self, mn_take_row *take, void *context) noexcept {
            F &read = static_cast<rows *>(self)->read;
#ifdef __cpp_exceptions
            try {
                return call(read, take, context);
            } catch (const error &failure) {
                return mn_error_set(failure.status(), failure.what());
            } catch (const std::exception &failure) {
                return mn_error_set(MN_ERROR_IO, failure.what());
            } catch (...) {
                return mn_error_set(MN_ERROR_IO, "the reader of an image threw something that is not a std::exception");
            }
#else
            return call(read, take, context);
#endif
        }
        static void close(void *self) noexcept { delete static_cast<rows *>(self); }
    };

    std::pair<int32_t, int32_t> size() const noexcept {
        std::pair<int32_t, int32_t> sides(0, 0);
        mn_image_size(get(), &sides.first, &sides.second);
        return sides;
    }
    detail::owner<mn_image, mn_image_close> owned_;
};

class preprocessor {
  public:
    using c_type = mn_preprocessor;
    explicit preprocessor(mn_preprocessor *taken) noexcept : owned_(taken) {}
    /** `meaning` is what model::pixels() says, and may be nullptr where the options have a range or a mean. */
    static result<preprocessor> create(const mn_tensor_info &input, const mn_pixels *meaning,
                                       const mn_preprocess_options &options = preprocess_options()) {
        return detail::make<preprocessor>(mn_preprocessor_create, &input, meaning, &options);
    }
    /** Writes `from` to `tensor`, as many bytes as info() says. Errors: also ARGUMENT (another number of bytes). */
    template <class T> result<void> run(image &from, span<T> tensor) {
        preprocess_info known;
        mn_status status = mn_preprocessor_describe(get(), &known);
        if (status == MN_OK && tensor.size() * sizeof(T) != known.bytes) {
            const std::string sentence = std::string("an image takes ") + std::to_string(known.bytes) + " bytes (" +
                                         known.text + "); the tensor has " + std::to_string(tensor.size() * sizeof(T));
            status = mn_error_set(MN_ERROR_ARGUMENT, sentence.c_str());
        }
        if (status == MN_OK) status = mn_preprocessor_run(get(), from.get(), tensor.data());
        return detail::done(status);
    }
    result<preprocess_info> info() const { return detail::ask<preprocess_info>(mn_preprocessor_describe, get()); }
    mn_preprocessor *get() const noexcept { return owned_.get(); }

  private:
    detail::owner<mn_preprocessor, mn_preprocessor_close> owned_;
};

/* ---- Answers ----------------------------------------------------------------------------------------- */

inline result<void> softmax(span<float> values) {
    return detail::done(mn_softmax(values.data(), detail::clipped(values.size())));
}

inline result<std::vector<int32_t>> top_k(span<const float> values, int32_t k) {
    std::vector<int32_t> best(std::clamp<std::size_t>(k < 1 ? 1 : static_cast<std::size_t>(k), 1, values.size() + 1));
    return detail::give(mn_top_k(values.data(), detail::clipped(values.size()), k, best.data()),
                        [&best] { return std::move(best); });
}

/** mn_classifier_options with C++ strings, vectors and structs instead of pointers. */
struct classifier_options : sized<mn_classifier_options> {
    std::vector<std::string> labels;
    std::string output;
    session_options session;
    preprocess_options preprocess;

    /** Calls use(const mn_classifier_options *), for which pointers into this struct live. */
    template <class F> auto in_c(F use) const {
        std::vector<const char *> names;
        for (const std::string &label : labels) names.push_back(label.c_str());
        return session.in_c([&](const mn_session_options *session_in_c) {
            mn_classifier_options options = *this;
            options.labels = names.empty() ? nullptr : names.data();
            options.label_count = detail::clipped(names.size());
            options.output = detail::or_null(output);
            options.session = session_in_c;
            options.preprocess = &preprocess;
            return use(&options);
        });
    }
};

class classifier {
  public:
    static result<classifier> create(const model &of, const classifier_options &options = {}) {
        closer last(of, options.session.delegates);
        mn_classifier *made = nullptr;
        const mn_status status =
            options.in_c([&](const mn_classifier_options *c) { return mn_classifier_create(of.get(), c, &made); });
        return detail::give(status, [&] { return classifier(made, std::move(last)); });
    }

    /** The `k` most probable classes, the best first; names live as long as the classifier. */
    result<std::vector<mn_class>> classify(image &of, int32_t k = 5) {
        return some(k, [&](mn_class *best, int32_t *count) { return mn_classify(get(), of.get(), k, best, count); });
    }
    /** The same without an allocation: as many as `best` has room for. Returns how many were written. */
    result<int32_t> classify(image &of, span<mn_class> best) {
        return detail::ask<int32_t>(mn_classify, get(), of.get(), detail::clipped(best.size()), best.data());
    }
    result<void> show(image &one) { return detail::done(mn_classifier_show(get(), one.get())); }
    result<void> run() { return detail::done(mn_classifier_run(get())); }
    result<std::vector<mn_class>> best(int32_t k = 5) {
        return some(k, [&](mn_class *best, int32_t *count) { return mn_classifier_best(get(), k, best, count); });
    }
    span<const float> probabilities() const noexcept { return {mn_classifier_probabilities(get()), classes()}; }
    span<const float> scores() const noexcept { return {mn_classifier_scores(get()), classes()}; }

    result<classifier_info> info() const { return detail::ask<classifier_info>(mn_classifier_describe, get()); }
    result<preprocess_info> input_info() const {
        return detail::ask<preprocess_info>(mn_classifier_describe_input, get());
    }
    const char *name(int32_t index) const noexcept { return mn_classifier_name(get(), index); }
    session_view session() noexcept { return session_view(mn_classifier_session(get())); }
    mn_classifier *get() const noexcept { return owned_.get(); }

  private:
    using closer = detail::user_closer<mn_classifier, mn_classifier_close>;
    classifier(mn_classifier *made, closer last) noexcept : owned_(made, std::move(last)) {}
    std::size_t classes() const noexcept {
        classifier_info known;
        return mn_classifier_describe(get(), &known) == MN_OK ? static_cast<std::size_t>(known.classes) : 0;
    }
    template <class F> result<std::vector<mn_class>> some(int32_t k, F write) {
        const std::size_t wanted = k < 1 ? 1 : static_cast<std::size_t>(k);
        std::vector<mn_class> best(std::min(wanted, classes() + 1));
        int32_t count = 0;
        const mn_status status = write(best.data(), &count);
        return detail::give(status, [&] {
            best.resize(static_cast<std::size_t>(count));
            return std::move(best);
        });
    }
    std::unique_ptr<mn_classifier, closer> owned_;
};

} // namespace
} // namespace mobilenet

#if __cplusplus >= 202002L
template <class T> inline constexpr bool std::ranges::enable_borrowed_range<mobilenet::span<T>> = true;
#endif

#endif
