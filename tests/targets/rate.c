/* A hot loop, in one thread or several, that states its rate of work: rate SECONDS [THREADS].
 * Build: cc -O2 -pthread -o rate rate.c
 * Prints a line for each slice of about 100 ms: its start and end (CLOCK_MONOTONIC, ns), the units
 * of work done in it, and the CPU time that the process used meanwhile (ns). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static atomic_ulong done[64];
static volatile uint64_t sink;

static uint64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

__attribute__((noinline)) static uint64_t unit(uint64_t state) {
    for (int i = 0; i < 10000; i++) state = state * 6364136223846793005u + (state >> 33);
    return state + 1;
}

static void *work(void *number) {
    uint64_t state = (uintptr_t)number;
    for (;;) {
        state = unit(state);
        sink = state;
        atomic_fetch_add_explicit(&done[(uintptr_t)number], 1, memory_order_relaxed);
    }
    return NULL;
}

int main(int count, char **words) {
    double seconds = count > 1 ? atof(words[1]) : 1;
    uintptr_t threads = count > 2 ? (uintptr_t)atoi(words[2]) : 1;
    for (uintptr_t i = 0; i < threads && i < 64; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, work, (void *)i);
    }
    uint64_t end = clock_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);
    uint64_t at = 0, cpu = 0, units = 0;
    do {
        uint64_t now = clock_ns(CLOCK_MONOTONIC), now_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        uint64_t now_units = 0;
        for (uintptr_t i = 0; i < 64; i++) now_units += atomic_load_explicit(&done[i], memory_order_relaxed);
        if (at != 0) printf("%lu %lu %lu %lu\n", at, now, now_units - units, now_cpu - cpu);
        at = now, cpu = now_cpu, units = now_units;
        fflush(stdout);
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    } while (clock_ns(CLOCK_MONOTONIC) < end);
    return 0;
}
