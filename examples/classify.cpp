/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What is in a photo? The same as classify.c, in C++: ./classify MODEL.tflite cat.jpg */
#include <cstdio>
#include <mobilenet.hpp>

int main(int argc, char **argv) try {
    if (argc != 3) return std::fprintf(stderr, "usage: classify MODEL.tflite PHOTO\n"), 2;
    auto classifier = mobilenet::classifier::create(mobilenet::model::open(argv[1]));
    auto photo = mobilenet::image::open(argv[2]);
    for (const mn_class &best : classifier.classify(photo, 5))
        std::printf("%6.2f %%  %s\n", 100 * double{best.probability}, best.name);
} catch (const std::exception &failure) {
    return std::fprintf(stderr, "%s\n", failure.what()), 1;
}
