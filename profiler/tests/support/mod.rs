//! A real HTTP server with good and bad routes.

use std::{
    convert::Infallible,
    io::Write,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

/// Items that the table behind the collections has.
pub(crate) const TABLE: usize = 5_000;

/// How the server treats its clients.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manners {
    /// Whether it speaks HTTP/2 by prior knowledge besides HTTP/1.1.
    pub(crate) http2: bool,
    /// Whether it gives up a request whose head does not end within 300 ms.
    pub(crate) head_timeout: bool,
}

/// A server that lives as long as the test's process.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Connections accepted so far.
    pub(crate) connections: Arc<AtomicU64>,
}

impl Server {
    /// Starts a server on a thread of its own.
    pub(crate) fn start(manners: Manners) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .unwrap()
                .block_on(accept(listener, manners, counted));
        });
        Self {
            address,
            connections,
        }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn accept(listener: std::net::TcpListener, manners: Manners, counted: Arc<AtomicU64>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        counted.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(serve(stream, manners));
    }
}

async fn serve(stream: TcpStream, manners: Manners) {
    let mut start = [0; 3];
    let is_http2 = manners.http2 && stream.peek(&mut start).await.is_ok() && &start == b"PRI";
    let stream = TokioIo::new(stream);
    let service = service_fn(|request| async move { Ok::<_, Infallible>(answer(&request)) });
    // Errors of single connections are what the prober provokes.
    if is_http2 {
        let _ = http2::Builder::new(TokioExecutor::new())
            .serve_connection(stream, service)
            .await;
    } else {
        let timeout = manners.head_timeout.then_some(Duration::from_millis(300));
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(timeout);
        let _ = builder.serve_connection(stream, service).await;
    }
}

type Answer = Response<Full<Bytes>>;

fn answer(request: &Request<Incoming>) -> Answer {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let json = |body: String| {
        Response::builder()
            .header("content-type", "application/json")
            .body(Full::from(body))
            .unwrap()
    };
    match request.uri().path() {
        "/good" if header("if-none-match") == Some("\"v1\"") => status(304),
        "/good" => good(
            header("accept-encoding").unwrap_or(""),
            limit(request).unwrap_or(20),
        ),
        "/bad" => json(items(limit(request).unwrap_or(TABLE))),
        "/strict" if limit(request).is_some_and(|limit| limit > 100) => status(400),
        "/strict" => json(items(20)),
        "/record" => json("{\"id\": 7}".into()),
        "/old" if header("if-modified-since").is_some() => status(200),
        "/old" => with("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT"),
        "/away" => Response::builder()
            .status(302)
            .header("location", header("x-never").unwrap_or("http://192.0.2.1/"))
            .body(Full::default())
            .unwrap(),
        "/broken" => status(500),
        "/metrics" => Response::new(Full::from(METRICS)),
        _ => status(404),
    }
}

const METRICS: &str = "# TYPE http_request_duration_seconds histogram\n\
    http_request_duration_seconds_bucket{le=\"0.1\"} 1\n\
    http_request_duration_seconds_bucket{le=\"+Inf\"} 1\n\
    http_request_duration_seconds_sum 0.05\n\
    http_request_duration_seconds_count 1\n";

fn status(status: u16) -> Answer {
    Response::builder()
        .status(status)
        .body(Full::default())
        .unwrap()
}

fn with(name: &str, value: &str) -> Answer {
    Response::builder()
        .header(name, value)
        .body(Full::from("text"))
        .unwrap()
}

fn limit(request: &Request<Incoming>) -> Option<usize> {
    request
        .uri()
        .query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("limit="))?
        .parse()
        .ok()
}

fn items(count: usize) -> String {
    let items: Vec<String> = (0..count.min(TABLE))
        .map(|id| format!("{{\"id\":{id},\"name\":\"account\"}}"))
        .collect();
    format!("{{\"items\":[{}],\"total\":{TABLE}}}", items.join(","))
}

/// Compressed on demand, cacheable, and never more than 100 items.
fn good(accept_encoding: &str, limit: usize) -> Answer {
    let body = items(limit.min(100));
    let answer = Response::builder()
        .header("content-type", "application/json")
        .header("cache-control", "max-age=60")
        .header("etag", "\"v1\"");
    if accept_encoding != "gzip" {
        return answer.body(Full::from(body)).unwrap();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    answer
        .header("content-encoding", "gzip")
        .body(Full::from(encoder.finish().unwrap()))
        .unwrap()
}
