/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The interface of Linux' driver for Ethos-U, as compiled programs have it. Facts from its header uapi/ethosu.h: names,
 * numbers and places of fields. */
#ifndef DEVICE_UAPI_H
#define DEVICE_UAPI_H

#include <stdint.h>
#include <sys/ioctl.h>

enum { UAPI_TYPE = 1, UAPI_BUFFERS = 16, UAPI_EVENTS = 4 };

/** Numbers of requests, in the lowest byte. */
enum {
    UAPI_PING = 0x00,
    UAPI_VERSION = 0x01,
    UAPI_CAPABILITIES = 0x02,
    UAPI_BUFFER_CREATE = 0x10,
    UAPI_BUFFER_SET = 0x11,
    UAPI_BUFFER_GET = 0x12,
    UAPI_NETWORK_CREATE = 0x20,
    UAPI_INFERENCE_CREATE = 0x30,
    UAPI_INFERENCE_STATUS = 0x31,
    UAPI_INFERENCE_CANCEL = 0x32
};

enum { UAPI_OK = 0, UAPI_ERROR = 1 };

typedef struct uapi_buffer {
    uint32_t offset, size; /* of what counts, in bytes */
} uapi_buffer;

enum { UAPI_NETWORK_BUFFER = 1 };

typedef struct uapi_network_create {
    uint32_t type, fd;
} uapi_network_create;

typedef struct uapi_pmu_config {
    uint32_t events[UAPI_EVENTS], cycle_count;
} uapi_pmu_config;

typedef struct uapi_inference_create {
    uint32_t ifm_count, ifm_fd[UAPI_BUFFERS];
    uint32_t ofm_count, ofm_fd[UAPI_BUFFERS];
    uint32_t type;
    uapi_pmu_config pmu;
} uapi_inference_create;

typedef struct uapi_result_status {
    uint32_t status;
    uapi_pmu_config config;
    struct {
        uint32_t events[UAPI_EVENTS];
        uint64_t cycle_count;
    } counts;
} uapi_result_status;

typedef struct uapi_capabilities {
    uint32_t version_status, version_minor, version_major, product_major, arch_patch, arch_minor, arch_major;
    uint32_t macs_per_cycle, command_version, custom_dma; /* the first as a power of 2 */
    uint32_t driver_patch, driver_minor, driver_major;
} uapi_capabilities;

_Static_assert(sizeof(uapi_buffer) == 8 && sizeof(uapi_network_create) == 8, "the driver's sizes");
_Static_assert(sizeof(uapi_inference_create) == 160 && sizeof(uapi_capabilities) == 52, "the driver's sizes");

/** What inferences of an operator bring: the memory for tensors, its layout, and the constants if there are any. The
 *  layout is numbers of 32 bits: of inputs, of outputs, bytes of the regions 0, 1, 2, of inputs, of outputs. */
enum { UAPI_ARENA, UAPI_LAYOUT, UAPI_CONSTANTS };
enum { UAPI_LAYOUT_FAST = 4 };

#endif
