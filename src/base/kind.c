/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/kind.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define AT(offset, bytes) bytes, sizeof(bytes) - 1, offset
#define CONVERT "'mobilenet convert FILE -o model.tflite' makes a .tflite of it"
#define NOT_READ "give what Keras saved (.h5, .keras), a state dict of PyTorch (.pth, .safetensors) or ONNX"
#define TENSORFLOW "TensorFlow makes a .tflite of it: tf.lite.TFLiteConverter.from_saved_model(FOLDER).convert()"
#define UNPACK "unpack it and give the model in it"
#define DOWNLOAD "download the model itself (on GitHub: the button 'Download raw file')"

typedef struct kind {
    const char *bytes;
    size_t length, offset;
    const char *name, *remedy; /* "is NAME; REMEDY" where a .tflite is wanted */
    const char *for_weights;   /* the remedy where weights are; NULL for the same one */
} kind;

/* First bytes. HDF5: file format specification, III.A. zip: APPNOTE 4.3.7. Others: file(1)'s magic numbers. */
static const kind kinds[] = {
    {AT(0, "\x89HDF\r\n\x1a\n"), "an HDF5 file, as Keras saves them", CONVERT, NULL},
    {AT(4, "TFL3"), "a .tflite model", "", "it needs no conversion: give it to 'mobilenet classify' or 'quantize'"},
    {AT(0, "\x1f\x8b"), "packed by gzip", "unpack it first, with 'gunzip' or, when it is a .tar.gz, 'tar xf'", NULL},
    {AT(0, "BZh"), "packed by bzip2", "unpack it first, with 'bunzip2' or 'tar xf'", NULL},
    {AT(0, "\xfd"
           "7zXZ"),
     "packed by xz", "unpack it first, with 'unxz' or 'tar xf'", NULL},
    {AT(0, "\x28\xb5\x2f\xfd"), "packed by zstd", "unpack it first, with 'unzstd' or 'tar xf'", NULL},
    {AT(257, "ustar"), "a tar archive", "unpack it with 'tar xf' and give the model in it", NULL},
    {AT(0, "\x93NUMPY"), "a NumPy array", "give the model", NULL},
    {AT(0, "GGUF"), "a GGUF language model", "give a model that classifies images", NULL},
    {AT(0, "\xff\xd8\xff"), "a JPEG photo", "give the model with -m and photos behind it", "give the weights"},
    {AT(0, "\x89PNG"), "a PNG picture", "give the model with -m and photos behind it", "give the weights"},
    {AT(0, "\x7f"
           "ELF"),
     "a program", "give the model", NULL},
};

/* Texts, in any case, after a byte order mark and blanks. */
static const kind texts[] = {
    {AT(0, "version https://git-lfs"), "a pointer of Git LFS, not the model itself",
     "fetch that with 'git lfs pull' in its repository", NULL},
    {AT(0, "<!doctype html"), "a web page, saved in the model's place", DOWNLOAD, NULL},
    {AT(0, "<html"), "a web page, saved in the model's place", DOWNLOAD, NULL},
    {AT(0, "<head"), "a web page, saved in the model's place", DOWNLOAD, NULL},
    {AT(0, "<?xml"), "an XML text, perhaps a server's refusal", DOWNLOAD, NULL},
    {AT(0, "{"), "a JSON text", "give the model that belongs to it", NULL},
};

static const kind keras_archive = {"", 0, 0, "a Keras archive (.keras)", CONVERT, NULL};
static const kind torch_file = {"", 0, 0, "a PyTorch file", CONVERT, NOT_READ};
static const kind pickle_file = {"", 0, 0, "a pickle of Python, as older PyTorch saves them", CONVERT, NOT_READ};
static const kind safetensors = {"", 0, 0, "a .safetensors file", CONVERT, NOT_READ};
static const kind onnx_model = {"", 0, 0, "an ONNX model", CONVERT, NOT_READ};
static const kind numpy_archive = {"", 0, 0, "an archive of NumPy arrays (.npz)", "give the model", NULL};
static const kind zip_archive = {"", 0, 0, "a zip archive", UNPACK, NULL};
static const kind saved_model = {"", 0, 0, "the graph of a TensorFlow SavedModel (.pb)", TENSORFLOW, NULL};
static const kind frozen_graph = {
    "",
    0,
    0,
    "a frozen graph of TensorFlow 1 (.pb)",
    "TensorFlow makes a .tflite of it: tf.compat.v1.lite.TFLiteConverter.from_frozen_graph()",
    NULL};
static const kind plain_text = {"", 0, 0, "a text", "give the model", NULL};

/* What has been read of the file. */
typedef struct bytes_read {
    const uint8_t *data;
    size_t count;
} bytes_read;

static bool has(bytes_read b, size_t offset, const char *bytes, size_t length) {
    return b.count >= length && offset <= b.count - length && memcmp(b.data + offset, bytes, length) == 0;
}

static bool is_printable(const uint8_t *data, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if ((data[i] < ' ' && (data[i] < '\t' || data[i] > '\r')) || data[i] == 0x7f) return false;
    }
    return true;
}

/* Does the name of a zip archive's first file hold `part`? */
static bool first_file_holds(bytes_read b, const char *part) {
    size_t length = strlen(part), name = (size_t)b.data[26] | (size_t)b.data[27] << 8;
    for (size_t i = 0; i + length <= name; i++) {
        if (has(b, 30 + i, part, length)) return true;
    }
    return false;
}

static const kind *find_zip(bytes_read b) {
    static const struct {
        const char *part;
        const kind *is;
    } files[] = {
        {"metadata.json", &keras_archive}, {"config.json", &keras_archive}, {"model.weights.h5", &keras_archive},
        {"data.pkl", &torch_file},         {"/version", &torch_file},       {".format_version", &torch_file},
        {".npy", &numpy_archive}};
    if (b.count < 30 || !has(b, 0, "PK\3\4", 4)) return NULL;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (first_file_holds(b, files[i].part)) return files[i].is;
    }
    return &zip_archive;
}

/* The file begins with a length of 64 bits, and that much JSON (huggingface/safetensors, "Format"). */
static bool is_safetensors(bytes_read b) {
    uint64_t length = 0;
    for (size_t i = 8; i-- > 0;) length = length << 8 | b.data[i];
    return b.count > 8 && b.data[8] == '{' && length <= b.count - 8;
}

/* Protocol buffers have no first bytes of their own, but their first fields do: onnx.proto's ir_version and then a text
 * or a message; saved_model.proto's schema version and a long message; graph.proto's node, which begins with its name.
 */
static const kind *find_protobuf(bytes_read b) {
    if (b.data[0] == 0x08 && b.data[1] >= 1 && b.data[1] <= 32) {
        bool text = b.data[2] == 0x12 && b.data[3] < 0x80 && is_printable(b.data + 4, 1);
        if (b.data[1] == 1 && b.data[2] == 0x12 && !text) return &saved_model;
        if (text || b.data[2] == 0x1a || b.data[2] == 0x22 || b.data[2] == 0x28 || b.data[2] == 0x3a ||
            b.data[2] == 0x42) {
            return &onnx_model;
        }
    }
    size_t at = 1;
    while (at < 6 && b.data[at] >= 0x80) at++;
    size_t name = b.data[at + 2];
    bool node = b.data[0] == 0x0a && b.data[at + 1] == 0x0a && name > 0 && name < 0x80 && b.count > at + 3 + name;
    if (node && b.data[at + 3 + name] == 0x12 && is_printable(b.data + at + 3, name)) return &frozen_graph;
    return NULL;
}

static const kind *find_text(bytes_read b) {
    size_t looked = b.count < 64 ? b.count : 64;
    bytes_read text = b;
    if (has(text, 0, "\xef\xbb\xbf", 3)) text = (bytes_read){text.data + 3, text.count - 3};
    while (text.count > 0 && (text.data[0] == ' ' || (text.data[0] >= '\t' && text.data[0] <= '\r'))) {
        text = (bytes_read){text.data + 1, text.count - 1};
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t at = 0;
        if (text.count < texts[i].length) continue;
        while (at < texts[i].length && (text.data[at] | (text.data[at] >= 'A' && text.data[at] <= 'Z' ? 0x20 : 0)) ==
                                           (uint8_t)texts[i].bytes[at]) {
            at++;
        }
        if (at == texts[i].length) return &texts[i];
    }
    return is_printable(b.data, looked) ? &plain_text : NULL;
}

static const kind *find(bytes_read b) {
    if (b.count < 16) return b.count > 0 && is_printable(b.data, b.count) ? &plain_text : NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (has(b, kinds[i].offset, kinds[i].bytes, kinds[i].length)) return &kinds[i];
    }
    const kind *found = find_zip(b);
    if (!found && is_safetensors(b)) found = &safetensors;
    if (!found && b.data[0] == 0x80 && b.data[1] >= 2 && b.data[1] <= 5) found = &pickle_file;
    if (!found) found = find_protobuf(b);
    return found ? found : find_text(b);
}

mn_status mn_kind_refuse(mn_wanted wanted, const char *file, const void *data, size_t bytes) {
    const kind *found = find((bytes_read){data, bytes});
    if (found) {
        const char *remedy = wanted == MN_WANT_WEIGHTS && found->for_weights ? found->for_weights : found->remedy;
        return mn_fail(MN_ERROR_FORMAT, "%s: is %s; %s", file, found->name, remedy);
    }
    if (wanted == MN_WANT_WEIGHTS) return mn_fail(MN_ERROR_FORMAT, "%s: is not a file of weights; " NOT_READ, file);
    return mn_fail(MN_ERROR_FORMAT,
                   "%s: is not a .tflite model: \"TFL3\" is missing at byte 4; fetch or write it again", file);
}

mn_status mn_kind_refuse_folder(const char *path) {
    char inside[512];
    int length = snprintf(inside, sizeof inside, "%s/saved_model.pb", path);
    if (length > 0 && (size_t)length < sizeof inside && mn_file_exists(inside)) {
        return mn_fail(MN_ERROR_IO,
                       "%s: is a SavedModel folder; TensorFlow makes a .tflite of it: "
                       "tf.lite.TFLiteConverter.from_saved_model(FOLDER).convert()",
                       path);
    }
    return mn_fail(MN_ERROR_IO, "%s: is a folder; give the path of a file", path);
}
