/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What does the camera see? Frames of a V4L2 device, such as every camera of Linux is, to the names of classes.
 *
 *     ./camera --model MODEL.tflite [--device /dev/video0] [--size 640x480] [--format yuyv] [--labels FILE]
 *              [--threads N] [--frames N] [--save FRAME.ppm]
 *     ./camera --model MODEL.tflite --input FRAMES --size 640x480 --format yuyv
 *
 * prints a line for each frame until Ctrl-C: the best class, and how many frames a second were classified so far.
 * Frames that came meanwhile are passed over. Formats are yuyv, nv12 (of a camera also in two planes), rgb and mjpeg,
 * which needs a libmobilenet_image with libjpeg-turbo. Cameras behind an image processor, as many systems on a chip
 * have, give frames by V4L2's interface for several planes alone; it is used where the other is not there. --input
 * takes frames from a file, one behind the other, in place of a camera; --save writes the last frame as it was shown to
 * the model. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include <mobilenet_image.h>

enum { BUFFERS = 4, PLANES = 2, TIMEOUT_MS = 5000, LABELS = 4096, MOST_SIDE = 16384 };

static volatile sig_atomic_t stopped;

static void stop(int signal_number) {
    (void)signal_number;
    stopped = 1;
}

/* Tells what went wrong on standard error; always false. */
static bool complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "camera: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    return false;
}

static bool fine(mn_status status) { return status == MN_OK || complain("%s", mn_error_detail()); }

/* ---- Colours ------------------------------------------------------------------------------------------- */

static const struct format {
    const char *name;
    uint32_t fourcc;
    int planes; /* 2: chroma has memory of its own */
} formats[] = {{"yuyv", V4L2_PIX_FMT_YUYV, 1},
               {"nv12", V4L2_PIX_FMT_NV12, 1},
               {"nv12", V4L2_PIX_FMT_NV12M, 2},
               {"rgb", V4L2_PIX_FMT_RGB24, 1},
               {"mjpeg", V4L2_PIX_FMT_MJPEG, 1}};
enum { FORMATS = sizeof formats / sizeof *formats };

/* Red, green and blue as sums of what luma and the two chromas add to each, in 1/2^20: so fine that the sum is rounded
 * as real numbers would be. */
enum { FRACTION = 20 };
typedef struct colours {
    int32_t y[256], r_of_v[256], g_of_u[256], g_of_v[256], b_of_u[256];
} colours;

/* ITU-R BT.601 (BT.709 for hd) of limited range, luma 16..235 and chroma 16..240, or of the full range. */
static void make_colours(bool hd, bool full, colours *c) {
    const double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114, kg = 1 - kr - kb;
    const double luma = full ? 1 : 255.0 / 219, chroma = full ? 1 : 255.0 / 224, one = 1 << FRACTION;
    for (int i = 0; i < 256; i++) {
        const double difference = 2 * chroma * (i - 128) * one;
        c->y[i] = (int32_t)lround(luma * (i - (full ? 0 : 16)) * one) + (1 << (FRACTION - 1));
        c->r_of_v[i] = (int32_t)lround((1 - kr) * difference);
        c->b_of_u[i] = (int32_t)lround((1 - kb) * difference);
        c->g_of_v[i] = (int32_t)lround(-kr * (1 - kr) / kg * difference);
        c->g_of_u[i] = (int32_t)lround(-kb * (1 - kb) / kg * difference);
    }
}

static uint8_t clamped(int32_t sum) { return sum < 0 ? 0 : sum >> FRACTION > 255 ? 255 : (uint8_t)(sum >> FRACTION); }

static void put_pixel(const colours *c, uint8_t y, uint8_t u, uint8_t v, uint8_t *rgb) {
    rgb[0] = clamped(c->y[y] + c->r_of_v[v]);
    rgb[1] = clamped(c->y[y] + c->g_of_u[u] + c->g_of_v[v]);
    rgb[2] = clamped(c->y[y] + c->b_of_u[u]);
}

/* ---- Frames -------------------------------------------------------------------------------------------- */

/* Where frames come from, and what they are; widths of YUV are even, heights of NV12 too. */
typedef struct source {
    const char *path;
    const struct format *format;
    int32_t width, height;
    uint32_t stride[PLANES]; /* bytes of a row; of NV12, of a row of luma, and of a row of pairs of chroma */
    bool hd, full;
    int fd;        /* of the device; -1: a file */
    uint32_t type; /* V4L2_BUF_TYPE_VIDEO_CAPTURE, or, of devices whose buffers have planes, even one, its _MPLANE */
    FILE *file;    /* of --input */
    size_t room;
    uint8_t *buffer; /* of a file: one frame */
    struct {
        void *start;
        size_t bytes;
    } mapped[BUFFERS][PLANES];
} source;

typedef struct frame {
    const uint8_t *data;
    const uint8_t *chroma; /* of NV12 in two planes */
    size_t bytes;          /* of data */
    int number;            /* of the device's buffer */
} frame;

/* What a plane has at least; of a JPEG, anything. */
static size_t plane_bytes(const source *s, int plane) {
    const size_t bytes = (size_t)s->stride[plane] * (size_t)s->height;
    switch (s->format->fourcc) {
    case V4L2_PIX_FMT_MJPEG: return 0;
    case V4L2_PIX_FMT_NV12: return bytes + bytes / 2;
    default: return plane == 0 ? bytes : bytes / 2;
    }
}

static void yuyv_row(const source *s, const colours *c, const uint8_t *row, uint8_t *rgb) {
    for (int32_t x = 0; x < s->width; x++, rgb += 3) {
        const uint8_t *pair = row + x / 2 * 4;
        put_pixel(c, row[2 * x], pair[1], pair[3], rgb);
    }
}

static void nv12_row(const source *s, const colours *c, const uint8_t *luma, const uint8_t *chroma, uint8_t *rgb) {
    for (int32_t x = 0; x < s->width; x++, rgb += 3) {
        const uint8_t *pair = chroma + x / 2 * 2;
        put_pixel(c, luma[x], pair[0], pair[1], rgb);
    }
}

/* rgb[height][width][3] of a frame of YUV. */
static void to_rgb(const source *s, const colours *c, const frame *f, uint8_t *rgb) {
    const uint8_t *chroma = s->format->planes == 2 ? f->chroma : f->data + (size_t)s->height * s->stride[0];
    for (int32_t y = 0; y < s->height; y++, rgb += 3 * s->width) {
        const uint8_t *row = f->data + (size_t)y * s->stride[0];
        if (s->format->fourcc == V4L2_PIX_FMT_YUYV) {
            yuyv_row(s, c, row, rgb);
        } else {
            nv12_row(s, c, row, chroma + (size_t)(y / 2) * s->stride[1], rgb);
        }
    }
}

/* ---- Frames of a file ---------------------------------------------------------------------------------- */

static bool open_file(source *s) {
    const uint32_t fourcc = s->format->fourcc;
    s->stride[0] = (uint32_t)s->width * (fourcc == V4L2_PIX_FMT_NV12 ? 1 : fourcc == V4L2_PIX_FMT_YUYV ? 2 : 3);
    s->stride[1] = s->stride[0];
    s->room = fourcc == V4L2_PIX_FMT_MJPEG ? (size_t)s->stride[0] * (size_t)s->height /* smaller than its pixels */
                                           : plane_bytes(s, 0);
    s->buffer = malloc(s->room);
    if (!s->buffer) return complain("out of memory for a frame of %d x %d", (int)s->width, (int)s->height);
    s->file = fopen(s->path, "rb");
    return s->file || complain("%s: cannot be opened: %s", s->path, strerror(errno));
}

/* One JPEG of several: to the mark of its end, with which nothing inside it that is coded can be mistaken. */
static size_t read_jpeg(source *s) {
    size_t bytes = 0;
    for (int byte = 0; bytes < s->room && (byte = getc(s->file)) != EOF;) {
        s->buffer[bytes++] = (uint8_t)byte;
        if (bytes > 2 && byte == 0xd9 && s->buffer[bytes - 2] == 0xff) break;
    }
    return bytes;
}

/* `frame` without data is the end. */
static bool next_of_file(source *s, frame *f) {
    const bool jpeg = s->format->fourcc == V4L2_PIX_FMT_MJPEG;
    f->bytes = jpeg ? read_jpeg(s) : fread(s->buffer, 1, s->room, s->file);
    f->data = f->bytes > 0 ? s->buffer : NULL;
    if (ferror(s->file)) return complain("%s: cannot be read: %s", s->path, strerror(errno));
    if (jpeg || f->bytes == 0 || f->bytes == s->room) return true;
    return complain("%s: ends within a frame; one of %d x %d in %s has %zu bytes; check --size and --format", s->path,
                    (int)s->width, (int)s->height, s->format->name, s->room);
}

/* ---- Frames of a device -------------------------------------------------------------------------------- */

static int request(int fd, unsigned long what, void *argument) {
    int result;
    do {
        result = ioctl(fd, what, argument);
    } while (result < 0 && errno == EINTR && !stopped);
    return result;
}

/* A buffer in the words of both kinds of devices. */
typedef struct buffer {
    struct v4l2_buffer head;
    struct v4l2_plane planes[PLANES];
} buffer;

static int request_buffer(const source *s, unsigned long what, uint32_t number, buffer *b) {
    *b = (buffer){.head = {.index = number, .type = s->type, .memory = V4L2_MEMORY_MMAP}};
    if (s->type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
        b->head.m.planes = b->planes;
        b->head.length = (uint32_t)s->format->planes;
    }
    const int result = request(s->fd, what, &b->head);
    if (s->type == V4L2_BUF_TYPE_VIDEO_CAPTURE)
        b->planes[0] = (struct v4l2_plane){
            .bytesused = b->head.bytesused, .length = b->head.length, .m.mem_offset = b->head.m.offset};
    return result;
}

static bool queue(const source *s, int number) {
    buffer b;
    return request_buffer(s, VIDIOC_QBUF, (uint32_t)number, &b) == 0 ||
           complain("%s: takes no buffer back: %s", s->path, strerror(errno));
}

/* Asks for frames of a format; a device gives what is nearest, here in the words of devices with planes. */
static bool set_format(const source *s, uint32_t fourcc, struct v4l2_pix_format_mplane *out) {
    const uint32_t width = (uint32_t)s->width, height = (uint32_t)s->height;
    struct v4l2_format given = {.type = s->type};
    struct v4l2_pix_format *pix = &given.fmt.pix;
    if (s->type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
        given.fmt.pix_mp = (struct v4l2_pix_format_mplane){
            .width = width, .height = height, .pixelformat = fourcc, .field = V4L2_FIELD_NONE};
        if (request(s->fd, VIDIOC_S_FMT, &given) < 0) return false;
        *out = given.fmt.pix_mp;
    } else {
        *pix =
            (struct v4l2_pix_format){.width = width, .height = height, .pixelformat = fourcc, .field = V4L2_FIELD_NONE};
        if (request(s->fd, VIDIOC_S_FMT, &given) < 0) return false;
        *out = (struct v4l2_pix_format_mplane){
            .width = pix->width,
            .height = pix->height,
            .pixelformat = pix->pixelformat,
            .colorspace = pix->colorspace,
            .plane_fmt = {{.sizeimage = pix->sizeimage, .bytesperline = pix->bytesperline}},
            .num_planes = 1,
            .ycbcr_enc = (uint8_t)pix->ycbcr_enc,
            .quantization = (uint8_t)pix->quantization};
    }
    return out->pixelformat == fourcc;
}

/* Has the device frames of this format, and of a size that we can take? */
static bool try_format(source *s, const struct format *wanted) {
    struct v4l2_pix_format_mplane pix;
    if (!set_format(s, wanted->fourcc, &pix) || pix.num_planes != wanted->planes) return false;
    if (pix.width > MOST_SIDE || pix.height > MOST_SIDE || pix.width % 2 != 0 || pix.height % 2 != 0) return false;
    s->format = wanted;
    s->width = (int32_t)pix.width;
    s->height = (int32_t)pix.height;
    s->stride[0] = pix.plane_fmt[0].bytesperline;
    s->stride[1] = pix.plane_fmt[wanted->planes - 1].bytesperline;
    s->hd = pix.ycbcr_enc == V4L2_YCBCR_ENC_709 ||
            (pix.ycbcr_enc == V4L2_YCBCR_ENC_DEFAULT && pix.colorspace == V4L2_COLORSPACE_REC709);
    s->full = pix.quantization == V4L2_QUANTIZATION_FULL_RANGE ||
              (pix.quantization == V4L2_QUANTIZATION_DEFAULT && pix.colorspace == V4L2_COLORSPACE_JPEG);
    for (int i = 0; i < wanted->planes; i++) {
        if (pix.plane_fmt[i].sizeimage < plane_bytes(s, i)) return false;
    }
    return true;
}

static bool map_planes(source *s, uint32_t number) {
    buffer b;
    if (request_buffer(s, VIDIOC_QUERYBUF, number, &b) < 0)
        return complain("%s: buffer %u: %s", s->path, (unsigned)number, strerror(errno));
    for (int i = 0; i < s->format->planes; i++) {
        const struct v4l2_plane *plane = &b.planes[i];
        if (plane->length < plane_bytes(s, i)) return complain("%s: has buffers smaller than its frames", s->path);
        void *start = mmap(NULL, plane->length, PROT_READ, MAP_SHARED, s->fd, (off_t)plane->m.mem_offset);
        if (start == MAP_FAILED) return complain("%s: cannot be mapped: %s", s->path, strerror(errno));
        s->mapped[number][i].start = start;
        s->mapped[number][i].bytes = plane->length;
    }
    return true;
}

static bool map_buffers(source *s) {
    struct v4l2_requestbuffers wanted = {.count = BUFFERS, .type = s->type, .memory = V4L2_MEMORY_MMAP};
    if (request(s->fd, VIDIOC_REQBUFS, &wanted) < 0 || wanted.count == 0)
        return complain("%s: cannot stream to mapped memory: %s", s->path, strerror(errno));
    for (uint32_t i = 0; i < wanted.count && i < BUFFERS; i++) {
        if (!map_planes(s, i) || !queue(s, (int)i)) return false;
    }
    return true;
}

/* Opens the device and sees which of the two kinds of cameras it is. */
static bool open_camera(source *s) {
    struct v4l2_capability capability = {0};
    s->fd = open(s->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (s->fd < 0)
        return complain("%s: cannot be opened: %s; name a camera with --device, or frames with --input", s->path,
                        strerror(errno));
    if (request(s->fd, VIDIOC_QUERYCAP, &capability) < 0) return complain("%s: is not a V4L2 device", s->path);
    const uint32_t can =
        capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps : capability.capabilities;
    s->type = can & V4L2_CAP_VIDEO_CAPTURE ? V4L2_BUF_TYPE_VIDEO_CAPTURE : V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
    if (can & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE) && can & V4L2_CAP_STREAMING) return true;
    return complain("%s: is not a camera that streams; name another with --device (v4l2-ctl --list-devices)", s->path);
}

static bool open_device(source *s, const struct format *wanted) {
    bool found = false;
    if (!open_camera(s)) return false;
    for (int i = 0; i < FORMATS && !found; i++) {
        if (!wanted || strcmp(wanted->name, formats[i].name) == 0) found = try_format(s, &formats[i]);
    }
    if (!found)
        return complain("%s: has no frames of %s; v4l2-ctl --list-formats-ext tells which it has", s->path,
                        wanted ? wanted->name : "yuyv, nv12, rgb or mjpeg");
    int type = (int)s->type;
    if (!map_buffers(s)) return false;
    return request(s->fd, VIDIOC_STREAMON, &type) == 0 ||
           complain("%s: does not start: %s; is it in use?", s->path, strerror(errno));
}

/* A frame of a buffer; false: a damaged one. Planes may begin with bytes that are none of the picture. */
static bool take_frame(const source *s, const buffer *b, frame *f) {
    const uint8_t *data[PLANES] = {NULL};
    const uint32_t number = b->head.index;
    if (b->head.flags & V4L2_BUF_FLAG_ERROR || number >= BUFFERS) return false;
    for (int i = 0; i < s->format->planes; i++) {
        const size_t first = b->planes[i].data_offset, end = b->planes[i].bytesused, room = s->mapped[number][i].bytes;
        if (end > room || first > end || plane_bytes(s, i) > room - first) return false;
        data[i] = (const uint8_t *)s->mapped[number][i].start + first;
    }
    *f = (frame){.data = data[0],
                 .chroma = data[1],
                 .bytes = b->planes[0].bytesused - b->planes[0].data_offset,
                 .number = (int)number};
    return true;
}

/* The newest frame; older ones and damaged ones go back at once. Without data: Ctrl-C. */
static bool next_of_device(source *s, frame *f) {
    struct pollfd ready = {.fd = s->fd, .events = POLLIN};
    f->data = NULL;
    while (!stopped) {
        buffer b;
        if (request_buffer(s, VIDIOC_DQBUF, 0, &b) == 0) {
            const frame older = *f;
            const bool taken = take_frame(s, &b, f);
            if (!taken && !queue(s, (int)b.head.index)) return false;
            if (taken && older.data && !queue(s, older.number)) return false;
        } else if (errno != EAGAIN && errno != EINTR) {
            return complain("%s: gives no frame: %s; was it unplugged?", s->path, strerror(errno));
        } else if (f->data) {
            break;
        } else if (poll(&ready, 1, TIMEOUT_MS) == 0) {
            return complain("%s: gave no frame in %d s", s->path, TIMEOUT_MS / 1000);
        }
    }
    return true;
}

static void close_source(source *s) {
    for (int i = 0; i < BUFFERS * PLANES; i++) {
        if (s->mapped[i / PLANES][i % PLANES].start)
            munmap(s->mapped[i / PLANES][i % PLANES].start, s->mapped[i / PLANES][i % PLANES].bytes);
    }
    if (s->fd >= 0) close(s->fd);
    if (s->file) fclose(s->file);
    free(s->buffer);
}

/* ---- Classes ------------------------------------------------------------------------------------------- */

typedef struct arguments {
    const char *model, *labels, *save;
    const char *input; /* NULL: the device */
    const struct format *format;
    int32_t threads;
    long frames; /* 0: until Ctrl-C */
} arguments;

/* Lines of a file: names of classes, in `text`, which the caller frees. */
static bool read_labels(const char *path, char **text, const char **labels, int32_t *count) {
    size_t bytes = 0, room = 1 << 20;
    FILE *file = fopen(path, "rb");
    *text = malloc(room);
    if (file && *text) bytes = fread(*text, 1, room - 1, file);
    if (!file || !*text || ferror(file)) complain("%s: cannot be read: %s", path, strerror(errno));
    const bool read = file && *text && !ferror(file);
    if (file) fclose(file);
    if (!read) return false;
    (*text)[bytes] = '\0';
    for (char *line = strtok(*text, "\r\n"); line; line = strtok(NULL, "\r\n")) {
        if (*count == LABELS) return complain("%s: has more than %d lines", path, LABELS);
        labels[(*count)++] = line;
    }
    return *count > 0 || complain("%s: has no line; give the name of one class on each", path);
}

static bool make_classifier(const arguments *a, const mn_model *model, mn_classifier **out) {
    static const char *labels[LABELS];
    mn_session_options session = MN_INIT(mn_session_options);
    mn_classifier_options options = MN_INIT(mn_classifier_options);
    char *text = NULL;
    session.threads = a->threads;
    options.session = &session;
    bool made = !a->labels || read_labels(a->labels, &text, labels, &options.label_count);
    if (options.label_count > 0) options.labels = labels;
    made = made && fine(mn_classifier_create(model, &options, out));
    free(text); /* the classifier has copied the names */
    return made;
}

static bool save(const char *path, mn_image *image) {
    int32_t width = 0, height = 0;
    if (!fine(mn_image_size(image, &width, &height))) return false;
    const size_t bytes = 3 * (size_t)width * (size_t)height;
    uint8_t *rgb = malloc(bytes);
    FILE *file = rgb ? fopen(path, "wb") : NULL;
    bool saved = rgb && fine(mn_image_copy(image, rgb, bytes));
    if (saved && file) fprintf(file, "P6\n%d %d\n255\n", (int)width, (int)height);
    saved = saved && file && fwrite(rgb, 1, bytes, file) == bytes;
    if (file && fclose(file) != 0) saved = false;
    free(rgb);
    return saved || complain("%s: cannot be written: %s", path, strerror(errno));
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* An image of the source's frames, whose pixels change. MJPEG has one for each frame. */
static bool make_image(const source *s, const uint8_t *rgb, mn_image **out) {
    mn_frame pixels = MN_INIT(mn_frame);
    pixels.width = s->width;
    pixels.height = s->height;
    pixels.pixels = rgb;
    if (s->format->fourcc == V4L2_PIX_FMT_RGB24) pixels.stride = (ptrdiff_t)s->stride[0];
    return fine(mn_image_from_pixels(&pixels, out));
}

static bool show(const source *s, const colours *c, const frame *f, uint8_t *rgb, mn_image **image) {
    switch (s->format->fourcc) {
    case V4L2_PIX_FMT_MJPEG:
        mn_image_close(image);
        return fine(mn_image_from_memory(f->data, f->bytes, s->path, NULL, image));
    case V4L2_PIX_FMT_RGB24: return fine(mn_image_set_pixels(*image, f->data)); /* as they are */
    default: to_rgb(s, c, f, rgb); return true;
    }
}

/* One frame; false: the end, or a failure. Damage in a camera's JPEG, such as the first ones often have, is told and
 * passed over. */
static bool watch_one(source *s, const colours *c, mn_classifier *classifier, uint8_t *rgb, mn_image **image,
                      mn_class *best, frame *f, bool *more) {
    int32_t count = 0;
    *more = false;
    do {
        if (!(s->file ? next_of_file(s, f) : next_of_device(s, f))) return false;
        if (!f->data) return true;
        *more = show(s, c, f, rgb, image) && fine(mn_classify(classifier, *image, 1, best, &count));
        if (!*more && (s->file || s->format->fourcc != V4L2_PIX_FMT_MJPEG || !queue(s, f->number))) return false;
    } while (!*more);
    return true;
}

static bool watch(const arguments *a, source *s, mn_classifier *classifier, uint8_t *rgb, mn_image **image) {
    static colours c;
    const double start = seconds();
    make_colours(s->hd, s->full, &c);
    if (!make_image(s, rgb, image)) return false;
    for (long seen = 1; a->frames == 0 || seen <= a->frames; seen++) {
        frame f = {0};
        mn_class best;
        bool more = false;
        if (!watch_one(s, &c, classifier, rgb, image, &best, &f, &more)) return false;
        if (!more) return true;
        printf("%6.2f %%  %-40s %5.1f fps\n", 100 * (double)best.probability, best.name,
               (double)seen / (seconds() - start));
        fflush(stdout);
        if (a->save && seen == a->frames && !save(a->save, *image)) return false;
        if (!s->file && !queue(s, f.number)) return false;
    }
    return true;
}

static bool run(const arguments *a, source *s) {
    mn_model *model = NULL;
    mn_classifier *classifier = NULL;
    mn_image *image = NULL;
    uint8_t *rgb = NULL;
    bool ran = fine(mn_model_open(a->model, &model)) && make_classifier(a, model, &classifier);
    if (a->input) s->path = a->input;
    if (ran) ran = a->input ? open_file(s) : open_device(s, a->format);
    if (ran) {
        rgb = malloc(3 * (size_t)s->width * (size_t)s->height);
        ran = rgb ? watch(a, s, classifier, rgb, &image) : complain("out of memory for a picture");
    }
    mn_image_close(&image);
    free(rgb);
    close_source(s);
    mn_classifier_close(&classifier);
    mn_model_close(&model);
    return ran;
}

/* ---- Arguments ----------------------------------------------------------------------------------------- */

static bool parse_number(const char *text, long most, long *out) {
    char *end = NULL;
    errno = 0;
    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *out >= 1 && *out <= most;
}

static bool parse_size(const char *text, source *s) {
    int width = 0, height = 0;
    char rest;
    if (sscanf(text, "%5dx%5d%c", &width, &height, &rest) != 2) return false;
    if (width < 2 || width > MOST_SIDE || height < 2 || height > MOST_SIDE) return false;
    s->width = width;
    s->height = height;
    return width % 2 == 0 && height % 2 == 0;
}

static bool parse(const char *flag, const char *value, arguments *a, source *s) {
    long number = 0;
    if (strcmp(flag, "--model") == 0) return a->model = value, true;
    if (strcmp(flag, "--labels") == 0) return a->labels = value, true;
    if (strcmp(flag, "--save") == 0) return a->save = value, true;
    if (strcmp(flag, "--input") == 0) return a->input = value, true;
    if (strcmp(flag, "--device") == 0) return s->path = value, true;
    if (strcmp(flag, "--size") == 0)
        return parse_size(value, s) ||
               complain("--size %s: give even numbers up to %d, such as 640x480", value, MOST_SIDE);
    if (strcmp(flag, "--frames") == 0)
        return parse_number(value, 1000000000, &a->frames) || complain("--frames %s: give a number from 1 on", value);
    if (strcmp(flag, "--threads") == 0) {
        if (!parse_number(value, 256, &number)) return complain("--threads %s: give a number of 1 to 256", value);
        return a->threads = (int32_t)number, true;
    }
    if (strcmp(flag, "--format") != 0)
        return complain("%s: is not a flag of this program; examples/camera.c lists them", flag);
    for (int i = 0; i < FORMATS; i++) {
        if (strcmp(value, formats[i].name) == 0) return a->format = &formats[i], true;
    }
    return complain("--format %s: give yuyv, nv12, rgb or mjpeg", value);
}

int main(int argc, char **argv) {
    arguments a = {0};
    source s = {.path = "/dev/video0", .format = &formats[0], .width = 640, .height = 480, .fd = -1};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) return complain("%s: needs a value", argv[i]), 2;
        if (!parse(argv[i], argv[i + 1], &a, &s)) return 2;
    }
    if (!a.model) return complain("--model MODEL.tflite is missing"), 2;
    if (a.save && a.frames == 0) return complain("--save needs --frames N, of which it writes the last"), 2;
    if (a.format) s.format = a.format;
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    return run(&a, &s) ? 0 : 1;
}
