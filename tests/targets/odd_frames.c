/* Spends its time in frames that are hard to unwind: odd_frames rax|memory|signal SECONDS.
 * Build (x86-64): cc -O2 -fomit-frame-pointer -o odd_frames odd_frames.c
 * rax: the caller's frame is found through rax, as in hand-written assembly;
 * memory: through a stack pointer saved in memory, as in OpenSSL's;
 * signal: through a signal handler's trampoline. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void spin_rax(long rounds);
void spin_memory(long rounds);

__asm__(".text\n"
        ".type spin_rax,@function\n"
        "spin_rax:\n"
        ".cfi_startproc\n"
        "movq %rsp, %rax\n"
        ".cfi_def_cfa_register %rax\n"
        "subq $512, %rsp\n"
        "andq $-256, %rsp\n"
        "xorl %ebp, %ebp\n"
        "1: decq %rdi\n"
        "jnz 1b\n"
        "movq %rax, %rsp\n"
        ".cfi_def_cfa_register %rsp\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size spin_rax,.-spin_rax\n"
        ".type spin_memory,@function\n"
        "spin_memory:\n"
        ".cfi_startproc\n"
        "movq %rsp, %rax\n"
        ".cfi_def_cfa_register %rax\n"
        "subq $512, %rsp\n"
        "andq $-256, %rsp\n"
        "movq %rax, 152(%rsp)\n"
        /* DW_CFA_def_cfa_expression: breg7 (rsp) +152, deref, plus_uconst 8 */
        ".cfi_escape 0x0f,0x06,0x77,0x98,0x01,0x06,0x23,0x08\n"
        "xorl %eax, %eax\n"
        "xorl %ebp, %ebp\n"
        "2: decq %rdi\n"
        "jnz 2b\n"
        "movq 152(%rsp), %rsp\n"
        ".cfi_def_cfa %rsp, 8\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size spin_memory,.-spin_memory\n");

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static volatile long sink;

static void handler(int number) {
    for (long i = 0; i < 20000000; i++) sink += number;
}

/* The assembly above clobbers rbp, which is its caller's to keep. */
__attribute__((noinline)) static void odd(void (*spin)(long)) {
    __asm__ volatile("movq $2000000, %%rdi\n"
                     "call *%0"
                     :
                     : "r"(spin)
                     : "rax", "rcx", "rdx", "rdi", "rsi", "rbp", "r8", "r9", "r10", "r11",
                       "memory", "cc");
    sink++;
}

int main(int count, char **words) {
    if (count < 3) return 2;
    double end = now() + atof(words[2]);
    signal(SIGUSR1, handler);
    while (now() < end) {
        if (strcmp(words[1], "rax") == 0) odd(spin_rax);
        else if (strcmp(words[1], "memory") == 0) odd(spin_memory);
        else raise(SIGUSR1);
    }
    return 0;
}
