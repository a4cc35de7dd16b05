/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What torch.save() puts into a pickle: torch/_tensor.py (how a tensor is reduced), torch/_utils.py
 * (_rebuild_tensor_v2), torch/serialization.py (persistent_id). */
#include <string.h>

#include "base/checked.h"
#include "torch/pickle_machine.h"

typedef enum role {
    ROLE_DICT,      /* called without arguments: an empty dict */
    ROLE_TENSOR,    /* (storage, offset, sizes, strides, ...) */
    ROLE_PARAMETER, /* (tensor, ...) */
    ROLE_STORAGE,   /* the type of a storage */
    ROLE_SETTINGS,  /* an object that holds numbers and texts */
} role;

static const struct known {
    const char *module, *name;
    role role;
    mn_array_type type; /* of a storage */
} known[] = {
    {"collections", "OrderedDict", ROLE_DICT, MN_ARRAY_OTHER},
    {"torch._utils", "_rebuild_tensor_v2", ROLE_TENSOR, MN_ARRAY_OTHER},
    {"torch._utils", "_rebuild_parameter", ROLE_PARAMETER, MN_ARRAY_OTHER},
    {"argparse", "Namespace", ROLE_SETTINGS, MN_ARRAY_OTHER},
    {"torch", "FloatStorage", ROLE_STORAGE, MN_ARRAY_F32},
    {"torch", "HalfStorage", ROLE_STORAGE, MN_ARRAY_F16},
    {"torch", "BFloat16Storage", ROLE_STORAGE, MN_ARRAY_BF16},
    {"torch", "DoubleStorage", ROLE_STORAGE, MN_ARRAY_F64},
    {"torch", "LongStorage", ROLE_STORAGE, MN_ARRAY_I64},
    {"torch", "IntStorage", ROLE_STORAGE, MN_ARRAY_I32},
};

mn_status mn_pickle_push_global(mn_pickle_machine *m, const char *module, const char *name) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].module, module) != 0 || strcmp(known[i].name, name) != 0) continue;
        return mn_pickle_push_new(m, (mn_pickle_value){.kind = MN_PICKLE_GLOBAL, .as.global = (int32_t)i});
    }
    if (strncmp(module, "__torch__", strlen("__torch__")) == 0) {
        return mn_fail(
            MN_ERROR_UNSUPPORTED,
            "%s: is a TorchScript program; save the weights, torch.save(model.state_dict(), FILE), or export "
            "it as ONNX",
            m->file);
    }
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "%s: its pickle names '%.80s.%.80s', which the weights of a float network do not need; nothing was "
                   "run; save the weights alone: torch.save(model.state_dict(), FILE)",
                   m->file, module, name);
}

/* ---- Tensors ----------------------------------------------------------------------------------------- */

static const mn_pickle_value *part(const mn_pickle_machine *m, const mn_pickle_value *tuple, int32_t i) {
    return &m->out->values[tuple->as.parts[i]];
}

static bool is_tuple(const mn_pickle_value *value, int32_t least) {
    return value->kind == MN_PICKLE_TUPLE && value->last >= least;
}

/* The whole numbers in a tuple of at most MN_ARRAY_MAX_RANK; false for anything else. */
static bool read_numbers(const mn_pickle_machine *m, const mn_pickle_value *tuple, int64_t out[MN_ARRAY_MAX_RANK]) {
    if (!is_tuple(tuple, 0) || tuple->last > MN_ARRAY_MAX_RANK) return false;
    for (int32_t i = 0; i < tuple->last; i++) {
        const mn_pickle_value *number = part(m, tuple, i);
        if (number->kind != MN_PICKLE_INTEGER || number->as.integer < 0) return false;
        out[i] = number->as.integer;
    }
    return true;
}

/* Every element within the storage, and none twice: more elements than they span would make a small file large. */
static bool fits(const mn_pickle_tensor *tensor) {
    size_t span = mn_array_span(&tensor->array), end;
    if (tensor->array.count > span && span > 0) return false;
    return mn_add_size(tensor->offset, span, &end) && end <= tensor->storage->count;
}

static mn_status make_tensor(mn_pickle_machine *m, const mn_pickle_value *arguments) {
    int64_t dims[MN_ARRAY_MAX_RANK], strides[MN_ARRAY_MAX_RANK];
    if (!is_tuple(arguments, 4)) return mn_pickle_damaged(m, "a tensor lacks its storage or its shape");
    const mn_pickle_value *storage = part(m, arguments, 0), *offset = part(m, arguments, 1);
    const mn_pickle_value *sizes = part(m, arguments, 2), *steps = part(m, arguments, 3);
    mn_pickle_tensor *tensor = mn_region_alloc(&m->out->region, 1, sizeof *tensor);
    if (!tensor) return mn_fail_memory("a pickle's values");
    bool good = storage->kind == MN_PICKLE_STORAGE && offset->kind == MN_PICKLE_INTEGER && offset->as.integer >= 0 &&
                read_numbers(m, sizes, dims) && read_numbers(m, steps, strides) && sizes->last == steps->last &&
                mn_array_set_shape(&tensor->array, sizes->last, dims);
    if (!good) return mn_pickle_damaged(m, "a tensor's storage, place or shape is invalid");
    tensor->storage = storage->as.storage;
    tensor->offset = (size_t)offset->as.integer;
    tensor->array.type = storage->as.storage->type;
    for (int32_t i = 0; i < sizes->last; i++) tensor->array.strides[i] = (size_t)strides[i];
    if (!fits(tensor)) return mn_pickle_damaged(m, "a tensor reaches beyond its storage");
    return mn_pickle_push_new(m, (mn_pickle_value){.kind = MN_PICKLE_TENSOR, .as.tensor = tensor});
}

mn_status mn_pickle_reduce(mn_pickle_machine *m) {
    int32_t arguments, function;
    MN_TRY(mn_pickle_pop(m, &arguments));
    MN_TRY(mn_pickle_pop(m, &function));
    const mn_pickle_value given = m->out->values[arguments], called = m->out->values[function];
    if (called.kind != MN_PICKLE_GLOBAL || given.kind != MN_PICKLE_TUPLE) {
        return mn_pickle_damaged(m, "it calls something that is not a function");
    }
    switch (known[called.as.global].role) {
    case ROLE_TENSOR: return make_tensor(m, &given);
    case ROLE_SETTINGS: return mn_pickle_push(m, m->inert);
    case ROLE_DICT:
        if (given.last > 0) break;
        return mn_pickle_push_new(m, (mn_pickle_value){.kind = MN_PICKLE_DICT, .first = -1, .last = -1});
    case ROLE_PARAMETER:
        if (given.last < 1 || part(m, &given, 0)->kind != MN_PICKLE_TENSOR) break;
        return mn_pickle_push(m, given.as.parts[0]);
    case ROLE_STORAGE: break;
    }
    return mn_pickle_damaged(m, "it calls a function with other arguments than PyTorch does");
}

/* An OrderedDict's state are the versions of modules. */
mn_status mn_pickle_build(mn_pickle_machine *m) {
    int32_t state, object;
    MN_TRY(mn_pickle_pop(m, &state));
    MN_TRY(mn_pickle_pop(m, &object));
    mn_pickle_kind kind = m->out->values[object].kind;
    if (kind != MN_PICKLE_DICT && kind != MN_PICKLE_INERT) {
        return mn_pickle_damaged(m, "it gives a state to what has none");
    }
    return mn_pickle_push(m, object);
}

/* ("storage", type, key, device, elements), in the older format with None or a part of another storage behind. */
mn_status mn_pickle_persistent(mn_pickle_machine *m) {
    int32_t index;
    MN_TRY(mn_pickle_pop(m, &index));
    const mn_pickle_value tuple = m->out->values[index];
    if (!is_tuple(&tuple, 5) || part(m, &tuple, 0)->kind != MN_PICKLE_TEXT ||
        strcmp(part(m, &tuple, 0)->as.text, "storage") != 0) {
        return mn_pickle_damaged(m, "it refers to something that is not a storage");
    }
    const mn_pickle_value *type = part(m, &tuple, 1), *key = part(m, &tuple, 2), *count = part(m, &tuple, 4);
    bool good = type->kind == MN_PICKLE_GLOBAL && known[type->as.global].role == ROLE_STORAGE &&
                key->kind == MN_PICKLE_TEXT && count->kind == MN_PICKLE_INTEGER && count->as.integer >= 0 &&
                (uint64_t)count->as.integer <= SIZE_MAX / 8 &&
                (tuple.last == 5 || part(m, &tuple, 5)->kind == MN_PICKLE_INERT);
    if (!good) return mn_pickle_damaged(m, "a storage's type, name or length is invalid");
    mn_pickle_storage *storage = mn_region_alloc(&m->out->region, 1, sizeof *storage);
    if (!storage) return mn_fail_memory("a pickle's values");
    *storage = (mn_pickle_storage){
        .key = key->as.text, .type = known[type->as.global].type, .count = (size_t)count->as.integer};
    return mn_pickle_push_new(m, (mn_pickle_value){.kind = MN_PICKLE_STORAGE, .as.storage = storage});
}
