/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Arithmetic with constants, and layers with several inputs. */

#include <math.h>
#include <string.h>

#include "keras/config_reader.h"

typedef mn_config_reader reader;
typedef mn_config_value value;

/* ---- Constants --------------------------------------------------------------------------------------- */

int32_t mn_config_numbers(const cJSON *item, double *out, int32_t room) {
    if (!item || cJSON_IsNull(item)) return 0;
    if (cJSON_IsNumber(item)) {
        if (room < 1) return -1;
        *out = item->valuedouble;
        return 1;
    }
    if (!cJSON_IsArray(item)) return -1;
    int32_t count = 0;
    const cJSON *inner;
    cJSON_ArrayForEach(inner, item) { /* no deeper than cJSON reads */
        int32_t more = mn_config_numbers(inner, out + count, room - count);
        if (more < 0) return -1;
        count += more;
    }
    return count;
}

void mn_config_scale(const reader *r, value *v, double scale, double offset) {
    if (v->scale == 1 && v->offset == 0) v->rescaling = r->name;
    v->scale *= scale;
    v->offset = v->offset * scale + offset;
}

mn_status mn_config_affine(reader *r, const double *scale, const double *offset, int32_t count, value *v) {
    bool equal = true;
    for (int32_t c = 1; c < count; c++) equal = equal && scale[c] == scale[0] && offset[c] == offset[0];
    if (equal) {
        mn_config_scale(r, v, scale[0], offset[0]);
        return MN_OK;
    }
    if (count != mn_config_layer_of(r, v)->c) {
        return mn_config_fail(r, MN_ERROR_FORMAT, "%d numbers for %d channels", count, mn_config_layer_of(r, v)->c);
    }
    value in = *v;
    v->scale = 1;
    v->offset = 0;
    MN_TRY(mn_config_add_plain(r, (mn_layer){.kind = MN_LAYER_AFFINE}, v));
    const mn_layer *layer = mn_config_layer_of(r, v);
    for (int32_t c = 0; c < count; c++) {
        layer->gamma[c] = (float)(in.scale * scale[c]);
        layer->beta[c] = (float)(in.offset * scale[c] + offset[c]);
    }
    return MN_OK;
}

mn_status mn_config_read_rescaling(reader *r, const cJSON *config, value *v) {
    enum { MOST = 4096 };
    double scale[MOST], offset[MOST];
    const cJSON *given = mn_config_get(config, "scale");
    int32_t scales = mn_config_numbers(given, scale, MOST);
    int32_t offsets = mn_config_numbers(mn_config_get(config, "offset"), offset, MOST);
    if (scales < 0 || offsets < 0) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a scale or offset that is neither a number nor a list of some");
    }
    int32_t count = scales > offsets ? scales : offsets;
    if ((scales > 1 && scales != count) || (offsets > 1 && offsets != count)) {
        return mn_config_fail(r, MN_ERROR_FORMAT, "%d scales and %d offsets", scales, offsets);
    }
    double one_scale = scales > 0 ? scale[0] : 1, one_offset = offsets > 0 ? offset[0] : 0;
    for (int32_t c = scales > 1 ? count : 0; c < count; c++) scale[c] = one_scale;
    for (int32_t c = offsets > 1 ? count : 0; c < count; c++) offset[c] = one_offset;
    if (count > 0) return mn_config_affine(r, scale, offset, count, v);
    return MN_OK;
}

char mn_config_arithmetic_of(const char *class_name, const cJSON *config) {
    static const struct {
        const char *name;
        char sign;
    } known[] = {
        {"TrueDivide", '/'},
        {"Divide", '/'},
        {"Multiply", '*'},
        {"Subtract", '-'},
        {"Add", '+'},
        {"math.truediv", '/'},
        {"math.divide", '/'},
        {"math.multiply", '*'},
        {"math.subtract", '-'},
        {"math.add", '+'},
        {"__operators__.add", '+'},
        {"RealDiv", '/'},
        {"Mul", '*'},
        {"Sub", '-'},
        {"AddV2", '+'},
        {"cast", '='},
        {"Cast", '='},
    };
    const char *name = class_name;
    if (mn_config_same(class_name, "TFOpLambda")) name = mn_config_text(config, "function");
    if (mn_config_same(class_name, "TensorFlowOpLayer")) name = mn_config_text(mn_config_get(config, "node_def"), "op");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (mn_config_same(name, known[i].name)) return known[i].sign;
    }
    return 0;
}

mn_status mn_config_read_arithmetic(reader *r, char sign, const cJSON *config, const mn_config_node *node, value *v) {
    double constant = node->constant;
    bool known = node->constant_count == 1;
    const cJSON *given = mn_config_get(mn_config_get(config, "constants"), "1"); /* TensorFlowOpLayer */
    if (!known && cJSON_IsNumber(given)) {
        constant = given->valuedouble;
        known = true;
    }
    if (sign == '=') return MN_OK;
    if (!known || (sign == '/' && (node->constant_first || constant == 0))) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "arithmetic other than with one constant");
    }
    switch (sign) {
    case '*': mn_config_scale(r, v, constant, 0); break;
    case '/': mn_config_scale(r, v, 1 / constant, 0); break;
    case '+': mn_config_scale(r, v, 1, constant); break;
    default: mn_config_scale(r, v, node->constant_first ? -1 : 1, node->constant_first ? constant : -constant); break;
    }
    return MN_OK;
}

/* ---- Several inputs ---------------------------------------------------------------------------------- */

/* x * relu6(x + 3) / 6, as Keras 2's MobileNetV3 spells it out. */
static bool is_hard_swish(const reader *r, const value *x, const value *gate) {
    const mn_layer *relu = mn_config_layer_of(r, gate);
    if (relu->kind != MN_LAYER_RELU || relu->max_value != 6 || gate->offset != 0) return false;
    const mn_layer *shifted = &r->net->layers[relu->inputs[0]];
    return shifted->kind == MN_LAYER_RESCALING && shifted->scale == 1 && shifted->offset == 3 &&
           shifted->inputs[0] == x->layer && x->scale == 1 && x->offset == 0 && fabs(gate->scale * 6 - 1) < 1e-6;
}

static mn_status join_two(reader *r, mn_layer_kind kind, const char *suffix, value a, value b, value *out) {
    const mn_layer swish = {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_HARD_SWISH};
    *out = a;
    if (kind == MN_LAYER_MULTIPLY && is_hard_swish(r, &a, &b)) return mn_config_add_plain(r, swish, out);
    if (kind == MN_LAYER_MULTIPLY && is_hard_swish(r, &b, &a)) {
        *out = b;
        return mn_config_add_plain(r, swish, out);
    }
    MN_TRY(mn_config_rescale(r, &a));
    MN_TRY(mn_config_rescale(r, &b));
    *out = a;
    return mn_config_add(r, (mn_layer){.kind = kind, .inputs = {a.layer, b.layer}}, suffix, false, (mn_keras_source){0},
                         out);
}

static mn_status join_pairs(reader *r, mn_layer_kind kind, const value *values, int32_t count, value *out) {
    *out = values[0];
    for (int32_t i = 1; i < count; i++) {
        MN_TRY(join_two(r, kind, i + 1 < count ? "part" : NULL, *out, values[i], out));
    }
    return MN_OK;
}

static mn_status concatenate(reader *r, const cJSON *config, const value *values, int32_t count, value *out) {
    mn_layer layer = {.kind = MN_LAYER_CONCAT, .input_count = count};
    MN_TRY(mn_config_check_axis(r, config, &values[0]));
    for (int32_t i = 0; i < count; i++) {
        value one = values[i];
        MN_TRY(mn_config_rescale(r, &one));
        layer.inputs[i] = one.layer;
    }
    *out = (value){.layer = layer.inputs[0], .scale = 1};
    return count == 1 ? MN_OK : mn_config_add_plain(r, layer, out);
}

static const struct join_class {
    const char *name;
    char sign;
} join_classes[] = {{"Add", '+'},     {"Subtract", '-'},    {"Multiply", '*'},
                    {"Average", 'm'}, {"Concatenate", '|'}, {"Concat", '|'}};

static char sign_of(const char *class_name) {
    for (size_t i = 0; i < sizeof join_classes / sizeof join_classes[0]; i++) {
        if (mn_config_same(class_name, join_classes[i].name)) return join_classes[i].sign;
    }
    return 0;
}

bool mn_config_joins(const char *class_name) { return sign_of(class_name) != 0; }

mn_status mn_config_read_join(reader *r, char sign, const cJSON *config, const value *values, int32_t count,
                              value *out) {
    switch (sign ? sign : sign_of(r->class_name)) {
    case '+': return join_pairs(r, MN_LAYER_ADD, values, count, out);
    case '*': return join_pairs(r, MN_LAYER_MULTIPLY, values, count, out);
    case '|': return concatenate(r, config, values, count, out);
    case 'm':
        MN_TRY(join_pairs(r, MN_LAYER_ADD, values, count, out));
        mn_config_scale(r, out, 1.0 / count, 0);
        return MN_OK;
    case '-':
        if (count == 2) return join_pairs(r, MN_LAYER_SUBTRACT, values, count, out);
        break;
    default: break;
    }
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "%d inputs; such a layer has another number", count);
}
