/* Programs that are hard to follow: restless MODE …
 * fork N: N children, one after the other, each at work for some milliseconds
 * exec N: executes itself N times over, at work in between
 * threads N: N threads, one after the other; all at work for less than a sample's period, but
 *   every hundredth for some periods
 * library PATH OTHER: again and again loads PATH, replaces it with a copy of OTHER while it is
 *   mapped, works in it and unloads it, for about three seconds of CPU time
 * stacks SECONDS: a different stack for nearly every sample
 * births N: below a stack of some 60 KiB, N children a millisecond apart, each at work for 20 ms of
 *   CPU time when nothing else is to be done
 * Build: cc -O2 -fomit-frame-pointer -pthread -o restless restless.c -ldl
 * With -DPLUGIN -shared -fPIC it is the library for the mode of that name. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t sink;

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline __attribute__((always_inline)) void churn(long rounds) {
    uint64_t state = sink;
    for (long i = 0; i < rounds; i++) state = state * 6364136223846793005u + (state >> 33);
    sink = state;
}

#ifdef PLUGIN

void plugin_work(long rounds) { churn(rounds); }

#else

__attribute__((noipa)) static void child_work(void) { churn(3000000); }
__attribute__((noipa)) static void exec_work(void) { churn(10000000); }

__attribute__((noipa)) static void *thread_work(void *number) {
    churn((uintptr_t)number % 100 == 0 ? 5000000 : 30000);
    return number;
}

static void fork_children(int count) {
    for (int i = 0; i < count; i++) {
        pid_t child = fork();
        if (child == 0) {
            child_work();
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
}

static void execute_again(char **words, int left) {
    exec_work();
    if (left == 0) return;
    char number[16];
    snprintf(number, sizeof number, "%d", left - 1);
    execv("/proc/self/exe", (char *[]){words[0], words[1], number, NULL});
    _exit(1);
}

static void start_threads(int count) {
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, thread_work, (void *)(uintptr_t)i) != 0) _exit(1);
        pthread_join(thread, NULL);
    }
}

static int replace(const char *path, const char *other) {
    char fresh[4096];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *from = fopen(other, "rb"), *to = fopen(fresh, "wb");
    if (!from || !to) return -1;
    char bytes[65536];
    for (size_t length; (length = fread(bytes, 1, sizeof bytes, from)) > 0;) fwrite(bytes, 1, length, to);
    fclose(from);
    fclose(to);
    return rename(fresh, path);
}

static void load_library(const char *path, const char *other) {
    while (cpu_seconds() < 3) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        void (*work)(long) = library ? (void (*)(long))dlsym(library, "plugin_work") : NULL;
        if (!work || replace(path, other) != 0) _exit(1);
        work(60000000);
        dlclose(library);
    }
}

__attribute__((noipa)) static void born_work(double seconds) {
    double end = cpu_seconds() + seconds;
    while (cpu_seconds() < end) churn(100000);
}

__attribute__((noipa)) static int bear_children(int depth, int count) {
    volatile char room[4000];
    room[depth] = (char)depth;
    if (depth > 0) return bear_children(depth - 1, count) + room[depth];
    for (int i = 0; i < count; i++) {
        if (fork() == 0) {
            if (nice(19) == -1) _exit(1);
            born_work(0.02);
            _exit(0);
        }
        born_work(0.0005);
    }
    while (wait(NULL) > 0) {}
    return 0;
}

static void wander(uint64_t way, int depth);

#define PATH(name)                                                     \
    __attribute__((noipa)) static void name(uint64_t way, int depth) { \
        wander(way >> 2, depth - 1);                                   \
        __asm__ volatile("");                                          \
    }
PATH(north)
PATH(east)
PATH(south)
PATH(west)

__attribute__((noipa)) static void wander(uint64_t way, int depth) {
    static void (*const ways[4])(uint64_t, int) = {north, east, south, west};
    if (depth == 0) churn(2000);
    else ways[way & 3](way, depth);
    __asm__ volatile("");
}

static void take_every_way(double seconds) {
    uint64_t way = 1;
    while (cpu_seconds() < seconds)
        for (int i = 0; i < 100; i++) {
            way = way * 6364136223846793005u + 1442695040888963407u;
            wander(way >> 16, 24);
        }
}

int main(int count, char **words) {
    if (count < 3) return 2;
    if (strcmp(words[1], "fork") == 0) fork_children(atoi(words[2]));
    else if (strcmp(words[1], "exec") == 0) execute_again(words, atoi(words[2]));
    else if (strcmp(words[1], "threads") == 0) start_threads(atoi(words[2]));
    else if (strcmp(words[1], "library") == 0 && count > 3) load_library(words[2], words[3]);
    else if (strcmp(words[1], "stacks") == 0) take_every_way(atof(words[2]));
    else if (strcmp(words[1], "births") == 0) bear_children(15, atoi(words[2]));
    else return 2;
    return 0;
}

#endif
