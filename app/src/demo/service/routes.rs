//! The routes of the service.

use std::{
    convert::Infallible,
    sync::{Arc, PoisonError},
    time::Instant,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};

use super::{fraud, order::NewOrder, shop::Shop};

type Answer = Response<Full<Bytes>>;

/// Entity tag of the catalogue, which never changes while the service runs.
const CATALOG_TAG: &str = "\"catalog-1\"";

/// Answers one request and counts it.
pub(super) async fn answer(
    shop: Arc<Shop>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let start = Instant::now();
    let (route, answer) = dispatch(&shop, request).await;
    shop.metrics
        .count(route, answer.status().as_u16(), start.elapsed());
    Ok(answer)
}

async fn dispatch(shop: &Shop, request: Request<Incoming>) -> (&'static str, Answer) {
    let path = request.uri().path().trim_matches('/').to_owned();
    let parts: Vec<_> = path.split('/').collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["orders"]) => ("/orders", all_orders(shop)),
        (&Method::POST, ["orders"]) => ("/orders", place_order(shop, request).await),
        (&Method::GET, ["orders", id]) => ("/orders/:id", one_order(shop, id)),
        (&Method::GET, ["orders", id, "risk"]) => ("/orders/:id/risk", risk(shop, id)),
        (&Method::GET, ["ledger", "statement"]) => ("/ledger/statement", statement(shop)),
        (&Method::GET, ["catalog"]) => ("/catalog", catalog(shop, &request)),
        (&Method::GET, ["metrics"]) => ("/metrics", metrics(shop)),
        (&Method::GET, ["health"]) => ("/health", json(&"ok")),
        _ => ("other", status(StatusCode::NOT_FOUND)),
    }
}

/// KNOWN FAULTS: all orders, whatever limit is asked for; never compressed.
fn all_orders(shop: &Shop) -> Answer {
    json(&*shop.orders.read().unwrap_or_else(PoisonError::into_inner))
}

async fn place_order(shop: &Shop, request: Request<Incoming>) -> Answer {
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let Some(key) = key.map(str::to_owned) else {
        return status(StatusCode::BAD_REQUEST);
    };
    let Ok(body) = request.into_body().collect().await else {
        return status(StatusCode::BAD_REQUEST);
    };
    match serde_json::from_slice::<NewOrder>(&body.to_bytes()) {
        Ok(new) => text("text/plain; charset=utf-8", shop.place(&key, new)),
        Err(_) => status(StatusCode::UNPROCESSABLE_ENTITY),
    }
}

fn one_order(shop: &Shop, id: &str) -> Answer {
    let orders = shop.orders.read().unwrap_or_else(PoisonError::into_inner);
    match position(id).and_then(|at| orders.get(at)) {
        Some(order) => json(order),
        None => status(StatusCode::NOT_FOUND),
    }
}

fn risk(shop: &Shop, id: &str) -> Answer {
    let orders = shop.orders.read().unwrap_or_else(PoisonError::into_inner);
    match position(id).and_then(|at| orders.get(at)) {
        Some(order) => json(&serde_json::json!({ "risk": fraud::score(order, &orders) })),
        None => status(StatusCode::NOT_FOUND),
    }
}

fn position(id: &str) -> Option<usize> {
    id.parse::<usize>().ok()?.checked_sub(1)
}

/// KNOWN FAULT: a blocking lock on a thread that serves many requests.
fn statement(shop: &Shop) -> Answer {
    json(
        &shop
            .ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .statement(),
    )
}

fn catalog(shop: &Shop, request: &Request<Incoming>) -> Answer {
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .is_some_and(|tag| tag == CATALOG_TAG);
    let mut answer = if known {
        status(StatusCode::NOT_MODIFIED)
    } else {
        text("application/json", shop.catalog.clone())
    };
    let headers = answer.headers_mut();
    headers.insert(ETAG, hyper::header::HeaderValue::from_static(CATALOG_TAG));
    headers.insert(
        CACHE_CONTROL,
        hyper::header::HeaderValue::from_static("max-age=60"),
    );
    answer
}

fn metrics(shop: &Shop) -> Answer {
    text("text/plain; version=0.0.4", shop.metrics.page().into())
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> Answer {
    match serde_json::to_vec(value) {
        Ok(body) => text("application/json", body.into()),
        Err(_) => status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn text(content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    answer.headers_mut().insert(
        CONTENT_TYPE,
        hyper::header::HeaderValue::from_static(content_type),
    );
    answer
}

fn status(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
