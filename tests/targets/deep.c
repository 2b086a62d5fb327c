/* Works at the bottom of a recursion: deep SECONDS DEPTH; each frame holds 512 bytes.
 * Build: cc -O2 -fomit-frame-pointer -o deep deep.c */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static volatile uint64_t sink;

__attribute__((noinline)) static void bottom(double seconds) {
    struct timespec now, start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        for (int i = 0; i < 100000; i++) sink += sink * 31 + 7;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
}

__attribute__((noinline)) static uint64_t descend(double seconds, int depth) {
    volatile char room[480];
    room[depth % 480] = (char)depth;
    if (depth == 0) bottom(seconds);
    else sink += descend(seconds, depth - 1);
    return (uint64_t)room[(depth + 1) % 480];
}

int main(int count, char **words) {
    return (int)descend(count > 1 ? atof(words[1]) : 1, count > 2 ? atoi(words[2]) : 80) & 1;
}
