/* Splits its CPU time among functions and keeps account of it: split FILE CPU_SECONDS.
 * Build: cc -O2 -o split split.c (with and without frame pointers, or statically against musl).
 * Writes a line for each function into FILE: its name, and the CPU time spent in it (ns). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile uint64_t sink;

static uint64_t cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

__attribute__((noinline)) static uint64_t churn(uint64_t state, long rounds) {
    for (long i = 0; i < rounds; i++) state = state * 6364136223846793005u + (state >> 33);
    return state + 1;
}

#define PART(name, rounds)                                              \
    __attribute__((noipa)) static void name(int depth) {                \
        volatile char room[200];                                        \
        room[depth] = (char)depth;                                      \
        if (depth > 0) name(depth - 1);                                 \
        else sink = churn(sink + (uint64_t)room[depth], rounds);        \
        sink += (uint64_t)room[depth];                                  \
    }
PART(part_of_five, 500000)
PART(part_of_three, 300000)
PART(part_of_two, 200000)

int main(int count, char **words) {
    if (count < 3) return 2;
    static void (*const parts[])(int) = {part_of_five, part_of_three, part_of_two};
    static const char *const names[] = {"part_of_five", "part_of_three", "part_of_two"};
    uint64_t spent[3] = {0}, end = (uint64_t)(atof(words[2]) * 1e9);
    while (cpu_ns() < end)
        for (int i = 0; i < 3; i++) {
            uint64_t start = cpu_ns();
            parts[i](7);
            spent[i] += cpu_ns() - start;
        }
    FILE *file = fopen(words[1], "w");
    if (!file) return 1;
    for (int i = 0; i < 3; i++) fprintf(file, "%s %lu\n", names[i], (unsigned long)spent[i]);
    return fclose(file);
}
