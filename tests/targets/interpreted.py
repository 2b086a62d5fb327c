"""Burns CPU in known places and says how long each took: interpreted.py CPU_SECONDS PART.

Prints a line `FUNCTION NANOSECONDS` for each function of the part, in CPU time of its thread.
"""

import random
import sys
import threading
import time
import zlib

clock = time.thread_time_ns
spent = {}


def timed(function, *arguments):
    start = clock()
    result = function(*arguments)
    name = function.__name__
    spent[name] = spent.get(name, 0) + clock() - start
    return result


def spin(count):
    total = 0
    for number in range(count):
        total += number * number % 7
    return total


def long_loop():
    return spin(70_000)


def short_loop():
    return spin(30_000)


def double(number):
    return number + number


def leaf_calls():
    total = 0
    for number in range(20_000):
        total += double(number)
    return total


def backwards(word):
    return word[::-1]


def sort_words():
    words = [str(number * 7919 % 10_007) for number in range(5_000)]
    return sorted(words, key=backwards)


def checksum():
    return zlib.crc32(DATA)


DATA = bytes(range(256)) * 20_000


def fibonacci(number):
    return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)


def recurse():
    return fibonacci(17)


def squares(count):
    for number in range(count):
        yield number * number


def consume():
    return sum(squares(20_000))


def descend(depth):
    return spin(40_000) if depth == 0 else descend(depth - 1)


def go_deep():
    return descend(30)


class Account:
    def interest(self):
        return spin(30_000)


def method_call():
    return Account().interest()


def until(end, *functions):
    # Rounds of one length would keep step with a sampling clock of a similar one.
    lengths = random.Random(7)
    while time.process_time() < end:
        for function in functions:
            spin(lengths.randrange(16_000))
            timed(function)


PARTS = {
    "split": [long_loop, short_loop],
    "calls": [leaf_calls, recurse, go_deep, method_call],
    "native": [sort_words, checksum],
    "generators": [consume, short_loop],
}


def main():
    end = time.process_time() + float(sys.argv[1])
    if sys.argv[2] == "threads":
        workers = [
            threading.Thread(target=until, args=(end, function))
            for function in (long_loop, leaf_calls)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    else:
        until(end, *PARTS[sys.argv[2]])
    for name, nanoseconds in sorted(spent.items()):
        print(name, nanoseconds)


if __name__ == "__main__":
    main()
