// Waits of known kinds, each in a function of its own. Says `ready`, begins at a byte on standard
// input, prints for each function how long it was off the CPU by its own clocks (name, nanoseconds),
// and stays until standard input ends.
//
// waits mixed ROUNDS: sleeps, a contended lock, a pipe, TCP on loopback, poll, writes to disk
// waits brief ROUNDS: sleeps of 0.2 ms, some thousand a second
// waits rapid ROUNDS: two threads that hand a byte to and fro, as fast as they can
// waits crowded ROUNDS: two busy threads on one CPU
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((noinline))
#define MS 1000000L

static void check(int holds) {
    if (!holds) {
        perror("waits");
        exit(1);
    }
}

static long clock_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

// Time that the thread was off the CPU since it began.
static long off_ns(void) {
    long wall = clock_ns(CLOCK_MONOTONIC);
    return wall - clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

enum { NAP, BRIEF, LOCK, PIPE, TCP, POLL, DISK, PONG, CROWD, KINDS };
static const char *names[KINDS] = {"nap", "nap_briefly", "await_lock", "await_pipe", "await_tcp",
                                   "await_poll", "await_disk", "await_pong", "spin_in_crowd"};
static long sums[KINDS];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int asked[2], answered[2], sockets[2], file;

static void pass(long ns) {
    struct timespec time = {0, ns};
    nanosleep(&time, NULL);
}

static void put(int descriptor, char byte) { check(write(descriptor, &byte, 1) == 1); }

static char take(int descriptor) {
    char byte;
    check(read(descriptor, &byte, 1) == 1);
    return byte;
}

// Rounds of one length would fall into step with whoever looks at them every so often.
static long varied_ms(void) {
    static unsigned state = 1;
    state = state * 1103515245u + 12345u;
    return 2 + (state >> 16) % 7;
}

APART void nap(void) {
    long before = off_ns();
    pass(varied_ms() * MS);
    sums[NAP] += off_ns() - before;
}

APART void nap_briefly(void) {
    long before = off_ns();
    pass(MS / 5);
    sums[BRIEF] += off_ns() - before;
}

APART void await_lock(void) {
    long before = off_ns();
    pthread_mutex_lock(&mutex);
    sums[LOCK] += off_ns() - before;
    pthread_mutex_unlock(&mutex);
}

APART void await_pipe(void) {
    long before = off_ns();
    take(answered[0]);
    sums[PIPE] += off_ns() - before;
}

APART void await_tcp(void) {
    char byte;
    long before = off_ns();
    check(recv(sockets[0], &byte, 1, 0) == 1);
    sums[TCP] += off_ns() - before;
}

APART void await_poll(void) {
    struct pollfd wanted = {sockets[0], POLLIN, 0};
    long before = off_ns();
    poll(&wanted, 1, 7);
    sums[POLL] += off_ns() - before;
}

APART void await_disk(void) {
    static char block[1 << 16];
    long before = off_ns();
    check(pwrite(file, block, sizeof block, 0) == sizeof block);
    check(fsync(file) == 0);
    sums[DISK] += off_ns() - before;
}

static void *help(void *nothing) {
    for (;;) {
        char what = take(asked[0]);
        switch (what) {
        case 'l':
            pthread_mutex_lock(&mutex);
            put(answered[1], what);
            pass(8 * MS);
            pthread_mutex_unlock(&mutex);
            break;
        case 'p':
            pass(8 * MS);
            put(answered[1], what);
            break;
        case 't':
            pass(8 * MS);
            check(send(sockets[1], &what, 1, 0) == 1);
            break;
        default:
            return nothing;
        }
    }
}

static void connect_sockets(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(listener, (struct sockaddr *)&address, length) == 0);
    check(listen(listener, 1) == 0);
    check(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    sockets[0] = socket(AF_INET, SOCK_STREAM, 0);
    check(connect(sockets[0], (struct sockaddr *)&address, length) == 0);
    sockets[1] = accept(listener, NULL, NULL);
    check(sockets[1] >= 0);
}

static void open_file(void) {
    char path[] = "waits-XXXXXX";
    file = mkstemp(path);
    check(file >= 0);
    unlink(path);
}

static void mixed(long rounds) {
    pthread_t helper;
    check(pthread_create(&helper, NULL, help, NULL) == 0);
    while (rounds-- > 0) {
        nap();
        put(asked[1], 'l');
        take(answered[0]);
        await_lock();
        put(asked[1], 'p');
        await_pipe();
        put(asked[1], 't');
        await_tcp();
        await_poll();
        await_disk();
    }
    put(asked[1], 'x');
    pthread_join(helper, NULL);
}

static void *return_balls(void *rounds) {
    for (long left = (long)rounds; left > 0; left--)
        put(answered[1], take(asked[0]));
    return NULL;
}

APART void await_pong(long rounds) {
    long before = off_ns();
    while (rounds-- > 0) {
        put(asked[1], 'b');
        take(answered[0]);
    }
    sums[PONG] += off_ns() - before;
}

static void rapid(long rounds) {
    pthread_t other;
    check(pthread_create(&other, NULL, return_balls, (void *)rounds) == 0);
    await_pong(rounds);
    pthread_join(other, NULL);
}

static void *spin_in_crowd(void *rounds) {
    volatile unsigned long sink = 0;
    long before = off_ns();
    for (long left = (long)rounds; left > 0; left--)
        for (int n = 0; n < 1000000; n++)
            sink += n;
    long waited = off_ns() - before;
    __atomic_fetch_add(&sums[CROWD], waited, __ATOMIC_RELAXED);
    return NULL;
}

static void crowded(long rounds) {
    cpu_set_t first;
    check(sched_getaffinity(0, sizeof first, &first) == 0);
    for (int cpu = CPU_SETSIZE - 1, left = CPU_COUNT(&first) - 1; left > 0; cpu--)
        if (CPU_ISSET(cpu, &first)) {
            CPU_CLR(cpu, &first);
            left--;
        }
    check(sched_setaffinity(0, sizeof first, &first) == 0);
    pthread_t other;
    check(pthread_create(&other, NULL, spin_in_crowd, (void *)rounds) == 0);
    spin_in_crowd((void *)rounds);
    pthread_join(other, NULL);
}

int main(int count, char **words) {
    check(count == 3 && pipe(asked) == 0 && pipe(answered) == 0);
    long rounds = atol(words[2]);
    connect_sockets();
    open_file();
    puts("ready");
    fflush(stdout);
    take(0);
    if (strcmp(words[1], "mixed") == 0)
        mixed(rounds);
    else if (strcmp(words[1], "brief") == 0)
        while (rounds-- > 0)
            nap_briefly();
    else if (strcmp(words[1], "rapid") == 0)
        rapid(rounds);
    else
        crowded(rounds);
    for (int kind = 0; kind < KINDS; kind++)
        if (sums[kind])
            printf("%s %ld\n", names[kind], sums[kind]);
    puts("done");
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
    return 0;
}
