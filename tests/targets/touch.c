/* Touches pages in functions with known shares: touch MEBIBYTES, of which `greedy` touches three
 * quarters and `modest` the rest, over about a second.
 * Build: cc -O2 -o touch touch.c */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void touch(size_t bytes) {
    char *memory = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) exit(1);
    /* One fault a page, whatever the system's setting. */
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    for (size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
}

__attribute__((noipa)) static void greedy(size_t bytes) { touch(bytes); __asm__ volatile("nop"); }
__attribute__((noipa)) static void modest(size_t bytes) { touch(bytes); __asm__ volatile(""); }

int main(int count, char **words) {
    size_t step = (size_t)(count > 1 ? atoi(words[1]) : 64) << 20;
    step /= 20;
    for (int round = 0; round < 20; round++) {
        greedy(step / 4 * 3);
        modest(step / 4);
        usleep(50000);
    }
    return 0;
}
