# Burns CPU time in two named functions, three parts to one, on two threads: what py-spy's files
# are made of.
import sys
import threading
import time


def burn_much(n):
    total = 0
    for i in range(3 * n):
        total = total * 31 % 1000003 + i
    return total


def burn_little(n):
    total = 0
    for i in range(n):
        total = total * 31 % 1000003 + i
    return total


def burn_both(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        burn_much(2000)
        burn_little(2000)


seconds = float(sys.argv[1])
other = threading.Thread(target=burn_both, args=(seconds,), name="burner")
other.start()
burn_both(seconds)
other.join()
