/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which back ends a session has, and what is left for the kernels. */
#ifndef MN_SESSION_DELEGATION_H
#define MN_SESSION_DELEGATION_H

#include "session/session.h"

/** The delegates of the options, then `more` (NULL: none), as one list of `region`. Errors: ARGUMENT, MEMORY. */
mn_status mn_delegation_list(const mn_session_options *options, const mn_backend_list *more, mn_region *region,
                             mn_backend_list *out);

/** Does a back end run every operator that the session needs? Errors: UNSUPPORTED, with the first that none does. */
mn_status mn_delegation_check_full(const mn_session *session);

#endif
