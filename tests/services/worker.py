#!/usr/bin/env python3
"""A process that does one thing right or wrong: worker.py DEED [ARGUMENT …], see DEEDS."""
import asyncio
import gc
import resource
import socket
import sys
import threading
import time


def idle():
    """Too little to judge of CPU, locks, loops and pools."""
    time.sleep(600)


def compute():
    """memory.gc, concurrency.thread-monitoring, memory.leaks: works without garbage or growth."""
    gc.disable()
    total = 0
    while True:
        for number in range(100_000):
            total ^= number


def collect():
    """memory.gc: collects many live objects over and over."""
    live = [[number, [number]] for number in range(200_000)]
    while live:
        gc.collect()


def leak():
    """memory.leaks: keeps some 4 MiB a second for ever."""
    kept = []
    while True:
        kept.append(bytearray(b"x" * 200_000))
        time.sleep(0.05)


def threads():
    """concurrency.thread-monitoring: 400 threads that wait."""
    for _ in range(400):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    compute()


def loop_good():
    """concurrency.async: a loop that only ever waits for events."""

    async def tick():
        while True:
            await asyncio.sleep(0.01)

    asyncio.run(tick())


def loop_bad():
    """concurrency.async: the loop's thread waits for a lock that another thread holds."""
    lock = threading.Lock()

    def hold():
        while True:
            with lock:
                time.sleep(0.02)
            time.sleep(0.001)

    threading.Thread(target=hold, daemon=True).start()

    async def tick():
        while True:
            with lock:
                pass
            await asyncio.sleep(0.005)

    asyncio.run(tick())


def proxy(port, upstream, connections, most_files):
    """concurrency.external-pooling: holds `connections` to the upstream whatever it serves."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(most_files), int(most_files)))
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=64)
    pool = [socket.create_connection(("127.0.0.1", int(upstream))) for _ in range(int(connections))]
    served = []
    while True:
        served.append(listener.accept()[0])


def upstream(port):
    """Accepts connections and keeps them."""
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=128)
    kept = []
    while True:
        kept.append(listener.accept()[0])


def cached(port, kind):
    """caching.redis: asks the cache; 9 of 10 reads find their key (caching.hit-rate)."""
    link = socket.create_connection(("127.0.0.1", int(port)))
    number = 0
    while True:
        number += 1
        key = f"absent{number}" if number % 10 == 0 else "present"
        link.sendall(f"get {key}\r\n".encode())
        link.recv(4096)
        if kind == "grow":
            # caching.expiration: keys without an expiry, more and more of them.
            link.sendall(f"set key{number} value\r\n".encode())
            link.recv(4096)
            # caching.hit-rate: reads that never find a key.
            for miss in range(9):
                link.sendall(f"get none{number}.{miss}\r\n".encode())
                link.recv(4096)


def segments(address, port, pause):
    """network.latency: small messages to and fro over an address that is not loopback."""
    link = socket.create_connection((address, int(port)))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        link.sendall(b"ping")
        link.recv(16)
        if float(pause):
            time.sleep(float(pause))


def echo(address, port):
    """The other end of `segments`."""
    listener = socket.create_server((address, int(port)))
    while True:
        link = listener.accept()[0]
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def serve(link=link):
            while data := link.recv(64):
                link.sendall(data)

        threading.Thread(target=serve, daemon=True).start()


def scrape(port):
    """memory.usage-monitoring: a scraper that keeps its connection, started under its own name."""
    link = socket.create_connection(("127.0.0.1", int(port)))
    while True:
        link.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        link.recv(65536)
        time.sleep(0.2)


globals()[sys.argv[1]](*sys.argv[2:])
