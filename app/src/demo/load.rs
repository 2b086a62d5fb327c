//! The load driver: requests at planned times, whatever the service makes of them (open model).
//!
//! Latency counts from the planned time, so a service that stalls cannot hide the wait of those
//! behind. Requests come at exponential intervals from a fixed seed: the same on every run.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use scrutineer_evidence::traffic::TrafficFacts;
use scrutineer_profiler::progress::Progress;
use tokio::{
    net::TcpStream,
    sync::{Mutex, mpsc},
    time::{sleep, sleep_until, timeout_at},
};

/// Connections that are kept open and shared by all requests.
const CONNECTIONS: usize = 16;

/// Longest wait for an answer, from the planned time.
const PATIENCE: Duration = Duration::from_secs(5);

/// Requests that may wait for a connection; more are counted as failed.
const QUEUE: usize = 10_000;

/// Where to send requests, how many, and of which kind.
#[derive(Clone, Debug)]
pub(super) struct LoadPlan {
    /// Address of the service.
    pub(super) address: SocketAddr,
    /// Requests per second, on average.
    pub(super) rate_per_s: f64,
}

/// One request that was sent (or should have been).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    planned: Instant,
    latency: Duration,
    succeeded: bool,
}

/// All requests of a run.
#[derive(Debug)]
pub(super) struct LoadLog {
    rate_per_s: f64,
    sent: Vec<Sent>,
}

/// Drives the service until `progress` is cancelled, then waits for the answers under way.
pub(super) async fn drive(plan: LoadPlan, progress: impl Progress) -> LoadLog {
    let (planned, queue) = mpsc::channel(QUEUE);
    let queue = Arc::new(Mutex::new(queue));
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(send_in_turn(plan.address, Arc::clone(&queue))))
        .collect();
    let mut sent = plan_requests(&plan, planned, &progress).await;
    for connection in connections {
        // A task only panics by a bug of ours; its requests are then missing from the facts.
        sent.extend(connection.await.unwrap_or_default());
    }
    LoadLog {
        rate_per_s: plan.rate_per_s,
        sent,
    }
}

/// Hands requests to the connections at their planned times. Gives those that found no room.
async fn plan_requests(
    plan: &LoadPlan,
    planned: mpsc::Sender<Planned>,
    progress: &impl Progress,
) -> Vec<Sent> {
    let mut random = SplitMix64(0x5EED);
    let mut refused = Vec::new();
    let mut at = Instant::now();
    for number in 0_u64.. {
        at += Duration::from_secs_f64(-random.unit().ln() / plan.rate_per_s);
        while !progress.is_cancelled() && Instant::now() + CANCEL_POLL < at {
            sleep(CANCEL_POLL).await;
        }
        if progress.is_cancelled() {
            break;
        }
        sleep_until(at.into()).await;
        if planned
            .try_send(Planned {
                at,
                call: Call::pick(&mut random, number),
            })
            .is_err()
        {
            refused.push(Sent {
                planned: at,
                latency: PATIENCE,
                succeeded: false,
            });
        }
    }
    refused
}

/// Longest sleep between two looks at whether to end.
const CANCEL_POLL: Duration = Duration::from_millis(50);

#[derive(Debug)]
struct Planned {
    at: Instant,
    call: Call,
}

/// What one connection does: takes the next planned request, sends it, waits for the answer.
async fn send_in_turn(
    address: SocketAddr,
    queue: Arc<Mutex<mpsc::Receiver<Planned>>>,
) -> Vec<Sent> {
    let mut connection = None;
    let mut sent = Vec::new();
    loop {
        let next = queue.lock().await.recv().await;
        let Some(Planned { at, call }) = next else {
            return sent;
        };
        let exchange = exchange(&mut connection, address, call);
        let status = timeout_at((at + PATIENCE).into(), exchange)
            .await
            .ok()
            .flatten();
        let succeeded = status.is_some_and(|status| status < 500);
        if status.is_none() {
            connection = None;
        }
        sent.push(Sent {
            planned: at,
            latency: at.elapsed(),
            succeeded,
        });
    }
}

/// Sends one request over the kept connection, or over a new one. Gives the status.
async fn exchange(
    connection: &mut Option<SendRequest<Full<Bytes>>>,
    address: SocketAddr,
    call: Call,
) -> Option<u16> {
    let mut sender = match connection.take() {
        Some(sender) if !sender.is_closed() => sender,
        _ => connect(address).await?,
    };
    sender.ready().await.ok()?;
    let answer = sender.send_request(call.request(address)).await.ok()?;
    let status = answer.status().as_u16();
    answer.into_body().collect().await.ok()?;
    *connection = Some(sender);
    Some(status)
}

async fn connect(address: SocketAddr) -> Option<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

/// A request of the mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Risk(u64),
    Place(u64),
    Order(u64),
    Statement,
    Catalog,
    AllOrders,
    Metrics,
}

impl Call {
    /// Draws the next request: shares in percent.
    fn pick(random: &mut SplitMix64, number: u64) -> Self {
        let order = 1 + random.next() % 2_400;
        match random.next() % 100 {
            0..35 => Self::Risk(order),
            35..60 => Self::Place(number),
            60..75 => Self::Order(order),
            75..85 => Self::Statement,
            85..96 => Self::Catalog,
            96..99 => Self::AllOrders,
            _ => Self::Metrics,
        }
    }

    fn request(self, address: SocketAddr) -> Request<Full<Bytes>> {
        let (method, path) = match self {
            Self::Risk(order) => (Method::GET, format!("/orders/{order}/risk")),
            Self::Place(_) => (Method::POST, "/orders".into()),
            Self::Order(order) => (Method::GET, format!("/orders/{order}")),
            Self::Statement => (Method::GET, "/ledger/statement".into()),
            Self::Catalog => (Method::GET, "/catalog".into()),
            Self::AllOrders => (Method::GET, "/orders".into()),
            Self::Metrics => (Method::GET, "/metrics".into()),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", address.to_string())
            .header("user-agent", "scrutineer-demo");
        let mut body = Bytes::new();
        if let Self::Place(number) = self {
            request = request.header("idempotency-key", format!("demo-{number}"));
            body = new_order(number).into();
        }
        request
            .body(Full::new(body))
            .expect("the parts above are valid")
    }
}

fn new_order(number: u64) -> String {
    serde_json::json!({
        "customer": format!("Customer {}", number % 97),
        "ship_to": format!("{} Station Street, {:05} Graz", 1 + number % 180, 10_000 + number % 80_000),
        "lines": [{
            "sku": format!("SKU-{:05}", number % 20_000),
            "quantity": 1 + number % 4,
            "price_cents": 499 + number % 20_000,
        }],
    })
    .to_string()
}

impl LoadLog {
    /// What was planned from `from` until `to`.
    pub(super) fn facts(&self, from: Instant, to: Instant) -> TrafficFacts {
        let window: Vec<_> = self
            .sent
            .iter()
            .filter(|sent| (from..to).contains(&sent.planned))
            .collect();
        let mut latencies: Vec<_> = window
            .iter()
            .map(|sent| sent.latency.as_micros() as u64)
            .collect();
        latencies.sort_unstable();
        let enough = |least: usize| latencies.len() >= least;
        TrafficFacts {
            window_s: (to - from).as_secs_f64(),
            requests: window.len() as u64,
            errors: window.iter().filter(|sent| !sent.succeeded).count() as u64,
            planned_per_s: self.rate_per_s,
            p50_us: percentile(&latencies, 0.50),
            p95_us: enough(200).then(|| percentile(&latencies, 0.95)),
            p99_us: enough(10_000).then(|| percentile(&latencies, 0.99)),
        }
    }
}

/// Nearest-rank percentile of sorted values; 0 without values.
fn percentile(sorted: &[u64], share: f64) -> u64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

/// Steele, Lea and Flood's `SplitMix64` (2014): enough for a load that is the same on every run.
#[derive(Clone, Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In (0, 1].
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_sequence() {
        // First outputs for seed 1234567, as in the reference implementation's test vectors.
        let mut random = SplitMix64(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Vec<_> = (1..=200).collect();
        assert_eq!(percentile(&values, 0.50), 100);
        assert_eq!(percentile(&values, 0.95), 190);
        assert_eq!(percentile(&[], 0.5), 0);
    }

    #[test]
    fn only_what_was_planned_in_the_window_counts() {
        let start = Instant::now();
        let at = |ms| Sent {
            planned: start + Duration::from_millis(ms),
            latency: Duration::from_micros(ms),
            succeeded: ms != 30,
        };
        let log = LoadLog {
            rate_per_s: 100.0,
            sent: [10, 20, 30, 40].map(at).into(),
        };
        let facts = log.facts(
            start + Duration::from_millis(20),
            start + Duration::from_millis(40),
        );
        assert_eq!((facts.requests, facts.errors, facts.p50_us), (2, 1, 20));
        assert_eq!(facts.p95_us, None);
    }

    #[test]
    fn a_service_that_stalls_cannot_hide_the_wait_of_those_behind() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            // Accepts and never answers.
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let queue = mpsc::channel(4);
            let long_ago = Instant::now().checked_sub(PATIENCE).unwrap();
            queue
                .0
                .try_send(Planned {
                    at: long_ago,
                    call: Call::Catalog,
                })
                .unwrap();
            drop(queue.0);
            let sent = send_in_turn(address, Arc::new(Mutex::new(queue.1))).await;
            assert!(!sent[0].succeeded);
            assert!(sent[0].latency >= PATIENCE);
        });
    }
}
