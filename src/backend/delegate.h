/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What an mn_delegate of the public interface is: a back end, and how to end it. Whoever makes one puts this struct at
 * the front of its own. */
#ifndef MN_BACKEND_DELEGATE_H
#define MN_BACKEND_DELEGATE_H

#include "backend/backend.h"

struct mn_delegate {
    mn_backend backend;
    void (*close)(mn_delegate *delegate); /* frees it */
};

#endif
