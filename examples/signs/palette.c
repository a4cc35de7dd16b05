/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>

#include "palette.h"

static double clamp(double v) { return v < 0 ? 0 : v > 1 ? 1 : v; }

static colour vary(rng *r, colour c, double amount) {
    double light = rng_range(r, -amount, amount);
    c.r = clamp(c.r + light + rng_range(r, -amount, amount) / 2);
    c.g = clamp(c.g + light + rng_range(r, -amount, amount) / 2);
    c.b = clamp(c.b + light + rng_range(r, -amount, amount) / 2);
    return c;
}

style palette_style(rng *r, double strength) {
    style s;
    s.red = vary(r, (colour){0.80, 0.08, 0.11}, 0.10 * strength);
    s.blue = vary(r, (colour){0.05, 0.27, 0.66}, 0.11 * strength);
    s.yellow = vary(r, (colour){0.98, 0.80, 0.10}, 0.08 * strength);
    s.green = vary(r, (colour){0.10, 0.62, 0.28}, 0.10 * strength);
    s.white = vary(r, (colour){0.95, 0.95, 0.94}, 0.06 * strength);
    s.black = vary(r, (colour){0.07, 0.07, 0.08}, 0.07 * strength);
    s.field = rng_chance(r, 0.12 * strength) ? s.yellow : s.white;
    s.ring = 0.20 + rng_range(r, -0.04, 0.06) * strength;
    s.rounding = 0.14 + rng_range(r, -0.07, 0.06) * strength;
    s.weight = 1 + rng_range(r, -0.20, 0.22) * strength;
    s.reach = 1 + rng_range(r, -0.10, 0.08) * strength;
    s.rim = rng_chance(r, 0.7) ? 0.035 + rng_range(r, -0.01, 0.025) * strength : 0;
    s.flip = rng_chance(r, 0.5 * strength);
    return s;
}

colour palette_hsv(double hue, double saturation, double value) {
    double parts[3];
    for (int i = 0; i < 3; i++) {
        double distance = fabs(fmod(hue + 2 - i / 3.0, 1) * 6 - 3) - 1;
        parts[i] = value * (1 - saturation * (1 - clamp(distance)));
    }
    return (colour){parts[0], parts[1], parts[2]};
}

colour palette_between(rng *r, double low_hue, double high_hue) {
    double hue = rng_range(r, low_hue, high_hue);
    double saturation = rng_range(r, 0.15, 0.75);
    return palette_hsv(hue, saturation, rng_range(r, 0.2, 0.9));
}

colour palette_any(rng *r) {
    double hue = rng_unit(r);
    double saturation = rng_unit(r);
    return palette_hsv(hue, saturation, rng_range(r, 0.05, 1));
}

colour palette_grey(rng *r, double low, double high) {
    double hue = rng_unit(r);
    double saturation = rng_range(r, 0, 0.12);
    return palette_hsv(hue, saturation, rng_range(r, low, high));
}

colour palette_mix(colour a, colour b, double share) {
    return (colour){a.r + (b.r - a.r) * share, a.g + (b.g - a.g) * share, a.b + (b.b - a.b) * share};
}

colour palette_shade(colour c, double factor) {
    return (colour){clamp(c.r * factor), clamp(c.g * factor), clamp(c.b * factor)};
}
