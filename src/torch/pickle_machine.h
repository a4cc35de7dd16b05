/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared by pickle.c (the instructions) and pickle_torch.c (what is PyTorch's). */
#ifndef MN_TORCH_PICKLE_MACHINE_H
#define MN_TORCH_PICKLE_MACHINE_H

#include "torch/pickle.h"

/* Limits of ours: the pickle of MobileNetV2's state dict has 40 kB and 7,000 values. */
#define MN_PICKLE_MAX_BYTES ((size_t)8 << 20)
#define MN_PICKLE_MAX_VALUES (1 << 20)

#define MN_PICKLE_MARK (-1) /* on the stack; in the memo, nothing */

typedef struct mn_pickle_machine {
    const char *file;
    const uint8_t *data;
    size_t bytes, at;
    mn_pickle *out;
    int32_t *stack; /* values and marks */
    int32_t depth, stack_room;
    int32_t *memo;
    int32_t memo_count, memo_room;
    int32_t inert; /* the one value of that kind */
} mn_pickle_machine;

/** Fails with a sentence that names the file and the place in the pickle. */
mn_status mn_pickle_damaged(const mn_pickle_machine *m, const char *what);

mn_status mn_pickle_push(mn_pickle_machine *m, int32_t value);
mn_status mn_pickle_pop(mn_pickle_machine *m, int32_t *value);
mn_status mn_pickle_make(mn_pickle_machine *m, mn_pickle_value value, int32_t *index);
mn_status mn_pickle_push_new(mn_pickle_machine *m, mn_pickle_value value);

/** The name of a function or class. Errors: UNSUPPORTED (not a known one). */
mn_status mn_pickle_push_global(mn_pickle_machine *m, const char *module, const char *name);

/** Takes arguments and what to call from the stack, and pushes what that stands for. */
mn_status mn_pickle_reduce(mn_pickle_machine *m);

/** Takes the state of an object from the stack and forgets it. */
mn_status mn_pickle_build(mn_pickle_machine *m);

/** Takes what torch.save() says of a storage from the stack, and pushes the storage. */
mn_status mn_pickle_persistent(mn_pickle_machine *m);

#endif
