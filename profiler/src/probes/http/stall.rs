//! A request of which only the half is sent: does the server wait for ever?

use std::time::{Duration, Instant};

use scrutineer_evidence::{Gathered, http::StalledRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    client::{Trouble, open},
    origin::Origin,
};

/// Sends half a head and waits until the server closes or answers, at most for so long.
pub(super) async fn stall(origin: &Origin, most: Duration) -> Gathered<StalledRequest> {
    let mut stream = open(origin).await.map_err(|trouble| trouble.at(origin))?;
    let half = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\n",
        origin.path(),
        origin.host_header()
    );
    stream
        .write_all(half.as_bytes())
        .await
        .map_err(|error| Trouble::broken(&error).at(origin))?;
    let begin = Instant::now();
    // Data, an end and a reset all say that the server gave up waiting.
    let ended = timeout(most, stream.read(&mut [0; 512])).await.is_ok();
    Ok(StalledRequest {
        waited_s: most.as_secs_f64(),
        closed_after_s: ended.then(|| begin.elapsed().as_secs_f64()),
    })
}
