/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The device: file descriptors that stand for it, its buffers, networks and inferences, and what it answers. */
#ifndef DEVICE_SERVICE_H
#define DEVICE_SERVICE_H

#include <stdbool.h>

/** A new descriptor of the device; -1 and errno when there is none. */
int device_open(void);

/** Does the descriptor stand for something of the device? */
bool device_owns(int fd);

/** What ioctl() gives for a descriptor of the device. */
int device_ioctl(int fd, unsigned long request, void *argument);

/** The descriptor is about to be closed. */
void device_forget(int fd);

#endif
