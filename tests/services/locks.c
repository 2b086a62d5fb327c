/* Four threads that work: `good` each on its own, `bad` all behind one lock (concurrency.locking). */
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int contended;

static void *work(void *unused) {
    volatile unsigned long sum = 0;
    for (;;) {
        if (contended) pthread_mutex_lock(&lock);
        for (int i = 0; i < 20000000; i++) sum += i;
        if (contended) pthread_mutex_unlock(&lock);
    }
    return unused;
}

int main(int count, char **arguments) {
    contended = count > 1 && strcmp(arguments[1], "bad") == 0;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, work, 0);
    pthread_join(threads[0], 0);
}
