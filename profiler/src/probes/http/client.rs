//! A small HTTP/1.1 client on hyper: one origin, one connection at a time, bounded in every way.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Empty};
use hyper::{
    HeaderMap, Request, StatusCode, Uri,
    body::{Bytes, Incoming},
    client::conn::http1::{SendRequest, handshake},
    header::{HOST, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use scrutineer_evidence::{Absent, Gathered};
use tokio::{net::TcpStream, time::timeout};

use super::{failed, origin::Origin};
use crate::redaction::redact_text;

/// For connecting, for an answer's head, and for its body.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Larger bodies are given up.
const MOST_BODY_BYTES: usize = 64 << 20;
const OUR_NAME: &str = concat!("scrutineer/", env!("CARGO_PKG_VERSION"));

/// An answer with its body as it came over the wire, without its chunks' framing.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// From sending the request to the head of the answer.
    pub(super) first_byte: Duration,
}

impl Answer {
    /// A header as text; `None` where it is absent or no text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Asks one URL again and again.
#[derive(Debug)]
pub(super) struct Client {
    origin: Origin,
    path: String,
    connection: Option<SendRequest<Empty<Bytes>>>,
}

impl Client {
    /// A client for a URL; nothing is contacted yet.
    pub(super) fn to(url: &str) -> Gathered<Self> {
        let uri: Uri = url
            .parse()
            .map_err(|_| failed(format!("`{}` is no URL", redact_text(url))))?;
        let origin = Origin::of(&uri)
            .ok_or_else(|| failed(format!("`{}` names no http host", redact_text(url))))?;
        let path = uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned();
        Ok(Self {
            origin,
            path,
            connection: None,
        })
    }

    /// Sends a `GET` with these headers and reads the whole answer. Redirects are not followed.
    pub(super) async fn get(&mut self, headers: &[(&str, &str)]) -> Gathered<Answer> {
        match self.try_get(headers).await {
            // A kept connection may have been closed by the server meanwhile: once more, afresh.
            Err(Trouble::Closed) => self.try_get(headers).await,
            other => other,
        }
        .map_err(|trouble| trouble.at(&self.origin))
    }

    async fn try_get(&mut self, headers: &[(&str, &str)]) -> Result<Answer, Trouble> {
        let request = self.request(headers)?;
        let was_open = self.connection.is_some();
        let mut sender = match self.connection.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => connect(&self.origin).await?,
        };
        let closed = |error: hyper::Error| {
            if was_open {
                Trouble::Closed
            } else {
                Trouble::broken(&error)
            }
        };
        timeout(TIMEOUT, sender.ready())
            .await
            .map_err(|_| Trouble::Slow)?
            .map_err(closed)?;
        let sent = Instant::now();
        let response = timeout(TIMEOUT, sender.send_request(request))
            .await
            .map_err(|_| Trouble::Slow)?
            .map_err(closed)?;
        let first_byte = sent.elapsed();
        let (head, body) = response.into_parts();
        let body = timeout(TIMEOUT, read_body(body))
            .await
            .map_err(|_| Trouble::SlowBody)??;
        self.connection = Some(sender);
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
            first_byte,
        })
    }

    fn request(&self, headers: &[(&str, &str)]) -> Result<Request<Empty<Bytes>>, Trouble> {
        let mut request = Request::builder()
            .uri(&self.path)
            .header(HOST, self.origin.host_header())
            .header(USER_AGENT, OUR_NAME);
        for (name, value) in headers {
            // A validator is repeated as it came, whatever bytes it holds.
            let value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|error| Trouble::broken(&error))?;
            request = request.header(*name, value);
        }
        request
            .body(Empty::new())
            .map_err(|error| Trouble::broken(&error))
    }
}

/// What can go wrong with one request.
#[derive(Debug)]
pub(super) enum Trouble {
    Tls,
    Connect(String),
    Slow,
    SlowBody,
    TooLarge,
    Closed,
    Broken(String),
}

impl Trouble {
    /// With hyper's reasons, which it keeps apart from its words.
    pub(super) fn broken(error: &dyn Error) -> Self {
        let mut why = error.to_string();
        let mut source = error.source();
        while let Some(reason) = source {
            why = format!("{why}: {reason}");
            source = reason.source();
        }
        Self::Broken(why)
    }

    /// In a sentence for the user.
    pub(super) fn at(&self, origin: &Origin) -> Absent {
        let place = origin.base();
        failed(match self {
            Self::Tls => format!(
                "{place} speaks TLS, which the prober does not speak yet; declare the endpoint \
                 behind it that speaks plain HTTP, if there is one"
            ),
            Self::Connect(why) => {
                format!("{place} cannot be connected to: {why}; is the service running?")
            }
            Self::Slow => format!("{place} did not answer within {} s", TIMEOUT.as_secs()),
            Self::SlowBody => {
                format!(
                    "{place} did not finish its answer within {} s",
                    TIMEOUT.as_secs()
                )
            }
            Self::TooLarge => {
                format!(
                    "the answer of {place} is larger than {} MiB",
                    MOST_BODY_BYTES >> 20
                )
            }
            Self::Closed => format!("{place} closed the connection without an answer"),
            Self::Broken(why) => format!("{place} answered no valid HTTP: {why}"),
        })
    }
}

async fn connect(origin: &Origin) -> Result<SendRequest<Empty<Bytes>>, Trouble> {
    let stream = open(origin).await?;
    let (sender, connection) = timeout(TIMEOUT, handshake(TokioIo::new(stream)))
        .await
        .map_err(|_| Trouble::Slow)?
        .map_err(|error| Trouble::broken(&error))?;
    // Its end shows at the sender.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Opens a plain TCP connection.
pub(super) async fn open(origin: &Origin) -> Result<TcpStream, Trouble> {
    if origin.is_tls() {
        return Err(Trouble::Tls);
    }
    let stream = timeout(TIMEOUT, TcpStream::connect((origin.host(), origin.port())))
        .await
        .map_err(|_| Trouble::Connect("no answer".into()))?
        .map_err(|error| Trouble::Connect(error.to_string()))?;
    // Small requests must not wait for acknowledgements, or times to the first byte lie.
    stream
        .set_nodelay(true)
        .map_err(|error| Trouble::Connect(error.to_string()))?;
    Ok(stream)
}

async fn read_body(mut body: Incoming) -> Result<Bytes, Trouble> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Trouble::broken(&error))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > MOST_BODY_BYTES {
                return Err(Trouble::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.into())
}
