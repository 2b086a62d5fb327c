"""Burns CPU in the interpreter: busy.py SECONDS."""

import sys
import time


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def sort_words(words):
    return sorted(words, key=lambda word: word[::-1])


def build_table(count):
    return {str(i): [i, i * i] for i in range(count)}


def main():
    end = time.monotonic() + float(sys.argv[1])
    words = [f"word-{i * 7919 % 1000}" for i in range(1000)]
    while time.monotonic() < end:
        fibonacci(14)
        sort_words(words)
        build_table(2000)


main()
