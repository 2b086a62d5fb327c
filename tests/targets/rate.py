"""Burns CPU in the interpreter and states its rate of work: rate.py SECONDS. Prints what rate.c prints."""

import sys
import time


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def sort_words(words):
    return sorted(words, key=lambda word: word[::-1])


def main():
    end = time.monotonic_ns() + int(float(sys.argv[1]) * 1e9)
    words = [f"word-{i * 7919 % 100}" for i in range(100)]
    at, cpu, units = time.monotonic_ns(), time.process_time_ns(), 0
    while at < end:
        fibonacci(8)
        sort_words(words)
        units += 1
        now = time.monotonic_ns()
        if now - at >= 100_000_000:
            now_cpu = time.process_time_ns()
            print(at, now, units, now_cpu - cpu, flush=True)
            at, cpu, units = now, now_cpu, 0


main()
