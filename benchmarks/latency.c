#include "latency.h"

#include <string.h>

enum { STEPS = 64, POWERS = 40 }; /* so many steps in each power of two of nanoseconds, from 64 ns to 2 hours */

static uint64_t counts[STEPS * POWERS];

void latency_clear(void)
{
    memset(counts, 0, sizeof counts);
}

void latency_add(int64_t nanoseconds)
{
    uint64_t ns = nanoseconds > STEPS ? (uint64_t)nanoseconds : STEPS;
    int power = 63 - __builtin_clzll(ns) - 6;
    int step = power * STEPS + (int)((ns >> power) & (STEPS - 1));
    counts[step < STEPS * POWERS ? step : STEPS * POWERS - 1]++;
}

double latency_ms(double part)
{
    uint64_t all = 0, sum = 0;
    for (int i = 0; i < STEPS * POWERS; i++)
        all += counts[i];
    for (int i = 0; i < STEPS * POWERS; i++)
        if ((sum += counts[i]) >= part * all && all)
            return (double)((uint64_t)(STEPS | i % STEPS) << i / STEPS) / 1e6;
    return 0;
}
