/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* V4L2 cameras without hardware, for test_camera.sh, which preloads it. /dev/mobilenet-camera has NV12 and the
 * interface for one plane; /dev/mobilenet-FOURCC has that format alone, YUYV, NV12, NM12 (NV12 in two planes) or MJPG,
 * and the interface for several planes, each of which begins with bytes that are none of the picture. Frames are of 64
 * x 48, whatever is asked for, and rows of 80 bytes more than pixels need. Of the answers to VIDIOC_DQBUF the first is
 * a damaged frame, then come two frames at once, then one at a time, and the seventh is that it was unplugged. Luma of
 * frame n is 40 + 20 n all over; a JPEG is that in $CAMERA_JPEG. A buffer that is queued twice, that is not there, or
 * that is of the other interface, is refused. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/videodev2.h>

enum { WIDTH = 64, HEIGHT = 48, PAD = 80, ROOM = 1 << 16, BUFFERS = 3, PLANES = 2, OFFSET = 96 };

/* What the calls for a frame get: a number of a frame, or one of these. */
enum { NONE = -1, DAMAGED = -2, GONE = -3 };
static const int answers[] = {DAMAGED, 1, 2, NONE, 3, NONE, GONE};

static int camera = -1, asked, streaming;
static int queued[BUFFERS], queue_length;
static uint32_t fourcc, type;
static uint8_t pixels[PLANES][ROOM];
static uint32_t pixel_bytes[PLANES], strides[PLANES]; /* the second ones: of two planes */

static int fail(int error) {
    errno = error;
    return -1;
}

/* ---- Frames -------------------------------------------------------------------------------------------- */

static uint32_t planes(void) { return fourcc == V4L2_PIX_FMT_NV12M ? 2 : 1; }

static void lay_out(void) {
    const uint32_t luma = WIDTH * (fourcc == V4L2_PIX_FMT_YUYV ? 2 : 1) + PAD, chroma = WIDTH + 2 * PAD;
    strides[0] = luma;
    strides[1] = chroma;
    pixel_bytes[0] = luma * HEIGHT * (fourcc == V4L2_PIX_FMT_NV12 ? 3 : 2) / 2;
    pixel_bytes[1] = chroma * HEIGHT / 2;
}

/* Rows of pairs of bytes; behind each row there is something else. */
static void fill(uint8_t *rows, uint32_t stride, uint32_t count, uint32_t pairs, int first, int second) {
    memset(rows, 7, (size_t)stride * count);
    for (uint32_t i = 0; i < count * pairs; i++) {
        uint8_t *pair = rows + i / pairs * stride + i % pairs * 2;
        pair[0] = (uint8_t)first;
        pair[1] = (uint8_t)second;
    }
}

/* Gray of a level, in the camera's format. */
static bool draw(int level) {
    uint8_t *chroma = planes() == 2 ? pixels[1] : pixels[0] + strides[0] * HEIGHT;
    if (fourcc == V4L2_PIX_FMT_MJPEG) {
        FILE *file = fopen(getenv("CAMERA_JPEG"), "rb");
        pixel_bytes[0] = file ? (uint32_t)fread(pixels[0], 1, ROOM, file) : 0;
        return file && fclose(file) == 0;
    }
    if (fourcc == V4L2_PIX_FMT_YUYV) {
        fill(pixels[0], strides[0], HEIGHT, WIDTH, level, 128);
    } else {
        fill(pixels[0], strides[0], HEIGHT, WIDTH / 2, level, level);
        fill(chroma, strides[planes() - 1], HEIGHT / 2, WIDTH / 2, 128, 128);
    }
    return true;
}

/* ---- The interface ------------------------------------------------------------------------------------- */

int open64(const char *path, int flags, ...) {
    static const char prefix[] = "/dev/mobilenet-";
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (strncmp(path, prefix, sizeof prefix - 1) != 0) {
        int (*next)(const char *, int, ...);
        *(void **)&next = dlsym(RTLD_NEXT, "open64");
        return next(path, flags, mode);
    }
    const char *name = path + sizeof prefix - 1;
    const bool one = strcmp(name, "camera") == 0;
    type = one ? V4L2_BUF_TYPE_VIDEO_CAPTURE : V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
    fourcc = one ? V4L2_PIX_FMT_NV12
                 : v4l2_fourcc((uint32_t)name[0], (uint32_t)name[1], (uint32_t)name[2], (uint32_t)name[3]);
    lay_out();
    camera = memfd_create("camera", 0);
    return ftruncate(camera, BUFFERS * PLANES * ROOM) == 0 ? camera : -1;
}

/* Drivers say of the whole hardware what all its devices can, and of this device what it can. */
static int tell(struct v4l2_capability *capability) {
    if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
        capability->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    } else {
        capability->device_caps = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
        capability->capabilities = capability->device_caps | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_DEVICE_CAPS;
    }
    return 0;
}

static int set_format(struct v4l2_format *format) {
    if (format->type != type) return fail(EINVAL);
    if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
        format->fmt.pix = (struct v4l2_pix_format){.width = WIDTH,
                                                   .height = HEIGHT,
                                                   .pixelformat = fourcc,
                                                   .field = V4L2_FIELD_NONE,
                                                   .bytesperline = strides[0],
                                                   .sizeimage = pixel_bytes[0],
                                                   .quantization = V4L2_QUANTIZATION_FULL_RANGE};
        return 0;
    }
    format->fmt.pix_mp = (struct v4l2_pix_format_mplane){.width = WIDTH,
                                                         .height = HEIGHT,
                                                         .pixelformat = fourcc,
                                                         .field = V4L2_FIELD_NONE,
                                                         .num_planes = (uint8_t)planes(),
                                                         .quantization = V4L2_QUANTIZATION_FULL_RANGE};
    for (uint32_t i = 0; i < planes(); i++) {
        format->fmt.pix_mp.plane_fmt[i].bytesperline = strides[i];
        format->fmt.pix_mp.plane_fmt[i].sizeimage = pixel_bytes[i];
    }
    return 0;
}

/* Whether a request about a buffer is of this interface, with room for all planes. */
static bool fits(const struct v4l2_buffer *buffer) {
    if (buffer->type != type || buffer->memory != V4L2_MEMORY_MMAP) return false;
    return type == V4L2_BUF_TYPE_VIDEO_CAPTURE || (buffer->length >= planes() && buffer->m.planes);
}

static uint32_t place(uint32_t buffer, uint32_t plane) { return (buffer * PLANES + plane) * ROOM; }

static int describe(struct v4l2_buffer *buffer) {
    if (buffer->index >= BUFFERS) return fail(EINVAL);
    if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
        buffer->length = ROOM;
        buffer->m.offset = place(buffer->index, 0);
        return 0;
    }
    for (uint32_t i = 0; i < planes(); i++) {
        buffer->m.planes[i].length = ROOM;
        buffer->m.planes[i].m.mem_offset = place(buffer->index, i);
    }
    return 0;
}

static int give_back(const struct v4l2_buffer *buffer) {
    for (int i = 0; i < queue_length; i++) {
        if (queued[i] == (int)buffer->index) return fail(EINVAL);
    }
    if (buffer->index >= BUFFERS) return fail(EINVAL);
    queued[queue_length++] = (int)buffer->index;
    return 0;
}

static bool put(const struct v4l2_buffer *buffer, uint32_t plane, uint32_t offset) {
    const ssize_t bytes = (ssize_t)pixel_bytes[plane];
    return pwrite(camera, pixels[plane], (size_t)bytes, (off_t)(place(buffer->index, plane) + offset)) == bytes;
}

static int take(struct v4l2_buffer *buffer) {
    const int answer = asked < (int)(sizeof answers / sizeof *answers) ? answers[asked] : GONE;
    asked++;
    if (!streaming || queue_length == 0) return fail(EINVAL);
    if (answer == NONE) return fail(EAGAIN);
    if (answer == GONE) return fail(ENODEV);
    if (!draw(answer == DAMAGED ? 0 : 40 + 20 * answer)) return fail(EIO);
    buffer->index = (uint32_t)queued[0];
    memmove(queued, queued + 1, sizeof queued - sizeof *queued);
    queue_length--;
    buffer->flags = answer == DAMAGED ? V4L2_BUF_FLAG_ERROR : 0;
    if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
        buffer->bytesused = pixel_bytes[0];
        return put(buffer, 0, 0) ? 0 : -1;
    }
    for (uint32_t i = 0; i < planes(); i++) {
        buffer->m.planes[i].data_offset = OFFSET;
        buffer->m.planes[i].bytesused = OFFSET + pixel_bytes[i];
        if (!put(buffer, i, OFFSET)) return -1;
    }
    return 0;
}

int ioctl(int fd, unsigned long what, ...) {
    va_list arguments;
    va_start(arguments, what);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    struct v4l2_buffer *buffer = argument;
    if (fd != camera || fd < 0) {
        int (*next)(int, unsigned long, ...);
        *(void **)&next = dlsym(RTLD_NEXT, "ioctl");
        return next(fd, what, argument);
    }
    switch (what) {
    case VIDIOC_QUERYCAP: return tell(argument);
    case VIDIOC_S_FMT: return set_format(argument);
    case VIDIOC_REQBUFS: ((struct v4l2_requestbuffers *)argument)->count = BUFFERS; return 0;
    case VIDIOC_QUERYBUF: return fits(buffer) ? describe(buffer) : fail(EINVAL);
    case VIDIOC_QBUF: return fits(buffer) ? give_back(buffer) : fail(EINVAL);
    case VIDIOC_DQBUF: return fits(buffer) ? take(buffer) : fail(EINVAL);
    case VIDIOC_STREAMON: streaming = *(int *)argument == (int)type; return streaming ? 0 : fail(EINVAL);
    default: return fail(ENOTTY);
    }
}
