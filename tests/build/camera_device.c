/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A V4L2 camera without hardware, for test_camera.sh: preloaded, it is the file /dev/mobilenet-camera. It has NV12 of
 * 64 x 48 alone, with rows of 80 bytes, whatever is asked for. Of its answers to VIDIOC_DQBUF the first is a damaged
 * frame, then come two frames at once, then one at a time, and the seventh is that it was unplugged. Luma of frame n is
 * 40 + 20 n all over. A buffer that is queued twice, or that is not there, is refused. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/videodev2.h>

enum { WIDTH = 64, HEIGHT = 48, STRIDE = 80, BYTES = STRIDE * HEIGHT * 3 / 2, ROOM = 8192, BUFFERS = 3 };

/* What the calls for a frame get: a number of a frame, or one of these. */
enum { NONE = -1, DAMAGED = -2, GONE = -3 };
static const int answers[] = {DAMAGED, 1, 2, NONE, 3, NONE, GONE};

static int camera = -1, asked, streaming;
static int queued[BUFFERS], queue_length;

static int fail(int error) {
    errno = error;
    return -1;
}

int open64(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (strcmp(path, "/dev/mobilenet-camera") != 0) {
        int (*next)(const char *, int, ...);
        *(void **)&next = dlsym(RTLD_NEXT, "open64");
        return next(path, flags, mode);
    }
    camera = memfd_create("camera", 0);
    return ftruncate(camera, BUFFERS * ROOM) == 0 ? camera : -1;
}

static int set_format(struct v4l2_pix_format *pix) {
    *pix = (struct v4l2_pix_format){.width = WIDTH,
                                    .height = HEIGHT,
                                    .pixelformat = V4L2_PIX_FMT_NV12,
                                    .field = V4L2_FIELD_NONE,
                                    .bytesperline = STRIDE,
                                    .sizeimage = BYTES,
                                    .quantization = V4L2_QUANTIZATION_FULL_RANGE};
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

static int take(struct v4l2_buffer *buffer) {
    uint8_t frame[BYTES];
    const int answer = asked < (int)(sizeof answers / sizeof *answers) ? answers[asked] : GONE;
    asked++;
    if (!streaming || queue_length == 0) return fail(EINVAL);
    if (answer == NONE) return fail(EAGAIN);
    if (answer == GONE) return fail(ENODEV);
    buffer->index = (uint32_t)queued[0];
    memmove(queued, queued + 1, sizeof queued - sizeof *queued);
    queue_length--;
    buffer->bytesused = BYTES;
    buffer->flags = answer == DAMAGED ? V4L2_BUF_FLAG_ERROR : 0;
    memset(frame, answer == DAMAGED ? 0 : 40 + 20 * answer, STRIDE * HEIGHT);
    memset(frame + STRIDE * HEIGHT, 128, BYTES - STRIDE * HEIGHT);
    return pwrite(camera, frame, BYTES, (off_t)buffer->index * ROOM) == BYTES ? 0 : -1;
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
    case VIDIOC_QUERYCAP:
        ((struct v4l2_capability *)argument)->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    case VIDIOC_S_FMT: return set_format(&((struct v4l2_format *)argument)->fmt.pix);
    case VIDIOC_REQBUFS: ((struct v4l2_requestbuffers *)argument)->count = BUFFERS; return 0;
    case VIDIOC_QUERYBUF:
        buffer->length = ROOM;
        buffer->m.offset = buffer->index * ROOM;
        return buffer->index < BUFFERS ? 0 : fail(EINVAL);
    case VIDIOC_QBUF: return give_back(buffer);
    case VIDIOC_DQBUF: return take(buffer);
    case VIDIOC_STREAMON: streaming = 1; return 0;
    default: return fail(ENOTTY);
    }
}
