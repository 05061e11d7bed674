/* How long deliveries took: a histogram, as there are millions. */

#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

void latency_clear(void);
void latency_add(int64_t nanoseconds);

/* The time within which this part of them (0 to 1) came, to 1.6 %; 0 if there were none. */
double latency_ms(double part);

#endif
