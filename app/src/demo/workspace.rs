//! The demo's own workspace: written once, then the user's.

use std::{
    fs::{self, File},
    io::Write,
    net::SocketAddr,
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result};
use scrutineer_profiler::workspace::{WORKSPACE_FILE, Workspace};

use super::service::PROCESS_NAME;

/// Makes the folder and its workspace file where they are missing, and loads it. The service
/// listens at another port on each run: it takes the place of loopback ports in the file.
pub(super) fn open(folder: &Path, address: SocketAddr, window: Duration) -> Result<Workspace> {
    fs::create_dir_all(folder).with_context(|| {
        format!(
            "cannot make {}; choose another with --out",
            folder.display()
        )
    })?;
    let path = folder.join(WORKSPACE_FILE);
    if !path.exists() {
        File::create_new(&path)
            .and_then(|mut file| file.write_all(text(address, window).as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut workspace = Workspace::load(&path)?;
    let declared = &mut workspace.declared.endpoints;
    for url in declared.iter_mut().chain(&mut workspace.metrics_url) {
        *url = at_address(url, address);
    }
    Ok(workspace)
}

/// `url` with `address` in place of a loopback host and port.
fn at_address(url: &str, address: SocketAddr) -> String {
    let Some(rest) = url.strip_prefix("http://127.0.0.1:") else {
        return url.to_owned();
    };
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    format!("http://{address}{path}")
}

/// The file. Half of the first run's window is enough to judge by: shorter runs stay conclusive.
fn text(address: SocketAddr, window: Duration) -> String {
    let seconds = (window.as_secs_f64() / 2.0).max(0.5);
    format!(
        r#"// The demo's workspace: what Scrutineer may look at, and what it judges against.
// It was written by `scrutineer demo`, and is yours from now on: Scrutineer never rewrites it.
(
    version: 1,
    target: (
        name: "{PROCESS_NAME}",
        // The demo's service listens at a free port of its own on each run; the demo puts that
        // port in place of this one.
        endpoints: [
            "http://{address}/orders",
            "http://{address}/catalog",
            "http://{address}/ledger/statement",
        ],
        metrics: "http://{address}/metrics",
        // One deliberately stalled request may be held open for so long.
        stalled_request_s: 5.0,
    ),
    // A demo is short. The house rule is 60 s and 1,000 requests: with less, counters say little
    // about a real service.
    window: (seconds: {seconds:.1}, requests: 100),
    // Latency that this shop promises.
    objectives: [
        (path: "/orders", percentile: 95.0, limit_ms: 250.0),
    ],
    // What load tests must cover.
    critical_paths: ["/orders", "/ledger/statement"],
)
"#
    )
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::declared::Window;

    use super::*;

    #[test]
    fn the_file_is_written_once_and_follows_the_service_to_its_next_port() {
        let folder = tempfile::tempdir().unwrap();
        let first = "127.0.0.1:4000".parse().unwrap();
        let workspace = open(folder.path(), first, Duration::from_secs(10)).unwrap();
        assert_eq!(
            workspace.declared.endpoints[0],
            "http://127.0.0.1:4000/orders"
        );
        assert_eq!(
            workspace.declared.window,
            Window {
                seconds: 5.0,
                requests: 100
            }
        );
        let path = folder.path().join(WORKSPACE_FILE);
        let edited = fs::read_to_string(&path).unwrap().replace("250.0", "100.0");
        fs::write(&path, &edited).unwrap();
        let second = "127.0.0.1:5000".parse().unwrap();
        let workspace = open(folder.path(), second, Duration::from_secs(3)).unwrap();
        assert_eq!(
            workspace.declared.endpoints[0],
            "http://127.0.0.1:5000/orders"
        );
        assert_eq!(
            workspace.metrics_url.as_deref(),
            Some("http://127.0.0.1:5000/metrics")
        );
        assert!(workspace.declared.objectives[0].limit_ms < 200.0);
        assert_eq!(fs::read_to_string(&path).unwrap(), edited);
    }

    #[test]
    fn hosts_that_the_user_added_stay() {
        let address = "127.0.0.1:4000".parse().unwrap();
        assert_eq!(
            at_address("https://shop.example/x", address),
            "https://shop.example/x"
        );
    }
}
