/* Splits its time off the CPU among functions and keeps account of it: split_waits FILE SECONDS.
 * Build: cc -O2 -pthread -o split_waits split_waits.c
 * Writes a line for each function into FILE: its name, and the time that its thread spent in it and
 * not on a CPU (ns): whatever took it off, and however long it had to queue to come back. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t asked_for_lock, has_lock, asked_for_byte;
static int pipe_ends[2], file;
// So large that a wait for the disk is long beside the switches around it, which belong to neither.
static char block[1 << 20];

static uint64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void doze(long ms) { nanosleep(&(struct timespec){0, ms * 1000000}, NULL); }

/* Takes the lock first and keeps it for a while, whenever it is asked to. */
static void *hold_lock(void *unused) {
    for (;;) {
        sem_wait(&asked_for_lock);
        pthread_mutex_lock(&mutex);
        sem_post(&has_lock);
        doze(7);
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}

static void *write_late(void *unused) {
    for (;;) {
        sem_wait(&asked_for_byte);
        doze(4);
        if (write(pipe_ends[1], "x", 1) != 1) exit(1);
    }
    return unused;
}

__attribute__((noipa)) static void wait_for_sleep(void) {
    doze(10);
    __asm__ volatile("");
}

__attribute__((noipa)) static void wait_for_lock(void) {
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    __asm__ volatile("");
}

__attribute__((noipa)) static void wait_for_pipe(void) {
    char byte;
    if (read(pipe_ends[0], &byte, 1) != 1) exit(1);
    __asm__ volatile("");
}

__attribute__((noipa)) static void wait_for_disk(void) {
    if (pwrite(file, block, sizeof block, 0) < 0 || fsync(file) != 0) exit(1);
    __asm__ volatile("");
}

int main(int count, char **words) {
    if (count < 3) return 2;
    char path[4096];
    snprintf(path, sizeof path, "%s.data", words[1]);
    file = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    if (file < 0 || pipe(pipe_ends) != 0) return 1;
    sem_init(&asked_for_lock, 0, 0);
    sem_init(&has_lock, 0, 0);
    sem_init(&asked_for_byte, 0, 0);
    pthread_t helpers[2];
    pthread_create(&helpers[0], NULL, hold_lock, NULL);
    pthread_create(&helpers[1], NULL, write_late, NULL);

    static void (*const parts[])(void) = {wait_for_sleep, wait_for_lock, wait_for_pipe, wait_for_disk};
    static const char *const names[] = {"wait_for_sleep", "wait_for_lock", "wait_for_pipe", "wait_for_disk"};
    uint64_t off_cpu[4] = {0}, end = clock_ns(CLOCK_MONOTONIC) + (uint64_t)(atof(words[2]) * 1e9);
    while (clock_ns(CLOCK_MONOTONIC) < end) {
        for (int i = 0; i < 4; i++) {
            if (i == 1) {
                sem_post(&asked_for_lock);
                sem_wait(&has_lock);
            }
            if (i == 2) sem_post(&asked_for_byte);
            memset(block, i, sizeof block);
            uint64_t start = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
            parts[i]();
            cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
            off_cpu[i] += clock_ns(CLOCK_MONOTONIC) - start - cpu;
        }
    }
    unlink(path);
    FILE *account = fopen(words[1], "w");
    if (!account) return 1;
    for (int i = 0; i < 4; i++) fprintf(account, "%s %lu\n", names[i], (unsigned long)off_cpu[i]);
    return fclose(account);
}
