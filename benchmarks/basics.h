/* What every part of the load generator uses. */

#ifndef BASICS_H
#define BASICS_H

#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t now_ns(void);

/* Print why to standard error, and end. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
