/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The functions of the C library that lead to a device. */
#undef _FILE_OFFSET_BITS /* with it open() is open64() */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>

#include "service.h"

#define PUBLIC __attribute__((visibility("default")))

/* Visible, unlike all else. */
PUBLIC int open(const char *path, int flags, ...);
PUBLIC int open64(const char *path, int flags, ...);
PUBLIC int ioctl(int fd, unsigned long request, ...);
PUBLIC int close(int fd);

typedef int open_fn(const char *path, int flags, ...);
typedef int ioctl_fn(int fd, unsigned long request, ...);
typedef int close_fn(int fd);

static bool is_device(const char *path) {
    return path != NULL && strncmp(path, "/dev/ethosu", strlen("/dev/ethosu")) == 0;
}

/* dlsym() gives functions as pointers to data. */
#define NEXT(type, name, function)                                                                                     \
    type *function;                                                                                                    \
    *(void **)&function = dlsym(RTLD_NEXT, name)

/* The third argument is there where a file may be made. O_TMPFILE has O_DIRECTORY's bit, too. */
#define MODE(flags, mode)                                                                                              \
    mode_t mode = 0;                                                                                                   \
    if (((flags)&O_CREAT) || ((flags)&O_TMPFILE) == O_TMPFILE) {                                                       \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode = va_arg(more, mode_t);                                                                                   \
        va_end(more);                                                                                                  \
    }

int open(const char *path, int flags, ...) {
    NEXT(open_fn, "open", next);
    MODE(flags, mode)
    return is_device(path) ? device_open() : next(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    NEXT(open_fn, "open64", next);
    MODE(flags, mode)
    return is_device(path) ? device_open() : next(path, flags, mode);
}

int ioctl(int fd, unsigned long request, ...) {
    NEXT(ioctl_fn, "ioctl", next);
    va_list more;
    va_start(more, request);
    void *argument = va_arg(more, void *);
    va_end(more);
    return device_owns(fd) ? device_ioctl(fd, request, argument) : next(fd, request, argument);
}

int close(int fd) {
    NEXT(close_fn, "close", next);
    device_forget(fd);
    return next(fd);
}
