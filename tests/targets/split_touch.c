/* Splits the pages that it touches first among functions and keeps account of them: split_touch FILE
 * MEBIBYTES. Build: cc -O2 -o split_touch split_touch.c
 * Works between any two pages, so that it grows steadily and not in bursts.
 * Writes a line for each function into FILE: its name, and the page faults that its thread took in
 * it, by the kernel's own count. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

static volatile uint64_t sink;
static char *memory;
static size_t at;

static long faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

static inline __attribute__((always_inline)) void touch(int pages) {
    for (int i = 0; i < pages; i++, at += 4096) {
        memory[at] = 1;
        uint64_t state = sink;
        for (int n = 0; n < 40000; n++) state = state * 6364136223846793005u + (state >> 33);
        sink = state;
    }
}

__attribute__((noipa)) static void greedy(void) { touch(96); }
__attribute__((noipa)) static void modest(void) { touch(32); }

int main(int count, char **words) {
    if (count < 3) return 2;
    size_t bytes = (size_t)atoi(words[2]) << 20;
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 1;
    /* One fault a page, whatever the system's setting. */
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    long taken[2] = {0};
    while (at + 128 * 4096 <= bytes) {
        long before = faults();
        greedy();
        long between = faults();
        modest();
        taken[0] += between - before;
        taken[1] += faults() - between;
    }
    FILE *file = fopen(words[1], "w");
    if (!file) return 1;
    fprintf(file, "greedy %ld\nmodest %ld\n", taken[0], taken[1]);
    return fclose(file);
}
