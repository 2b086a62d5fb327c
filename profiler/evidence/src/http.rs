//! What declared HTTP endpoints answered to the active prober.

use serde::{Deserialize, Serialize};

use crate::Gathered;

/// One answer to a request for one encoding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodedAnswer {
    /// `Accept-Encoding` that was sent.
    pub accept: String,
    /// `Content-Encoding` that came back; empty for identity.
    pub encoding: String,
    /// Bytes of the body on the wire.
    pub body_bytes: u64,
}

/// Facts about compression of one endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compression {
    /// Bytes of the body without compression.
    pub identity_bytes: u64,
    /// Bytes of that body after gzip at level 6 on our side: what compression could give.
    pub gzip_estimate_bytes: u64,
    /// Answers to `gzip`, `br`, `zstd`, in that order.
    pub answers: Vec<EncodedAnswer>,
}

/// Facts about caching of one endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caching {
    /// `Cache-Control` as it came.
    pub cache_control: Option<String>,
    /// Whether an `ETag` or `Last-Modified` came.
    pub has_validator: bool,
    /// Status of the request that repeated the validator; `None` where there was none to repeat.
    pub revalidation_status: Option<u16>,
}

/// Facts about pagination of one endpoint that answers a JSON collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pagination {
    /// Items in the answer to the endpoint as declared.
    pub default_items: u64,
    /// Bytes of that answer.
    pub default_bytes: u64,
    /// Items in the answer with `limit=100000`.
    pub unlimited_items: u64,
    /// Bytes of that answer.
    pub unlimited_bytes: u64,
}

/// One declared endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// URL as declared.
    pub url: String,
    /// Status of a plain `GET`.
    pub status: u16,
    /// `Content-Type` as it came.
    pub content_type: Option<String>,
    /// Time to the first byte of each plain `GET`, microseconds, in order of sending.
    pub first_byte_us: Vec<u64>,
    /// Compression.
    pub compression: Gathered<Compression>,
    /// Caching.
    pub caching: Gathered<Caching>,
    /// Pagination; absent where the answer is no JSON collection.
    pub pagination: Gathered<Pagination>,
}

/// One family of a metrics endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricFamily {
    /// Name of the family.
    pub name: String,
    /// `counter`, `gauge`, `histogram`, `summary` or `untyped`.
    pub kind: String,
    /// Series in the family.
    pub series: u64,
    /// Upper bounds of the buckets of a histogram, finite ones, sorted; empty for other kinds.
    pub buckets: Vec<f64>,
}

/// What a metrics endpoint exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// URL that answered.
    pub url: String,
    /// Families, sorted by name.
    pub families: Vec<MetricFamily>,
    /// Series in all.
    pub series: u64,
}

/// What became of a request of which only the half was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StalledRequest {
    /// How long the prober waited at most, seconds.
    pub waited_s: f64,
    /// When the server closed or answered, seconds after the stall; `None` where it did not.
    pub closed_after_s: Option<f64>,
}

/// Protocol versions that an origin speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// `scheme://host:port`.
    pub origin: String,
    /// Whether the origin is on this machine.
    pub loopback: bool,
    /// Whether HTTP/2 by prior knowledge (cleartext) or by ALPN (TLS) was spoken.
    pub http2: bool,
    /// Endpoints declared at this origin.
    pub endpoints: u32,
}

/// What the declared endpoints answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpFacts {
    /// Declared endpoints in the order of their declaration; one that did not answer says why.
    pub endpoints: Vec<(String, Gathered<Endpoint>)>,
    /// Protocol per origin, sorted by origin.
    pub protocols: Vec<Protocol>,
    /// Metrics endpoint: the declared one, else `/metrics` of the first origin.
    pub metrics: Gathered<Metrics>,
    /// A stalled request at the first origin; not asked unless the workspace allows it.
    pub stalled: Gathered<StalledRequest>,
}
