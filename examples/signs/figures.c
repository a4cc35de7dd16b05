/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "pictograms.h"

/* A person: lines through joints. */
typedef struct person {
    point head;
    point body[2];
    point arms[2][3];
    point legs[2][3];
} person;

static void draw_person(const pen *p, const person *who) {
    double weight = 0.5 + p->style->weight / 2;
    shape_disc(p->cr, p->ink, who->head, 0.19);
    shape_limb(p->cr, p->ink, 0.32 * weight, who->body, 2);
    for (int i = 0; i < 2; i++) {
        shape_limb(p->cr, p->ink, 0.13 * weight, who->arms[i], 3);
        shape_limb(p->cr, p->ink, 0.18 * weight, who->legs[i], 3);
    }
}

static const person walker = {
    .head = {0.02, -0.86},
    .body = {{0.02, -0.42}, {0.06, 0.05}},
    .arms = {{{-0.04, -0.48}, {-0.36, -0.18}, {-0.52, 0.08}}, {{0.08, -0.48}, {0.36, -0.2}, {0.34, 0.14}}},
    .legs = {{{0.02, 0.1}, {-0.2, 0.5}, {-0.46, 0.95}}, {{0.1, 0.1}, {0.26, 0.5}, {0.56, 0.9}}},
};

static const person runner = {
    .head = {-0.22, -0.84},
    .body = {{-0.12, -0.42}, {0.04, 0.05}},
    .arms = {{{-0.18, -0.46}, {-0.52, -0.28}, {-0.74, -0.5}}, {{-0.06, -0.46}, {0.3, -0.3}, {0.5, -0.02}}},
    .legs = {{{0.0, 0.1}, {-0.42, 0.3}, {-0.5, 0.85}}, {{0.08, 0.1}, {0.36, 0.45}, {0.8, 0.5}}},
};

static const person digger = {
    .head = {-0.30, -0.84},
    .body = {{-0.34, -0.42}, {-0.5, 0.08}},
    .arms = {{{-0.30, -0.46}, {0.04, -0.26}, {0.1, 0.12}}, {{-0.36, -0.42}, {-0.22, -0.1}, {-0.1, 0.0}}},
    .legs = {{{-0.5, 0.14}, {-0.24, 0.46}, {-0.34, 0.95}}, {{-0.54, 0.14}, {-0.72, 0.5}, {-0.98, 0.92}}},
};

static void face_way(const pen *p) { cairo_scale(p->cr, p->style->flip ? -1 : 1, 1); }

void pictogram_pedestrian(const pen *p) {
    cairo_save(p->cr);
    face_way(p);
    draw_person(p, &walker);
    cairo_restore(p->cr);
}

/* A figure of `size` with its middle at `at`. */
static void person_at(const pen *p, const person *who, point at, double size) {
    cairo_save(p->cr);
    cairo_translate(p->cr, at.x, at.y);
    cairo_scale(p->cr, size, size);
    draw_person(p, who);
    cairo_restore(p->cr);
}

void pictogram_children(const pen *p) {
    cairo_save(p->cr);
    face_way(p);
    person_at(p, &runner, (point){-0.5, 0.25}, 0.74);
    person_at(p, &runner, (point){0.48, 0.03}, 0.96);
    cairo_restore(p->cr);
}

void pictogram_roadworks(const pen *p) {
    point heap[] = {{0.22, 0.98}, {0.62, 0.42}, {0.85, 0.5}, {1.2, 0.98}};
    point shovel[] = {{-0.42, -0.22}, {0.5, 0.46}};
    cairo_save(p->cr);
    face_way(p);
    draw_person(p, &digger);
    shape_polygon(p->cr, p->ink, heap, COUNT(heap));
    shape_line(p->cr, p->ink, 0.1, shovel, COUNT(shovel));
    cairo_restore(p->cr);
}

void pictogram_deer(const pen *p) {
    static const point body[] = {{-0.3, -0.02}, {0.4, 0.12}};
    static const point neck[] = {{-0.36, -0.08}, {-0.6, -0.46}};
    static const point head[] = {{-0.6, -0.48}, {-0.9, -0.36}};
    static const point lines[][3] = {
        {{-0.58, -0.5}, {-0.36, -0.72}, {-0.42, -1.1}}, {{-0.36, -0.72}, {-0.16, -0.78}, {-0.1, -1.0}},
        {{-0.62, -0.5}, {-0.7, -0.8}, {-0.62, -1.1}},   {{-0.4, 0.05}, {-0.82, 0.16}, {-0.92, 0.5}},
        {{-0.3, 0.1}, {-0.58, 0.42}, {-0.88, 0.66}},    {{0.45, 0.15}, {0.6, 0.55}, {1.02, 0.72}},
        {{0.38, 0.2}, {0.4, 0.62}, {0.72, 0.96}},       {{0.5, 0.06}, {0.64, -0.06}, {0.7, 0.08}},
    };
    cairo_save(p->cr);
    face_way(p);
    shape_limb(p->cr, p->ink, 0.36, body, COUNT(body));
    shape_limb(p->cr, p->ink, 0.22, neck, COUNT(neck));
    shape_limb(p->cr, p->ink, 0.18, head, COUNT(head));
    for (int i = 0; i < COUNT(lines); i++) shape_limb(p->cr, p->ink, 0.12, lines[i], 3);
    cairo_restore(p->cr);
}

/* Seen from the front, in a square around the origin. */
static void car(const pen *p, colour ink) {
    static const point roof[] = {{-0.62, -0.1}, {-0.42, -0.75}, {0.42, -0.75}, {0.62, -0.1}};
    static const point pane[] = {{-0.46, -0.16}, {-0.32, -0.58}, {0.32, -0.58}, {0.46, -0.16}};
    shape_rounded(p->cr, ink, roof, COUNT(roof), 0.12);
    shape_polygon(p->cr, p->field, pane, COUNT(pane));
    shape_rounded_box(p->cr, ink, (point){-0.78, -0.16}, (point){0.78, 0.42}, 0.14);
    shape_box(p->cr, ink, (point){-0.7, 0.3}, (point){-0.42, 0.72});
    shape_box(p->cr, ink, (point){0.42, 0.3}, (point){0.7, 0.72});
    shape_disc(p->cr, p->field, (point){-0.52, 0.1}, 0.11);
    shape_disc(p->cr, p->field, (point){0.52, 0.1}, 0.11);
}

static void car_at(const pen *p, colour ink, point at, double size) {
    cairo_save(p->cr);
    cairo_translate(p->cr, at.x, at.y);
    cairo_scale(p->cr, size, size);
    car(p, ink);
    cairo_restore(p->cr);
}

void pictogram_two_cars(const pen *p) {
    car_at(p, p->style->red, (point){-0.54, 0}, 0.64);
    car_at(p, p->ink, (point){0.54, 0}, 0.64);
}

void pictogram_slippery(const pen *p) {
    cairo_save(p->cr);
    cairo_translate(p->cr, 0, -0.5);
    cairo_rotate(p->cr, p->style->flip ? -0.2 : 0.2);
    cairo_scale(p->cr, 0.74, 0.74);
    car(p, p->ink);
    cairo_restore(p->cr);
    for (int side = -1; side <= 1; side += 2) {
        double x = 0.42 * side;
        cairo_move_to(p->cr, x, 0.14);
        cairo_curve_to(p->cr, x + 0.45, 0.4, x - 0.5, 0.6, x, 1.05);
        shape_stroke(p->cr, p->ink, 0.15 * p->style->weight);
    }
}

void pictogram_truck(const pen *p) {
    static const point cab[] = {{0.32, -0.3}, {0.7, -0.3}, {1.0, 0.06}, {1.0, 0.42}, {0.32, 0.42}};
    static const point pane[] = {{0.48, -0.18}, {0.66, -0.18}, {0.82, 0.04}, {0.48, 0.04}};
    cairo_save(p->cr);
    face_way(p);
    shape_box(p->cr, p->ink, (point){-1.0, -0.62}, (point){0.24, 0.42});
    shape_polygon(p->cr, p->ink, cab, COUNT(cab));
    shape_box(p->cr, p->ink, (point){0.2, 0.24}, (point){0.36, 0.42});
    shape_polygon(p->cr, p->field, pane, COUNT(pane));
    for (int i = 0; i < 3; i++) {
        point hub = {i == 0 ? -0.72 : i == 1 ? -0.3 : 0.64, 0.46};
        shape_disc(p->cr, p->field, hub, 0.26);
        shape_disc(p->cr, p->ink, hub, 0.2);
    }
    cairo_restore(p->cr);
}

void pictogram_bicycle(const pen *p) {
    static const point frame[] = {{-0.56, 0.28}, {-0.24, -0.28}, {0.36, -0.28}, {-0.04, 0.28}, {-0.24, -0.28}};
    static const point stays[] = {{-0.56, 0.28}, {-0.04, 0.28}};
    static const point fork[] = {{0.58, 0.28}, {0.3, -0.56}, {0.06, -0.6}};
    static const point saddle[] = {{-0.24, -0.28}, {-0.3, -0.46}};
    double width = 0.11 * p->style->weight;
    cairo_save(p->cr);
    face_way(p);
    shape_circle(p->cr, p->ink, (point){-0.56, 0.28}, 0.40, width);
    shape_circle(p->cr, p->ink, (point){0.58, 0.28}, 0.40, width);
    shape_line(p->cr, p->ink, width, frame, COUNT(frame));
    shape_line(p->cr, p->ink, width, stays, COUNT(stays));
    shape_line(p->cr, p->ink, width, fork, COUNT(fork));
    shape_line(p->cr, p->ink, width, saddle, COUNT(saddle));
    shape_box(p->cr, p->ink, (point){-0.48, -0.54}, (point){-0.12, -0.42});
    cairo_restore(p->cr);
}
