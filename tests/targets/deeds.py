"""Does what its standard input asks for, a line a deed, and answers each with a line."""

import ctypes
import mmap
import os
import socket
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
held = []
connections = []


def touch(mebibytes):
    """Touches fresh anonymous memory, page by page, none of it in huge pages."""
    length = int(mebibytes) << 20
    memory = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    for at in range(0, length, 4096):
        memory[at] = 1
    held.append(memory)


def files(count, folder):
    for n in range(int(count)):
        held.append(open(os.path.join(folder, f"file-{n}"), "w"))


def eventfds(count):
    for _ in range(int(count)):
        assert libc.eventfd(0, 0) >= 0


def connect(port, count, payload):
    """Connects, sends so many bytes on each connection and waits for as many back."""
    for _ in range(int(count)):
        connection = socket.create_connection(("127.0.0.1", int(port)))
        connection.sendall(b"x" * int(payload))
        left = int(payload)
        while left:
            left -= len(connection.recv(left))
        connections.append(connection)


def hang_up(count):
    for _ in range(int(count)):
        connections.pop().close()


def threads(count, name, seconds):
    """Starts threads of a name; each works for so long and then waits for ever."""

    def work():
        libc.prctl(15, name.encode(), 0, 0, 0)
        until = time.thread_time() + float(seconds)
        while time.thread_time() < until:
            pass
        started.release()
        threading.Event().wait()

    started = threading.Semaphore(0)
    for _ in range(int(count)):
        threading.Thread(target=work, daemon=True).start()
    for _ in range(int(count)):
        started.acquire()


def write(path, mebibytes):
    with open(path, "wb") as file:
        for _ in range(int(mebibytes)):
            file.write(os.urandom(1 << 20))
        file.flush()
        os.fsync(file.fileno())


def fork(mebibytes):
    """Forks a child that touches memory and then waits; answers with its pid."""
    pid = os.fork()
    if pid == 0:
        touch(mebibytes)
        while True:
            time.sleep(60)
    return pid


DEEDS = {
    deed.__name__: deed
    for deed in (touch, files, eventfds, connect, hang_up, threads, write, fork)
}

print("ready", flush=True)
for line in sys.stdin:
    name, *words = line.split()
    print(DEEDS[name](*words), flush=True)
