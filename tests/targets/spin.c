/* Burns CPU in functions with known shares, without frame pointers: spin SECONDS [THREADS [DELAY]];
 * the threads are made after DELAY seconds.
 * Build: cc -O2 -fomit-frame-pointer -pthread -o spin spin.c
 * Of the work, about a half is in `heavy`, a third in `middling`, a sixth in `light`. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t sink;

__attribute__((noinline)) static uint64_t churn(uint64_t state, int rounds) {
    for (int i = 0; i < rounds; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    return state;
}

__attribute__((noinline)) static uint64_t heavy(uint64_t state) {
    for (int i = 0; i < 3000; i++) state = state * 6364136223846793005u + (state >> 33);
    return state + 1;
}

__attribute__((noinline)) static uint64_t middling(uint64_t state) {
    for (int i = 0; i < 2000; i++) state = state * 2862933555777941757u + (state >> 31);
    return state + 2;
}

__attribute__((noinline)) static uint64_t light(uint64_t state) {
    return churn(state | 1, 1000) + 3;
}

__attribute__((noinline)) static uint64_t work(uint64_t state, int depth) {
    char room[64];
    room[state & 63] = (char)state;
    if (depth > 0) return work(state + (uint64_t)room[state & 63], depth - 1) + 1;
    state = heavy(state) + 1;
    state = middling(state) + 1;
    return light(state) + 1;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double seconds;

static void *run(void *argument) {
    uint64_t state = (uint64_t)(uintptr_t)argument + 1;
    double end = now() + seconds;
    while (now() < end)
        for (int i = 0; i < 50; i++) state = work(state, 10);
    sink += state;
    return NULL;
}

int main(int count, char **words) {
    seconds = count > 1 ? atof(words[1]) : 1;
    int threads = count > 2 ? atoi(words[2]) : 0;
    double start = now() + (count > 3 ? atof(words[3]) : 0);
    pthread_t ids[64];
    if (threads > 64) threads = 64;
    while (now() < start) usleep(1000);
    for (int i = 0; i < threads; i++) pthread_create(&ids[i], NULL, run, (void *)(uintptr_t)i);
    if (threads == 0) run(NULL);
    for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
    return sink == 42;
}
