/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What an mn_delegate of the public interface is: a back end, and how to end it. Whoever makes one puts this struct at
 * the front of its own. */
#ifndef MN_BACKEND_DELEGATE_H
#define MN_BACKEND_DELEGATE_H

#include "backend/backend.h"
#include "mobilenet_delegate.h"

struct mn_delegate {
    mn_backend backend;
    mn_delegate_hear *hear;               /* is told what it reports; NULL: nobody is */
    void *hearing;                        /* the context of `hear` */
    void (*close)(mn_delegate *delegate); /* frees it */
};

#endif
