"""Splits its CPU time among functions and keeps account of it: split.py FILE CPU_SECONDS. Writes what
split.c writes."""

import sys
import time


def part_of_calls(n=21):
    return n if n < 2 else part_of_calls(n - 1) + part_of_calls(n - 2)


def part_of_loops():
    total = 0
    for i in range(40000):
        total = (total * 31 + i) % 65521
    return total


def part_of_the_library():
    # What it makes it lets go itself, so that no other function pays for it.
    return len(sorted((str(i * 7919 % 10000) for i in range(8000)), key=lambda word: word[::-1]))


def main():
    parts = [part_of_calls, part_of_loops, part_of_the_library]
    spent = [0] * len(parts)
    while time.thread_time_ns() < float(sys.argv[2]) * 1e9:
        for i, part in enumerate(parts):
            start = time.thread_time_ns()
            part()
            spent[i] += time.thread_time_ns() - start
    with open(sys.argv[1], "w") as file:
        for part, ns in zip(parts, spent):
            file.write(f"{part.__name__} {ns}\n")


main()
