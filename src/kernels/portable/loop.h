/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How loops over elements tell compilers that they may be vectorised. */
#ifndef MN_KERNELS_PORTABLE_LOOP_H
#define MN_KERNELS_PORTABLE_LOOP_H

/** Before a loop each turn of which reads an element before it writes it and looks at no other that it wrote: results
 *  and operands may be the same memory, element for element, which `restrict` would forbid. */
#if defined(__GNUC__) && !defined(__clang__)
#define MN_ELEMENTWISE _Pragma("GCC ivdep")
#else
#define MN_ELEMENTWISE
#endif

#endif
