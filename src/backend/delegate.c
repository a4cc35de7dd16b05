/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "backend/delegate.h"

void mn_delegate_close(mn_delegate **delegate) {
    if (!delegate || !*delegate) return;
    mn_delegate *closing = *delegate;
    *delegate = NULL;
    closing->close(closing);
}

void mn_delegate_listen(mn_delegate *delegate, mn_delegate_hear *hear, void *context) {
    if (!delegate) return;
    delegate->hear = hear;
    delegate->hearing = context;
}

const char *mn_delegate_name(const mn_delegate *delegate) { return delegate ? delegate->backend.name : NULL; }
