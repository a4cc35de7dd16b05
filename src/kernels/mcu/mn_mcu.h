/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The runtime of `mobilenet compile`: runs a frozen int8 network pixel by pixel in one arena. Freestanding C99, valid
 * C++; no library, no heap, nothing global. Bytes equal those of TensorFlow Lite's reference kernels.
 *
 * A program is constant data: tensors with their places in the arena, steps, and chains of steps. A tensor is an image
 * of height x width pixels, each `bytes` long, in row-major order; its memory is a ring of `places` pixels, pixel p
 * (= y * width + x) in place p % places. A slice is some pixels of a step's output, which lie behind each other.
 *
 * Chains run one after another. A chain runs depth first: its last step makes its next slice, and before it each input
 * is made just as far as that slice needs (mn_mcu_step). So of a tensor inside a chain only the pixels that a later
 * one still needs have to be kept, and nothing is computed twice. */
#ifndef MN_MCU_H
#define MN_MCU_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Alignment of the arena, in bytes; offsets in it are multiples of MN_MCU_WORD. */
enum { MN_MCU_ALIGNMENT = 16, MN_MCU_WORD = 4 };

/** In front of an array that is to be aligned so. */
#if defined __GNUC__
#define MN_MCU_ALIGNED __attribute__((aligned(MN_MCU_ALIGNMENT)))
#elif defined __cplusplus
#define MN_MCU_ALIGNED alignas(MN_MCU_ALIGNMENT)
#elif defined __STDC_VERSION__ && __STDC_VERSION__ >= 201112L
#define MN_MCU_ALIGNED _Alignas(MN_MCU_ALIGNMENT)
#else
#error "say here how this compiler aligns an array to 16 bytes"
#endif

/* ---- Programs -------------------------------------------------------------------------------------------- */

typedef struct mn_mcu_tensor {
    uint32_t offset; /* of its first place, in bytes from the beginning of the arena */
    uint32_t places; /* pixels that there is memory for: height * width, or a ring of fewer */
    uint32_t bytes;  /* of a pixel: its channels; of sums 4 for each */
    uint16_t height, width;
} mn_mcu_tensor;

/** A filter that slides over an image. Output pixel (y, x) sees input pixels
 *  (y * stride_h - pad_top + ky * dilation_h, x * stride_w - pad_left + kx * dilation_w), as far as there are such. */
typedef struct mn_mcu_window {
    uint8_t k_h, k_w;
    uint8_t stride_h, stride_w;
    uint8_t dilation_h, dilation_w;
    uint8_t pad_top, pad_left;
} mn_mcu_window;

/** Most taps of a window, k_h * k_w. */
enum { MN_MCU_TAPS = 96 };

/** What a slice of output pixels [x, x + n) of row y needs of an input, as the pixel behind the last one. */
typedef enum mn_mcu_need {
    MN_MCU_SAME,   /* the same pixels: y * width + x + n */
    MN_MCU_WINDOW, /* what the step's window sees: the last row that it reaches, up to the last column that it reaches
                    */
    MN_MCU_ALL     /* every pixel */
} mn_mcu_need;

/** A function of a byte: a table of its results, of value v at v + 128. */
enum { MN_MCU_MAP_BYTES = 256 };

/** What a step computes, its parameters (`params`), and what it needs of its inputs. */
typedef enum mn_mcu_kind {
    MN_MCU_INPUT,     /* rows of the input as they arrive. params: const int8_t[MN_MCU_MAP_BYTES], which maps them, or
                         NULL. It has no inputs */
    MN_MCU_LOAD,      /* constants into the arena: one pixel. params: mn_mcu_constants. It has no inputs */
    MN_MCU_POINTWISE, /* a 1x1 convolution, or FULLY_CONNECTED of each pixel. SAME */
    MN_MCU_DENSE,     /* FULLY_CONNECTED of a whole tensor, as one pixel. ALL; the input is not a ring */
    MN_MCU_CONV,      /* any other convolution. WINDOW */
    MN_MCU_DEPTHWISE, /* WINDOW. Of these four, params: mn_mcu_product. inputs[1]: weights that a LOAD brought, ALL */
    MN_MCU_ADD,       /* of equal shapes, also SUB. params: mn_mcu_add. SAME, SAME */
    MN_MCU_AVERAGE_POOL, /* params: mn_mcu_pool. WINDOW; also the next */
    MN_MCU_MAX_POOL,
    MN_MCU_PAD,     /* a border around an image: the window is 1x1. params: mn_mcu_pad. WINDOW */
    MN_MCU_SUM,     /* adds up all pixels, channel by channel, as int32: a tensor of the input's height and width with
                       one place. params: NULL. SAME */
    MN_MCU_MEAN,    /* MEAN of sums, of all pixels. params: mn_mcu_mean. ALL */
    MN_MCU_AVERAGE, /* AVERAGE_POOL_2D of sums, of all pixels. params: mn_mcu_mean. ALL */
    MN_MCU_MAP,     /* a function of each byte: QUANTIZE, RELU, LOGISTIC ... params: const int8_t[MN_MCU_MAP_BYTES].
                       SAME */
    MN_MCU_SOFTMAX, /* over the channels of each pixel. params: mn_mcu_softmax. SAME */
    MN_MCU_KINDS
} mn_mcu_kind;

/** Weights and what makes stored bytes of sums: y = clamp(requantised(bias[c] + sum of w * x) + out_zero, low, high).
 *
 *  With a NULL `fine` requantisation is TensorFlow Lite's of convolutions, by multiplier / 2^31 * 2^shift with two
 *  roundings (docs/numerics.md). Else it is by (multiplier * 2^16 + fine) / 2^47 * 2^shift with one rounding, halves
 *  upward: FULLY_CONNECTED's factor in double precision, with the same results (src/mcu/factor.h). */
typedef struct mn_mcu_product {
    const int8_t *weights;     /* as in the model: [channels][k_h][k_w][depth], of DEPTHWISE [k_h][k_w][channels]; NULL:
                                  inputs[1] */
    const int32_t *bias;       /* [channels], less the input's zero point times the sum of the channel's weights */
    const int32_t *multiplier; /* [channels], in [0, 2^31) */
    const uint16_t *fine;      /* [channels], or NULL */
    const int8_t *shift;       /* [channels], in [-31, 31]; with `fine` in [-31, 15] */
    const int8_t *border; /* [depth] times the input's zero point, for taps outside the image; NULL: there are none */
    uint16_t depth;       /* channels of the input; of DENSE all its bytes */
    uint16_t channels;    /* of the output; of DEPTHWISE a multiple of depth */
    int8_t out_zero, low, high;
    uint8_t tame; /* 1: no accumulator reaches 2^29 either way, shifts are in [-22, -1], there is no `fine`, and no
                     weight of DEPTHWISE is -128 */
} mn_mcu_product;

/** ADD: each operand and the sum with its own multiplier in [0, 2^31) and shift in [-31, 31], of operands in [-31, 0]
 *  (docs/numerics.md). */
typedef struct mn_mcu_add {
    int32_t multiplier[2], out_multiplier;
    int8_t shift[2], out_shift;
    int8_t zero[2], out_zero;
    int8_t low, high;
    uint8_t subtract; /* operand 0 minus operand 1 */
} mn_mcu_add;

typedef struct mn_mcu_pool {
    int8_t low, high; /* clamp */
} mn_mcu_pool;

typedef struct mn_mcu_pad {
    int8_t border; /* the zero point */
} mn_mcu_pad;

typedef struct mn_mcu_mean {
    int32_t multiplier, shift; /* MEAN: in_scale / (out_scale * count) */
    int32_t in_zero, out_zero; /* MEAN */
    int32_t low, high;         /* clamp */
} mn_mcu_mean;

typedef struct mn_mcu_softmax {
    int32_t multiplier, shift; /* differences of logits to Q5.26, with beta */
    int32_t diff_min;          /* what lies further below the largest logit counts as zero */
} mn_mcu_softmax;

typedef struct mn_mcu_constants {
    const int8_t *from; /* bytes of a pixel of the output */
} mn_mcu_constants;

/** A step makes its output slice by slice. Pixels [next, next + n) come next, with the first `next` that are not there
 *  yet, and n the least of `chunk`, what the step that asked for them lacks, and, of INPUT and steps with a window,
 * what is left of the row; the last step of a chain makes all. Before that, input by input, what that slice needs is
 * made in the same way by the step of the chain, if any, whose output the input is. */
typedef struct mn_mcu_step {
    const void *params;
    const mn_mcu_window *window; /* of kinds that need a WINDOW; else NULL */
    uint32_t workspace;          /* offset of mn_mcu_workspace_bytes() in the arena, used while the step runs */
    int16_t inputs[2];           /* tensors; -1: none */
    int16_t output;              /* a tensor that no other step makes */
    uint16_t chunk;              /* most pixels of a slice, 1 and more */
    uint8_t kind;                /* mn_mcu_kind */
    uint8_t whole;               /* 1: when the last step of the chain is done, this one makes what it has not made yet,
                                    as later chains read it. Such steps go from last to first */
} mn_mcu_step;

/** A network. Chain k is steps [chain_ends[k - 1], chain_ends[k]), in an order in which they may run. */
typedef struct mn_mcu_program {
    const mn_mcu_tensor *tensors;
    const mn_mcu_step *steps;
    const uint16_t *chain_ends;
    uint16_t tensor_count, step_count, chain_count;
    uint16_t longest; /* steps of the longest chain */
    int16_t input;    /* a tensor: the output of an INPUT in the first chain, so that rows may arrive; or of no step,
                         and then whole: it is held */
    int16_t output;   /* a whole tensor */
    uint32_t arena_bytes;
} mn_mcu_program;

/** Does the input lie in the arena as a whole, 1, or do its rows arrive, 0? */
int mn_mcu_is_held(const mn_mcu_program *program);

/** Bytes of workspace that a step needs, whichever instructions the target has; 0 as a rule. */
uint32_t mn_mcu_workspace_bytes(const mn_mcu_program *program, const mn_mcu_step *step);

/* ---- Running --------------------------------------------------------------------------------------------- */

/** How far a step of the chain that runs has come. */
typedef struct mn_mcu_cursor {
    uint32_t next; /* pixels that are there; the row and column of the next one, of INPUT and steps with a window: */
    uint16_t y, x;
    uint32_t end;   /* what is asked for: pixels before this one, */
    uint16_t asker; /* by this step of the chain */
} mn_mcu_cursor;

/** Called behind each slice: pixels [first, first + count) of the output of step number `step`. For profiles,
 *  watchdogs, and letting others run. */
typedef void (*mn_mcu_tell)(void *context, uint32_t step, uint32_t first, uint32_t count);

/** A network that runs. One at a time in an arena. */
typedef struct mn_mcu_run {
    const mn_mcu_program *program;
    int8_t *arena;
    mn_mcu_cursor *cursors; /* [program->longest] */
    mn_mcu_tell tell;       /* or NULL */
    void *context;          /* for tell */
    const int8_t *row;      /* the input row that is arriving, or NULL */
    uint16_t rows;          /* input rows that are there */
    uint16_t chain;         /* the chain that runs */
} mn_mcu_run;

/** Begins with a new image. `arena` has program->arena_bytes bytes, aligned to MN_MCU_ALIGNMENT, which need not be set;
 *  `cursors` has program->longest entries. `tell` and `context` are left as they are: set all of `run` to 0 once. */
void mn_mcu_begin(mn_mcu_run *run, const mn_mcu_program *program, void *arena, mn_mcu_cursor *cursors);

/** The next row of the image: width pixels. Runs as far as that goes; `row` is not needed any more then. Returns 0, or
 *  -1 if the image has no more rows, or none was begun. */
int mn_mcu_push_row(mn_mcu_run *run, const int8_t *row);

/** Runs what is left. Returns the output, in the arena until the next mn_mcu_begin(); NULL if rows are missing, or
 *  no image was begun. */
const int8_t *mn_mcu_finish(mn_mcu_run *run);

/** Where a held input lies: an image written there needs no mn_mcu_push_row(). NULL if rows have to arrive, or no
 *  image was begun. */
int8_t *mn_mcu_held_input(mn_mcu_run *run);

/** n bytes that do not overlap, without a library. */
void mn_mcu_copy(int8_t *to, const int8_t *from, uint32_t n);

/** All of it: mn_mcu_begin(), every row of `image`, mn_mcu_finish(). */
const int8_t *mn_mcu_run_image(mn_mcu_run *run, const mn_mcu_program *program, void *arena, mn_mcu_cursor *cursors,
                               const int8_t *image);

#ifdef __cplusplus
}
#endif

#endif
