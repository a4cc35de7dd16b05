/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which implementation of a module of this folder this system takes. What differs from one system to the next is in
 * files NAME_SYSTEM.c, each of which is empty where another one is taken, so that all may always be compiled; nothing
 * outside this folder asks which system it is on. -DMN_SYSTEM_BARE takes what C11's library alone can do, as a system
 * does that is not known here.
 *
 *            MN_THREADS_  MN_FILES_   MN_MAPPING_  MN_CLOCK_   MN_DYNAMIC_
 * POSIX      POSIX        POSIX       POSIX        POSIX       POSIX
 * Windows    WINDOWS      WINDOWS     WINDOWS      WINDOWS     WINDOWS
 * WASI       NONE         POSIX       NONE         POSIX       NONE
 * bare       NONE         STANDARD    NONE         STANDARD    NONE */
#ifndef MN_BASE_SYSTEM_H
#define MN_BASE_SYSTEM_H

#if defined(MN_SYSTEM_BARE)
#define MN_THREADS_NONE
#define MN_FILES_STANDARD
#define MN_MAPPING_NONE
#define MN_CLOCK_STANDARD
#define MN_DYNAMIC_NONE
#elif defined(_WIN32)
#define MN_SYSTEM_WINDOWS
#define MN_THREADS_WINDOWS
#define MN_FILES_WINDOWS
#define MN_MAPPING_WINDOWS
#define MN_CLOCK_WINDOWS
#define MN_DYNAMIC_WINDOWS
#elif defined(__wasi__)
#define MN_THREADS_NONE
#define MN_FILES_POSIX
#define MN_MAPPING_NONE
#define MN_CLOCK_POSIX
#define MN_DYNAMIC_NONE
#elif defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
#define MN_THREADS_NONE
#define MN_FILES_POSIX
#define MN_MAPPING_NONE /* its mmap() is a copy */
#define MN_CLOCK_POSIX
#define MN_DYNAMIC_NONE
#elif defined(__unix__) || defined(__APPLE__)
#define MN_THREADS_POSIX
#define MN_FILES_POSIX
#define MN_MAPPING_POSIX
#define MN_CLOCK_POSIX
#define MN_DYNAMIC_POSIX
#else
#define MN_SYSTEM_BARE
#define MN_THREADS_NONE
#define MN_FILES_STANDARD
#define MN_MAPPING_NONE
#define MN_CLOCK_STANDARD
#define MN_DYNAMIC_NONE
#endif

/* Address sanitizer watches the ends of what malloc gives, not those of mapped memory. */
#if defined(__SANITIZE_ADDRESS__)
#define MN_MEMORY_WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MN_MEMORY_WATCHED
#endif
#endif

#if defined(__linux__) && !defined(MN_SYSTEM_BARE) && !defined(MN_MEMORY_WATCHED)
#define MN_PAGES_LINUX
#else
#define MN_PAGES_STANDARD
#endif

#endif
