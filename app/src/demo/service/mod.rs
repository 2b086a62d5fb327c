//! The bundled workload: a small order service with a ledger, and with known faults.
//!
//! Its faults, for the demo to find: [`fraud`] compares an order with every other one, byte by
//! byte (the hot function); [`ledger`] holds one lock while it works (the contended lock);
//! answers stored under idempotency keys never expire (the slow leak); `/orders` answers all
//! orders, uncompressed and whatever limit is asked for. What it does well: `/metrics` in
//! Prometheus' format, an entity tag on `/catalog`, and a bound on stalled requests.

mod fraud;
mod ledger;
mod metrics;
mod order;
mod routes;
mod shop;

use std::{
    io::{self, Read, Write},
    net::Ipv4Addr,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use shop::Shop;

/// What the service prints before its address.
pub(crate) const LISTENING_AT: &str = "listening at ";

/// Name of the process, as `ps` shows it.
pub(crate) const PROCESS_NAME: &str = "ordersd";

/// Threads that answer requests.
const WORKER_THREADS: usize = 4;

/// Longest wait for the rest of a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves on a free port of the loopback address until standard input closes: a service whose
/// parent was killed ends with it. Prints the address as the first line of standard output.
pub(crate) fn run() -> anyhow::Result<()> {
    // Without the name it would only be shown under the binary's.
    let _ = std::fs::write("/proc/self/comm", PROCESS_NAME);
    let shop = Arc::new(Shop::open());
    ledger::start_settlement(Arc::clone(&shop)).context("cannot start the settlement thread")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .thread_name("orders-worker")
        .enable_all()
        .build()
        .context("cannot start the service's threads")?;
    let listener = runtime
        .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .context("cannot listen on the loopback address")?;
    let address = listener.local_addr()?;
    writeln!(io::stdout(), "{LISTENING_AT}{address}")?;
    runtime.spawn(accept(listener, shop));
    wait_for_the_end_of_input()?;
    runtime.shutdown_background();
    Ok(())
}

fn wait_for_the_end_of_input() -> io::Result<()> {
    let mut ignored = [0; 256];
    while io::stdin().read(&mut ignored)? > 0 {}
    Ok(())
}

async fn accept(listener: TcpListener, shop: Arc<Shop>) {
    loop {
        match listener.accept().await {
            Ok((connection, _)) => {
                tokio::spawn(serve(connection, Arc::clone(&shop)));
            }
            // Out of descriptors, most likely: some will be closed soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn serve(connection: TcpStream, shop: Arc<Shop>) {
    let _ = connection.set_nodelay(true);
    let answer = service_fn(move |request| routes::answer(Arc::clone(&shop), request));
    // A client that goes away in the middle of an answer is no fault of the service.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(connection), answer)
        .await;
}
