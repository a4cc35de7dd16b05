/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "torch/pickle.h"

#include <stdlib.h>
#include <string.h>

#include "torch/pickle_machine.h"

/* ---- The machine's parts ----------------------------------------------------------------------------- */

mn_status mn_pickle_damaged(const mn_pickle_machine *m, const char *what) {
    return mn_fail(MN_ERROR_FORMAT, "%s: byte %zu of its pickle: %s; the file is damaged, fetch it again", m->file,
                   m->at, what);
}

/* Makes room for one more element of `size` bytes in an array. */
static mn_status grow(const mn_pickle_machine *m, void **array, int32_t count, int32_t *room, size_t size) {
    if (count < *room) return MN_OK;
    if (count >= MN_PICKLE_MAX_VALUES) {
        return mn_fail(MN_ERROR_LIMIT, "%s: its pickle holds more than %d values", m->file, MN_PICKLE_MAX_VALUES);
    }
    int32_t wanted = *room ? 2 * *room : 1024;
    void *larger = realloc(*array, (size_t)wanted * size);
    if (!larger) return mn_fail_memory("a pickle's values");
    *array = larger;
    *room = wanted;
    return MN_OK;
}

mn_status mn_pickle_push(mn_pickle_machine *m, int32_t value) {
    void *stack = m->stack;
    mn_status status = grow(m, &stack, m->depth, &m->stack_room, sizeof *m->stack);
    m->stack = stack;
    if (status == MN_OK) m->stack[m->depth++] = value;
    return status;
}

mn_status mn_pickle_make(mn_pickle_machine *m, mn_pickle_value value, int32_t *index) {
    mn_pickle *p = m->out;
    void *values = p->values;
    mn_status status = grow(m, &values, p->value_count, &p->value_room, sizeof *p->values);
    p->values = values;
    if (status != MN_OK) return status;
    *index = p->value_count;
    p->values[p->value_count++] = value;
    return MN_OK;
}

mn_status mn_pickle_push_new(mn_pickle_machine *m, mn_pickle_value value) {
    int32_t index;
    MN_TRY(mn_pickle_make(m, value, &index));
    return mn_pickle_push(m, index);
}

mn_status mn_pickle_pop(mn_pickle_machine *m, int32_t *value) {
    if (m->depth == 0 || m->stack[m->depth - 1] == MN_PICKLE_MARK) return mn_pickle_damaged(m, "a value is missing");
    *value = m->stack[--m->depth];
    return MN_OK;
}

/* Where the values behind the last mark begin. */
static mn_status find_mark(const mn_pickle_machine *m, int32_t *first) {
    for (int32_t i = m->depth - 1; i >= 0; i--) {
        if (m->stack[i] != MN_PICKLE_MARK) continue;
        *first = i + 1;
        return MN_OK;
    }
    return mn_pickle_damaged(m, "a mark is missing");
}

/* ---- Reading ----------------------------------------------------------------------------------------- */

static mn_status take(mn_pickle_machine *m, size_t bytes, const uint8_t **out) {
    if (bytes > m->bytes - m->at) return mn_pickle_damaged(m, "it is cut short");
    *out = m->data + m->at;
    m->at += bytes;
    return MN_OK;
}

/* A little-endian number of 1 to 8 bytes, with or without sign. */
static mn_status take_number(mn_pickle_machine *m, size_t bytes, bool is_signed, int64_t *out) {
    const uint8_t *from;
    uint64_t value = 0;
    MN_TRY(take(m, bytes, &from));
    for (size_t i = 0; i < bytes; i++) value |= (uint64_t)from[i] << 8 * i;
    bool negative = is_signed && bytes > 0 && (from[bytes - 1] & 0x80);
    if (negative && bytes < 8) value |= UINT64_MAX << 8 * bytes;
    memcpy(out, &value, sizeof *out);
    return MN_OK;
}

/* Up to a line feed. */
static mn_status take_line(mn_pickle_machine *m, const char **out) {
    const uint8_t *end = memchr(m->data + m->at, '\n', m->bytes - m->at);
    if (!end) return mn_pickle_damaged(m, "it is cut short");
    size_t length = (size_t)(end - (m->data + m->at));
    *out = mn_region_string(&m->out->region, (const char *)m->data + m->at, length);
    m->at += length + 1;
    return *out ? MN_OK : mn_fail_memory("a pickle's values");
}

static mn_status push_integer(mn_pickle_machine *m, size_t bytes, bool is_signed) {
    int64_t value;
    MN_TRY(take_number(m, bytes, is_signed, &value));
    return mn_pickle_push_new(m, (mn_pickle_value){.kind = MN_PICKLE_INTEGER, .as.integer = value});
}

/* LONG1: longer numbers than 64 bits are not a shape. */
static mn_status push_long(mn_pickle_machine *m) {
    int64_t length;
    const uint8_t *unused;
    MN_TRY(take_number(m, 1, false, &length));
    if (length <= 8) return push_integer(m, (size_t)length, true);
    MN_TRY(take(m, (size_t)length, &unused));
    return mn_pickle_push(m, m->inert);
}

/* A text, or bytes, behind its length of `size` bytes. */
static mn_status push_text(mn_pickle_machine *m, size_t size) {
    int64_t length;
    const uint8_t *from;
    MN_TRY(take_number(m, size, false, &length));
    MN_TRY(take(m, length < 0 ? SIZE_MAX : (size_t)length, &from));
    const char *text = mn_region_string(&m->out->region, (const char *)from, (size_t)length);
    if (!text) return mn_fail_memory("a pickle's values");
    return mn_pickle_push_new(m, (mn_pickle_value){.kind = MN_PICKLE_TEXT, .as.text = text});
}

/* ---- Memo -------------------------------------------------------------------------------------------- */

static mn_status put(mn_pickle_machine *m, int64_t place) {
    int32_t value;
    MN_TRY(mn_pickle_pop(m, &value));
    MN_TRY(mn_pickle_push(m, value));
    if (place < 0 || place >= MN_PICKLE_MAX_VALUES) return mn_pickle_damaged(m, "it remembers too much");
    while (place >= m->memo_room) {
        void *memo = m->memo;
        mn_status status = grow(m, &memo, m->memo_room, &m->memo_room, sizeof *m->memo);
        m->memo = memo;
        if (status != MN_OK) return status;
    }
    for (; m->memo_count <= place; m->memo_count++) m->memo[m->memo_count] = MN_PICKLE_MARK;
    m->memo[place] = value;
    return MN_OK;
}

static mn_status get(mn_pickle_machine *m, int64_t place) {
    if (place < 0 || place >= m->memo_count || m->memo[place] == MN_PICKLE_MARK) {
        return mn_pickle_damaged(m, "it asks for what it never remembered");
    }
    return mn_pickle_push(m, m->memo[place]);
}

static mn_status memo(mn_pickle_machine *m, size_t size, mn_status (*use)(mn_pickle_machine *, int64_t)) {
    int64_t place;
    MN_TRY(take_number(m, size, false, &place));
    return use(m, place);
}

/* ---- Containers -------------------------------------------------------------------------------------- */

static mn_status push_tuple(mn_pickle_machine *m, int32_t first) {
    int32_t count = m->depth - first;
    int32_t *parts = mn_region_alloc(&m->out->region, (size_t)(count > 0 ? count : 0), sizeof *parts);
    if (!parts) return mn_fail_memory("a pickle's values");
    for (int32_t i = count - 1; i >= 0; i--) MN_TRY(mn_pickle_pop(m, &parts[i]));
    return mn_pickle_push_new(m, (mn_pickle_value){.kind = MN_PICKLE_TUPLE, .last = count, .as.parts = parts});
}

static mn_status push_marked_tuple(mn_pickle_machine *m) {
    int32_t first;
    MN_TRY(find_mark(m, &first));
    MN_TRY(push_tuple(m, first));
    m->stack[first - 1] = m->stack[m->depth - 1];
    m->depth = first;
    return MN_OK;
}

static mn_status push_empty(mn_pickle_machine *m, mn_pickle_kind kind) {
    return mn_pickle_push_new(m, (mn_pickle_value){.kind = kind, .first = -1, .last = -1});
}

static mn_status append(mn_pickle_machine *m, int32_t container, int32_t key, int32_t value) {
    mn_pickle *p = m->out;
    void *items = p->items;
    mn_status status = grow(m, &items, p->item_count, &p->item_room, sizeof *p->items);
    p->items = items;
    if (status != MN_OK) return status;
    mn_pickle_value *to = &p->values[container];
    if (to->last >= 0) p->items[to->last].next = p->item_count;
    if (to->last < 0) to->first = p->item_count;
    to->last = p->item_count;
    p->items[p->item_count++] = (mn_pickle_item){.key = key, .value = value, .next = -1};
    return MN_OK;
}

/* The values from stack[first] on go into the container before `first`, and before the mark if there is one. */
static mn_status fill(mn_pickle_machine *m, int32_t first, bool marked, mn_pickle_kind kind) {
    int32_t step = kind == MN_PICKLE_DICT ? 2 : 1, at = first - 1 - marked;
    bool good = at >= 0 && m->stack[at] != MN_PICKLE_MARK && (m->depth - first) % step == 0;
    for (int32_t i = first; good && i < m->depth; i++) good = m->stack[i] != MN_PICKLE_MARK;
    if (good) good = m->out->values[m->stack[at]].kind == kind;
    /* Settings may be filled; what is in them does not matter. */
    bool inert = at >= 0 && m->stack[at] == m->inert;
    if (!good && !inert) return mn_pickle_damaged(m, "it fills something that is not a container");
    for (int32_t i = first; good && i < m->depth; i += step) {
        MN_TRY(append(m, m->stack[at], step == 2 ? m->stack[i] : -1, m->stack[i + step - 1]));
    }
    m->depth = at + 1;
    return MN_OK;
}

static mn_status fill_marked(mn_pickle_machine *m, mn_pickle_kind kind) {
    int32_t first;
    MN_TRY(find_mark(m, &first));
    return fill(m, first, true, kind);
}

/* ---- Instructions ------------------------------------------------------------------------------------ */

static mn_status skip(mn_pickle_machine *m, size_t bytes) {
    const uint8_t *unused;
    return take(m, bytes, &unused);
}

static mn_status push_inert(mn_pickle_machine *m, size_t bytes) {
    MN_TRY(skip(m, bytes));
    return mn_pickle_push(m, m->inert);
}

static mn_status push_flag(mn_pickle_machine *m, bool flag) {
    return mn_pickle_push_new(m, (mn_pickle_value){.kind = MN_PICKLE_INTEGER, .as.integer = flag});
}

static mn_status push_named(mn_pickle_machine *m) {
    const char *module, *name;
    MN_TRY(take_line(m, &module));
    MN_TRY(take_line(m, &name));
    return mn_pickle_push_global(m, module, name);
}

static mn_status push_stacked(mn_pickle_machine *m) {
    int32_t name, module;
    MN_TRY(mn_pickle_pop(m, &name));
    MN_TRY(mn_pickle_pop(m, &module));
    const mn_pickle_value *values = m->out->values;
    if (values[name].kind != MN_PICKLE_TEXT || values[module].kind != MN_PICKLE_TEXT) {
        return mn_pickle_damaged(m, "a name is not text");
    }
    return mn_pickle_push_global(m, values[module].as.text, values[name].as.text);
}

static mn_status push_mark(mn_pickle_machine *m) { return mn_pickle_push(m, MN_PICKLE_MARK); }

static mn_status step(mn_pickle_machine *m, uint8_t code) {
    switch (code) {
    case 0x80: return skip(m, 1);                   /* PROTO */
    case 0x95: return skip(m, 8);                   /* FRAME */
    case '(': return push_mark(m);                  /* MARK */
    case 'N': return push_inert(m, 0);              /* NONE */
    case 'G': return push_inert(m, 8);              /* BINFLOAT */
    case 0x88: return push_flag(m, true);           /* NEWTRUE */
    case 0x89: return push_flag(m, false);          /* NEWFALSE */
    case 'K': return push_integer(m, 1, false);     /* BININT1 */
    case 'M': return push_integer(m, 2, false);     /* BININT2 */
    case 'J': return push_integer(m, 4, true);      /* BININT */
    case 0x8a: return push_long(m);                 /* LONG1 */
    case 'U':                                       /* SHORT_BINSTRING */
    case 'C':                                       /* SHORT_BINBYTES */
    case 0x8c: return push_text(m, 1);              /* SHORT_BINUNICODE */
    case 'T':                                       /* BINSTRING */
    case 'B':                                       /* BINBYTES */
    case 'X': return push_text(m, 4);               /* BINUNICODE */
    case ')': return push_tuple(m, m->depth);       /* EMPTY_TUPLE */
    case 0x85: return push_tuple(m, m->depth - 1);  /* TUPLE1 */
    case 0x86: return push_tuple(m, m->depth - 2);  /* TUPLE2 */
    case 0x87: return push_tuple(m, m->depth - 3);  /* TUPLE3 */
    case 't': return push_marked_tuple(m);          /* TUPLE */
    case ']': return push_empty(m, MN_PICKLE_LIST); /* EMPTY_LIST */
    case '}': return push_empty(m, MN_PICKLE_DICT); /* EMPTY_DICT */
    case 'a': return fill(m, m->depth - 1, false, MN_PICKLE_LIST);
    case 'e': return fill_marked(m, MN_PICKLE_LIST); /* APPENDS */
    case 's': return fill(m, m->depth - 2, false, MN_PICKLE_DICT);
    case 'u': return fill_marked(m, MN_PICKLE_DICT); /* SETITEMS */
    case 'q': return memo(m, 1, put);                /* BINPUT */
    case 'r': return memo(m, 4, put);                /* LONG_BINPUT */
    case 0x94: return put(m, m->memo_count);         /* MEMOIZE */
    case 'h': return memo(m, 1, get);                /* BINGET */
    case 'j': return memo(m, 4, get);                /* LONG_BINGET */
    case 'c': return push_named(m);                  /* GLOBAL */
    case 0x93: return push_stacked(m);               /* STACK_GLOBAL */
    case 'R': return mn_pickle_reduce(m);            /* REDUCE */
    case 0x81: return mn_pickle_reduce(m);           /* NEWOBJ */
    case 'b': return mn_pickle_build(m);             /* BUILD */
    case 'Q': return mn_pickle_persistent(m);        /* BINPERSID */
    default: break;
    }
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "%s: byte %zu of its pickle: instruction 0x%02x does not occur in state dicts; save it with "
                   "torch.save(model.state_dict(), FILE)",
                   m->file, m->at - 1, code);
}

static mn_status run(mn_pickle_machine *m) {
    const uint8_t *code;
    MN_TRY(mn_pickle_make(m, (mn_pickle_value){.kind = MN_PICKLE_INERT}, &m->inert));
    for (;;) {
        MN_TRY(take(m, 1, &code));
        if (*code == '.') break; /* STOP */
        MN_TRY(step(m, *code));
    }
    m->out->bytes = m->at;
    return mn_pickle_pop(m, &m->out->root);
}

mn_status mn_pickle_read(const uint8_t *data, size_t bytes, const char *file, mn_pickle *out) {
    *out = (mn_pickle){0};
    mn_pickle_machine m = {.file = file, .data = data, .bytes = bytes, .out = out};
    if (m.bytes > MN_PICKLE_MAX_BYTES) m.bytes = MN_PICKLE_MAX_BYTES;
    mn_status status = run(&m);
    free(m.stack);
    free(m.memo);
    return status;
}

void mn_pickle_free(mn_pickle *pickle) {
    free(pickle->values);
    free(pickle->items);
    mn_region_free(&pickle->region);
    *pickle = (mn_pickle){0};
}

const mn_pickle_value *mn_pickle_get(const mn_pickle *pickle, const mn_pickle_value *dict, const char *key) {
    if (dict->kind != MN_PICKLE_DICT) return NULL;
    for (int32_t i = dict->first; i >= 0; i = pickle->items[i].next) {
        const mn_pickle_value *name = &pickle->values[pickle->items[i].key];
        if (name->kind == MN_PICKLE_TEXT && strcmp(name->as.text, key) == 0) {
            return &pickle->values[pickle->items[i].value];
        }
    }
    return NULL;
}
