/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "tflite/options.h"

#include <string.h>

/* Field `id` of options that come from no file; false where the default holds. */
static bool find(const mn_tfl_given *given, mn_fb_field field, int32_t *out) {
    if (!(given->set >> field.id & 1)) return false;
    *out = given->value[field.id];
    return true;
}

mn_status mn_tfl_option_u8(const mn_tfl_scope *s, mn_fb_field field, uint8_t fallback, int32_t *out) {
    uint8_t value = fallback;
    if (s->given && find(s->given, field, out)) return MN_OK;
    if (!s->given) MN_TRY(mn_fb_u8(&s->options, field, fallback, &value));
    *out = value;
    return MN_OK;
}

mn_status mn_tfl_option_i32(const mn_tfl_scope *s, mn_fb_field field, int32_t fallback, int32_t *out) {
    if (!s->given) return mn_fb_i32(&s->options, field, fallback, out);
    if (!find(s->given, field, out)) *out = fallback;
    return MN_OK;
}

mn_status mn_tfl_option_f32(const mn_tfl_scope *s, mn_fb_field field, float fallback, float *out) {
    int32_t bits;
    if (!s->given) return mn_fb_f32(&s->options, field, fallback, out);
    *out = fallback;
    if (find(s->given, field, &bits)) memcpy(out, &bits, sizeof *out);
    return MN_OK;
}

mn_status mn_tfl_option_list(const mn_tfl_scope *s, mn_fb_field field, mn_fb_vector *out) {
    if (!s->given) return mn_fb_list(&s->options, field, 4, out);
    *out = (mn_fb_vector){.data = s->given->list[0], .count = s->given->list_count};
    return MN_OK;
}
