// Burns CPU time on two named threads, ten calls deep, and allocates: what golden files are made of.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile uint64_t sink;
static double seconds = 0.3;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

__attribute__((noinline)) void burn_leaf(uint64_t n) {
    for (uint64_t i = 0; i < n; i++) sink = sink * 31 + i;
}

__attribute__((noinline)) void burn_deep(int depth, uint64_t n) {
    if (depth == 0) burn_leaf(n);
    else burn_deep(depth - 1, n);
    sink++;
}

__attribute__((noinline)) void *keep_some(size_t bytes) {
    char *p = malloc(bytes);
    if (p) memset(p, 1, bytes);
    return p;
}

__attribute__((noinline)) void churn(void) {
    for (int i = 0; i < 100; i++) free(keep_some(1000));
}

static void *work(void *argument) {
    pthread_setname_np(pthread_self(), "burner");
    double end = now() + seconds;
    while (now() < end) burn_deep(8, 20000);
    return argument;
}

int main(int count, char **arguments) {
    if (count > 1) seconds = atof(arguments[1]);
    void *kept[10];
    for (int i = 0; i < 10; i++) kept[i] = keep_some(5000);
    churn();
    pthread_t thread;
    pthread_create(&thread, 0, work, 0);
    double end = now() + seconds;
    while (now() < end) burn_deep(3, 20000);
    pthread_join(thread, 0);
    for (int i = 0; i < 9; i++) free(kept[i]);
    return 0;
}
