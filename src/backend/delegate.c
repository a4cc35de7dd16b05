/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "backend/delegate.h"

#include "mobilenet_delegate.h"

void mn_delegate_close(mn_delegate **delegate) {
    if (!delegate || !*delegate) return;
    mn_delegate *closing = *delegate;
    *delegate = NULL;
    closing->close(closing);
}

const char *mn_delegate_name(const mn_delegate *delegate) { return delegate ? delegate->backend.name : NULL; }
