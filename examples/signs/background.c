/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "background.h"
#include "scenery.h"

typedef void scene(const painter *p);

/* ---- Training ---- */

static void scene_country(const painter *p) {
    double horizon = rng_range(p->r, 0.35, 0.75);
    colour zenith = palette_between(p->r, 0.52, 0.64), haze = palette_grey(p->r, 0.5, 1);
    scenery_blend(p, zenith, haze);
    scenery_clouds(p, rng_below(p->r, 5));
    colour far = palette_between(p->r, 0.2, 0.6), grass = palette_between(p->r, 0.15, 0.4);
    scenery_hills(p, far, horizon, 0.1, false);
    scenery_ground(p, grass, horizon + 0.05);
    if (rng_chance(p->r, 0.7)) scenery_road(p, horizon + 0.05);
    int trees = rng_below(p->r, 5);
    for (int i = 0; i < trees; i++) {
        point foot = rng_point(p->r, (point){0, horizon}, (point){1, horizon + 0.3});
        scenery_tree(p, foot, rng_range(p->r, 0.2, 0.8), palette_shade(grass, 0.8));
    }
}

static void scene_street(const painter *p) {
    colour zenith = palette_grey(p->r, 0.4, 1), haze = palette_between(p->r, 0.5, 0.65);
    scenery_blend(p, zenith, haze);
    double foot = rng_range(p->r, 0.6, 0.95), x = -rng_unit(p->r) * 0.2;
    while (x < 1) {
        double width = rng_range(p->r, 0.2, 0.5);
        scenery_house(p, (point){x, rng_range(p->r, 0.05, 0.55)}, (point){x + width, foot});
        x += width;
    }
    colour pavement = palette_grey(p->r, 0.3, 0.7);
    scenery_ground(p, pavement, foot);
    if (rng_chance(p->r, 0.5)) scenery_road(p, foot);
    if (rng_chance(p->r, 0.3)) scenery_poster(p);
}

static void scene_forest(const painter *p) {
    colour top = palette_between(p->r, 0.2, 0.55), floor = palette_between(p->r, 0.06, 0.3);
    scenery_blend(p, top, floor);
    colour leaves = palette_between(p->r, 0.08, 0.42);
    int trees = 3 + rng_below(p->r, 6);
    for (int i = 0; i < trees; i++) {
        point foot = rng_point(p->r, (point){0, 0.6}, (point){1, 1.1});
        double height = rng_range(p->r, 0.5, 1.2);
        if (i % 2)
            scenery_conifer(p, foot, height, leaves);
        else
            scenery_tree(p, foot, height, leaves);
    }
}

static void scene_brick_wall(const painter *p) {
    colour brick = palette_between(p->r, -0.03, 0.12), mortar = palette_grey(p->r, 0.3, 0.9);
    scenery_bricks(p, brick, mortar, rng_range(p->r, 0.05, 0.14));
    if (rng_chance(p->r, 0.4)) scenery_poster(p);
}

static void scene_clutter(const painter *p) {
    colour top = palette_any(p->r), bottom = palette_any(p->r);
    scenery_blend(p, top, bottom);
    scenery_clutter(p, 4 + rng_below(p->r, 16), 0.4);
}

static void scene_lamps(const painter *p) {
    colour top = palette_grey(p->r, 0, 0.4), bottom = palette_grey(p->r, 0, 0.5);
    scenery_blend(p, top, bottom);
    scenery_lamps(p, 4 + rng_below(p->r, 14));
}

static void scene_plain(const painter *p) {
    colour top = palette_any(p->r), bottom = palette_any(p->r);
    scenery_blend(p, top, bottom);
    if (rng_chance(p->r, 0.3)) scenery_wires(p, 1 + rng_below(p->r, 4));
}

static void scene_posters(const painter *p) {
    colour top = palette_grey(p->r, 0.2, 0.9), bottom = palette_grey(p->r, 0.2, 0.9);
    scenery_blend(p, top, bottom);
    int count = 2 + rng_below(p->r, 5);
    for (int i = 0; i < count; i++) scenery_poster(p);
}

/* ---- Validation ---- */

static void scene_mountains(const painter *p) {
    colour zenith = palette_between(p->r, 0.55, 0.7), haze = palette_between(p->r, 0.02, 0.12);
    scenery_blend(p, zenith, haze);
    for (int i = 0; i < 3; i++) {
        colour rock = palette_between(p->r, 0.5, 0.75);
        scenery_hills(p, palette_shade(rock, 1 - 0.2 * i), 0.4 + 0.17 * i, 0.16, true);
    }
    int trees = rng_below(p->r, 6);
    colour leaves = palette_between(p->r, 0.3, 0.45);
    for (int i = 0; i < trees; i++) {
        point foot = rng_point(p->r, (point){0, 0.8}, (point){1, 1.1});
        scenery_conifer(p, foot, rng_range(p->r, 0.2, 0.5), leaves);
    }
}

static void scene_garden(const painter *p) {
    colour zenith = palette_between(p->r, 0.5, 0.6), haze = palette_grey(p->r, 0.6, 1);
    scenery_blend(p, zenith, haze);
    colour leaf = palette_between(p->r, 0.18, 0.38), wood = palette_between(p->r, 0.05, 0.14);
    scenery_foliage(p, leaf, rng_range(p->r, 0.1, 0.5), 60);
    double top = rng_range(p->r, 0.4, 0.8);
    scenery_fence(p, wood, top, top + 0.4);
}

static void scene_planks(const painter *p) {
    colour wood = palette_between(p->r, 0.03, 0.16);
    scenery_planks(p, wood, rng_range(p->r, 0.05, 0.25));
    if (rng_chance(p->r, 0.5)) scenery_clutter(p, 3, 0.2);
}

/* ---- Test ---- */

static void scene_skyline(const painter *p) {
    colour zenith = palette_between(p->r, 0.6, 0.8), glow = palette_between(p->r, 0, 0.15);
    scenery_blend(p, zenith, glow);
    double x = -rng_unit(p->r) * 0.1, foot = rng_range(p->r, 0.8, 1);
    colour tower = palette_between(p->r, 0.5, 0.8);
    while (x < 1) {
        double width = rng_range(p->r, 0.08, 0.25);
        point low = {x, rng_range(p->r, 0.1, 0.7)};
        shape_box(p->cr, palette_shade(tower, rng_range(p->r, 0.5, 1.1)), low, (point){x + width, foot});
        scenery_windows(p, low, (point){x + width, foot}, 3, 5);
        x += width * rng_range(p->r, 0.8, 1.1);
    }
    scenery_ground(p, palette_shade(tower, 0.4), foot);
}

static void scene_desert(const painter *p) {
    colour zenith = palette_between(p->r, 0.48, 0.6), haze = palette_between(p->r, 0.08, 0.15);
    scenery_blend(p, zenith, haze);
    for (int i = 0; i < 3; i++) {
        colour sand = palette_between(p->r, 0.05, 0.14);
        scenery_hills(p, sand, 0.5 + 0.15 * i, 0.08, i == 0);
    }
    if (rng_chance(p->r, 0.5)) scenery_wires(p, 3);
}

static void scene_car_park(const painter *p) {
    colour front = palette_grey(p->r, 0.4, 0.9), sky = palette_between(p->r, 0.5, 0.65);
    scenery_blend(p, sky, front);
    double line = rng_range(p->r, 0.3, 0.6);
    colour tar = palette_grey(p->r, 0.2, 0.5);
    scenery_ground(p, tar, line);
    for (int i = 0; i < 5; i++) {
        double x = rng_range(p->r, -0.3, 0.9);
        scenery_car(p, (point){x, line + 0.1 + 0.12 * i}, rng_range(p->r, 0.3, 0.6));
    }
}

static void scene_stone_wall(const painter *p) {
    colour stone = palette_grey(p->r, 0.3, 0.8), mortar = palette_between(p->r, 0.05, 0.3);
    scenery_stones(p, stone, mortar, 4 + rng_below(p->r, 6));
}

static void scene_winter_trees(const painter *p) {
    colour zenith = palette_grey(p->r, 0.6, 1), snow = palette_grey(p->r, 0.7, 1);
    scenery_blend(p, zenith, snow);
    int trees = 1 + rng_below(p->r, 4);
    for (int i = 0; i < trees; i++) {
        point foot = rng_point(p->r, (point){0, 0.8}, (point){1, 1.2});
        double height = rng_range(p->r, 0.7, 1.4);
        scenery_bare_tree(p, foot, height, palette_hsv(0.07, 0.3, rng_range(p->r, 0.1, 0.35)));
    }
    scenery_ground(p, snow, rng_range(p->r, 0.75, 0.95));
    if (rng_chance(p->r, 0.5)) scenery_clutter(p, 3, 0.25);
}

static scene *const train_scenes[] = {scene_country, scene_street, scene_forest, scene_brick_wall,
                                      scene_clutter, scene_lamps,  scene_plain,  scene_posters};
static scene *const val_scenes[] = {scene_mountains, scene_garden, scene_planks};
static scene *const test_scenes[] = {scene_skyline, scene_desert, scene_car_park, scene_stone_wall, scene_winter_trees};

static const struct {
    scene *const *scenes;
    int count;
} splits[] = {
    [SPLIT_TRAIN] = {train_scenes, COUNT(train_scenes)},
    [SPLIT_VAL] = {val_scenes, COUNT(val_scenes)},
    [SPLIT_TEST] = {test_scenes, COUNT(test_scenes)},
};

/* Makes the flat colours rough. */
static void roughen(cairo_surface_t *surface, rng *r, const texture *t) {
    texture_view view = texture_look(t, r, rng_range(r, 0.4, 3));
    float strength = (float)rng_mostly_low(r, 4, 60);
    int side = cairo_image_surface_get_width(surface);
    cairo_surface_flush(surface);
    for (int y = 0; y < side; y++) {
        unsigned char *row = cairo_image_surface_get_data(surface) + y * cairo_image_surface_get_stride(surface);
        float rough[PICTURE_MAX_SIDE];
        texture_row(&view, y, side, rough);
        for (int x = 0; x < 4 * side; x++) { /* the fourth byte of a pixel is not used */
            int v = row[x] + (int)(strength * rough[x / 4]);
            row[x] = (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
    cairo_surface_mark_dirty(surface);
}

void background_draw(cairo_surface_t *surface, rng *r, split which, const texture *t) {
    cairo_t *cr = cairo_create(surface);
    double side = cairo_image_surface_get_width(surface);
    cairo_scale(cr, side, side);
    painter p = {cr, r};
    splits[which].scenes[rng_below(r, splits[which].count)](&p);
    if (rng_chance(r, 0.25)) scenery_clutter(&p, 1 + rng_below(r, 4), 0.2);
    cairo_destroy(cr);
    roughen(surface, r, t);
}
