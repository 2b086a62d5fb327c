//! Everything that is asked of one endpoint.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use flate2::{Compression as Level, write::GzEncoder};
use scrutineer_evidence::{
    Absent, Gathered,
    http::{Caching, Compression, EncodedAnswer, Endpoint, Pagination},
};

use super::{
    client::{Answer, Client},
    collection::{items_in, with_limit},
    failed,
};
use crate::redaction::redact_text;

/// Plain requests of which the time to the first byte is taken.
const REPEATS: usize = 20;
/// A slow endpoint is asked fewer times.
const MOST_TIME: Duration = Duration::from_secs(10);
const ENCODINGS: [&str; 3] = ["gzip", "br", "zstd"];
/// Level 6 is zlib's and nginx's neighbourhood of defaults.
const GZIP_LEVEL: u32 = 6;
const HUGE_LIMIT: u32 = 100_000;
const IDENTITY: (&str, &str) = ("accept-encoding", "identity");

/// Asks the endpoint in every way; one that answers nothing says why.
pub(super) async fn probe_endpoint(url: &str) -> Gathered<Endpoint> {
    let mut client = Client::to(url)?;
    let first = client.get(&[IDENTITY]).await?;
    let first_byte_us = times_to_first_byte(&mut client, &first).await;
    let compression = compression(&mut client, &first).await;
    let caching = caching(&mut client, &first).await;
    let pagination = pagination(url, &first).await;
    Ok(Endpoint {
        url: redact_text(url),
        status: first.status.as_u16(),
        content_type: first.header("content-type").map(str::to_owned),
        first_byte_us,
        compression,
        caching,
        pagination,
    })
}

async fn times_to_first_byte(client: &mut Client, first: &Answer) -> Vec<u64> {
    let begin = Instant::now();
    let mut times = vec![first.first_byte.as_micros() as u64];
    while times.len() < REPEATS && begin.elapsed() < MOST_TIME {
        let Ok(answer) = client.get(&[IDENTITY]).await else {
            break;
        };
        times.push(answer.first_byte.as_micros() as u64);
    }
    times
}

/// Answers other than 2xx say nothing about how the resource itself is served.
fn check_status(answer: &Answer) -> Gathered<()> {
    if answer.status.is_success() {
        Ok(())
    } else {
        Err(failed(format!(
            "the endpoint answered {}",
            answer.status.as_u16()
        )))
    }
}

async fn compression(client: &mut Client, plain: &Answer) -> Gathered<Compression> {
    check_status(plain)?;
    if let Some(encoding) = plain
        .header("content-encoding")
        .filter(|e| *e != "identity")
    {
        return Err(failed(format!(
            "the endpoint answered in {} although only identity was asked for",
            redact_text(encoding)
        )));
    }
    let mut answers = Vec::with_capacity(ENCODINGS.len());
    for accept in ENCODINGS {
        let answer = client.get(&[("accept-encoding", accept)]).await?;
        check_status(&answer)?;
        answers.push(EncodedAnswer {
            accept: accept.to_owned(),
            encoding: content_encoding(&answer),
            body_bytes: answer.body.len() as u64,
        });
    }
    Ok(Compression {
        identity_bytes: plain.body.len() as u64,
        gzip_estimate_bytes: gzip_bytes(&plain.body),
        answers,
    })
}

fn content_encoding(answer: &Answer) -> String {
    let encoding = answer.header("content-encoding").unwrap_or_default().trim();
    if encoding == "identity" {
        String::new()
    } else {
        encoding.to_ascii_lowercase()
    }
}

fn gzip_bytes(body: &[u8]) -> u64 {
    let mut encoder = GzEncoder::new(Vec::new(), Level::new(GZIP_LEVEL));
    encoder
        .write_all(body)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
        .len() as u64
}

async fn caching(client: &mut Client, plain: &Answer) -> Gathered<Caching> {
    check_status(plain)?;
    let validators = [
        ("etag", "if-none-match"),
        ("last-modified", "if-modified-since"),
    ];
    let conditions: Vec<(&str, &str)> = validators
        .iter()
        .filter_map(|(validator, condition)| Some((*condition, plain.header(validator)?)))
        .collect();
    // RFC 9110 lets `If-None-Match` win over the date: one condition is asked at a time.
    let revalidation_status = match conditions.first() {
        Some(condition) => Some(client.get(&[IDENTITY, *condition]).await?.status.as_u16()),
        None => None,
    };
    Ok(Caching {
        cache_control: plain.header("cache-control").map(str::to_owned),
        has_validator: !conditions.is_empty(),
        revalidation_status,
    })
}

async fn pagination(url: &str, plain: &Answer) -> Gathered<Pagination> {
    check_status(plain)?;
    let Some(default_items) = items_in(&plain.body) else {
        return Err(Absent::NotAsked {
            would_need: "the answer is no JSON collection: there is nothing to page through".into(),
        });
    };
    let all = Client::to(&with_limit(url, HUGE_LIMIT))?
        .get(&[IDENTITY])
        .await?;
    if all.status.is_client_error() {
        // A limit that is refused is one that is held: the default answer is the most.
        return Ok(Pagination {
            default_items,
            default_bytes: plain.body.len() as u64,
            unlimited_items: default_items,
            unlimited_bytes: plain.body.len() as u64,
        });
    }
    check_status(&all)?;
    let unlimited_items = items_in(&all.body).ok_or_else(|| {
        failed(format!(
            "with limit={HUGE_LIMIT} the answer is no JSON collection any more"
        ))
    })?;
    Ok(Pagination {
        default_items,
        default_bytes: plain.body.len() as u64,
        unlimited_items,
        unlimited_bytes: all.body.len() as u64,
    })
}
