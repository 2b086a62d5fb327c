//! Origins of the declared endpoints, and whether they speak HTTP/2.

use std::net::IpAddr;

use http_body_util::Empty;
use hyper::{Request, Uri, body::Bytes, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use scrutineer_evidence::{Gathered, http::Protocol};
use tokio::{net::lookup_host, time::timeout};

use super::client::{TIMEOUT, Trouble, open};

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    is_tls: bool,
    /// Without brackets.
    host: String,
    port: u16,
    /// Declared endpoints at this origin.
    endpoints: u32,
    /// Path of the first of them.
    path: String,
}

impl Origin {
    /// The origin of a URL; `None` without host, and for other schemes.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let is_tls = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let host = uri
            .host()?
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_ascii_lowercase();
        Some(Self {
            is_tls,
            host,
            port: uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            endpoints: 1,
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
        })
    }

    /// Origins in the order in which they are declared first.
    pub(super) fn all_of(urls: &[String]) -> Vec<Self> {
        let mut origins: Vec<Self> = Vec::new();
        for origin in urls.iter().filter_map(|url| Self::of(&url.parse().ok()?)) {
            match origins
                .iter_mut()
                .find(|known| known.base() == origin.base())
            {
                Some(known) => known.endpoints += 1,
                None => origins.push(origin),
            }
        }
        origins
    }

    pub(super) fn is_tls(&self) -> bool {
        self.is_tls
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// `scheme://host:port`.
    pub(super) fn base(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.host_and_port())
    }

    /// `Host` as RFC 9110 wants it: the port is left out where it is the scheme's.
    pub(super) fn host_header(&self) -> String {
        let with_port = self.host_and_port();
        let default = if self.is_tls { ":443" } else { ":80" };
        with_port
            .strip_suffix(default)
            .map_or(with_port.clone(), str::to_owned)
    }

    fn host_and_port(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether every address of the host is a loopback one.
    async fn is_loopback(&self) -> bool {
        let Ok(Ok(addresses)) =
            timeout(TIMEOUT, lookup_host((self.host.as_str(), self.port))).await
        else {
            return false;
        };
        let addresses: Vec<IpAddr> = addresses
            .map(|address| address.ip().to_canonical())
            .collect();
        !addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback)
    }

    /// Asks in HTTP/2 by prior knowledge (RFC 9113, section 3.3).
    pub(super) async fn protocol(&self) -> Gathered<Protocol> {
        let http2 = match self.ask_in_http2().await {
            Ok(()) => true,
            Err(trouble @ (Trouble::Tls | Trouble::Connect(_))) => return Err(trouble.at(self)),
            Err(_) => false,
        };
        Ok(Protocol {
            origin: self.base(),
            loopback: self.is_loopback().await,
            http2,
            endpoints: self.endpoints,
        })
    }

    async fn ask_in_http2(&self) -> Result<(), Trouble> {
        let broken = |error: hyper::Error| Trouble::broken(&error);
        let stream = TokioIo::new(open(self).await?);
        let (mut sender, connection) =
            timeout(TIMEOUT, http2::handshake(TokioExecutor::new(), stream))
                .await
                .map_err(|_| Trouble::Slow)?
                .map_err(broken)?;
        let driver = tokio::spawn(async move { drop(connection.await) });
        let request = Request::builder()
            .uri(format!("{}{}", self.base(), self.path))
            .body(Empty::<Bytes>::new())
            .map_err(|error| Trouble::broken(&error))?;
        let answer = timeout(TIMEOUT, sender.send_request(request)).await;
        driver.abort();
        answer.map_err(|_| Trouble::Slow)?.map_err(broken)?;
        Ok(())
    }
}
