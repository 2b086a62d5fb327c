#!/usr/bin/env python3
"""An HTTP service that does right (`good`), does wrong (`bad`) or shows too little (`small`).

Usage: service.py good|bad|small ADDRESS PORT. Each line that makes a verdict names its item.
"""
import gzip
import hashlib
import http.server
import json
import sys
import time
import urllib.parse

MODE, ADDRESS, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
ROWS = {"good": 5000, "bad": 5000, "small": 3}[MODE]
ITEMS = [{"id": row, "name": f"item {row}", "note": "of the usual sort"} for row in range(ROWS)]

GOOD_METRICS = """\
# TYPE http_requests_total counter
http_requests_total{code="200"} 4711
# TYPE http_request_errors_total counter
http_request_errors_total 3
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 4000
http_request_duration_seconds_bucket{le="0.2"} 4600
http_request_duration_seconds_bucket{le="1"} 4711
http_request_duration_seconds_bucket{le="+Inf"} 4711
http_request_duration_seconds_sum 99.5
http_request_duration_seconds_count 4711
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 23000000
# TYPE process_open_fds gauge
process_open_fds 12
"""
# monitoring.performance, monitoring.metrics, monitoring.resources, memory.usage-monitoring:
# neither rate nor errors nor duration, no histogram, no CPU, memory or descriptors.
BAD_METRICS = "# TYPE build_info gauge\nbuild_info{version=\"1.2\"} 1\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # api.timeouts: a stalled request is closed after 2 s, or never.
    timeout = 2 if MODE == "good" else None

    def log_message(self, *_):
        pass

    def answer(self, body, kind, headers=(), status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/metrics":
            self.metrics()
        elif MODE == "small" and url.path == "/broken":
            self.answer(b"", "text/plain", status=500)
        else:
            self.items(urllib.parse.parse_qs(url.query))

    def metrics(self):
        if MODE == "small":
            # Nothing to read is no word about what is exported elsewhere.
            self.answer(b"", "text/plain", status=404)
        else:
            text = GOOD_METRICS if MODE == "good" else BAD_METRICS
            self.answer(text.encode(), "text/plain; version=0.0.4")

    def items(self, query):
        items, headers = ITEMS, []
        if MODE == "good":
            # api.pagination: a page by default, and a cap on the limit that is asked for.
            items = items[: min(int(query.get("limit", ["50"])[0]), 100)]
        if MODE == "bad":
            # api.response-times: the first byte takes 0.7 s.
            time.sleep(0.7)
        body = json.dumps(items).encode()
        if MODE == "good":
            # api.caching: a validator that is honoured.
            tag = '"' + hashlib.sha256(body).hexdigest() + '"'
            headers += [("ETag", tag), ("Vary", "Accept-Encoding")]
            if self.headers.get("If-None-Match") == tag:
                self.send_response(304)
                self.send_header("ETag", tag)
                self.end_headers()
                return
            # api.compression: text is compressed where the client takes it.
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                body = gzip.compress(body)
                headers.append(("Content-Encoding", "gzip"))
        self.answer(body, "application/json", headers)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


Server((ADDRESS, PORT), Handler).serve_forever()
