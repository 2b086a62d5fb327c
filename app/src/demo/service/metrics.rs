//! What the service exports at `/metrics`, in Prometheus' text format.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Upper bounds of the latency buckets, seconds.
const BUCKETS: [f64; 8] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0];

/// Name of the latency histogram.
const DURATION: &str = "http_request_duration_seconds";

#[derive(Debug, Default)]
struct Route {
    by_status: BTreeMap<u16, u64>,
    buckets: [u64; BUCKETS.len()],
    sum_s: f64,
    count: u64,
}

/// Requests by route.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    routes: Mutex<BTreeMap<&'static str, Route>>,
}

impl Metrics {
    /// Counts one answered request.
    pub(super) fn count(&self, route: &'static str, status: u16, took: Duration) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let route = routes.entry(route).or_default();
        *route.by_status.entry(status).or_default() += 1;
        for (bucket, bound) in route.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(took.as_secs_f64() <= bound);
        }
        route.sum_s += took.as_secs_f64();
        route.count += 1;
    }

    /// The page.
    pub(super) fn page(&self) -> String {
        let mut page = String::new();
        self.write_requests(&mut page);
        write_process(&mut page);
        page
    }

    fn write_requests(&self, page: &mut String) {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        head(page, "http_requests_total", "counter", "Requests answered.");
        for (name, route) in routes.iter() {
            for (status, count) in &route.by_status {
                let labels = format!("route=\"{name}\",status=\"{status}\"");
                let _ = writeln!(page, "http_requests_total{{{labels}}} {count}");
            }
        }
        head(page, DURATION, "histogram", "Time to the answer.");
        for (name, route) in routes.iter() {
            for (bucket, bound) in route.buckets.iter().zip(BUCKETS) {
                let labels = format!("route=\"{name}\",le=\"{bound}\"");
                let _ = writeln!(page, "{DURATION}_bucket{{{labels}}} {bucket}");
            }
            let labels = format!("route=\"{name}\"");
            let _ = writeln!(
                page,
                "{DURATION}_bucket{{{labels},le=\"+Inf\"}} {}",
                route.count
            );
            let _ = writeln!(page, "{DURATION}_sum{{{labels}}} {}", route.sum_s);
            let _ = writeln!(page, "{DURATION}_count{{{labels}}} {}", route.count);
        }
    }
}

/// The process itself, as `/proc` shows it; a figure that cannot be read is left out.
fn write_process(page: &mut String) {
    if let Some(bytes) = resident_bytes() {
        head(
            page,
            "process_resident_memory_bytes",
            "gauge",
            "Resident memory.",
        );
        let _ = writeln!(page, "process_resident_memory_bytes {bytes}");
    }
    if let Some(seconds) = cpu_seconds() {
        head(
            page,
            "process_cpu_seconds_total",
            "counter",
            "CPU time, user and kernel.",
        );
        let _ = writeln!(page, "process_cpu_seconds_total {seconds}");
    }
    if let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") {
        head(page, "process_open_fds", "gauge", "Open descriptors.");
        let _ = writeln!(page, "process_open_fds {}", descriptors.count());
    }
}

fn head(page: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn cpu_seconds() -> Option<f64> {
    // First field: time on a CPU, nanoseconds (of the main thread alone, so ask every thread).
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let nanoseconds: u64 = tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|line| line.split(' ').next()?.parse::<u64>().ok())
        .sum();
    Some(nanoseconds as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_histogram_with_cumulative_buckets() {
        let metrics = Metrics::default();
        metrics.count("/orders", 200, Duration::from_millis(7));
        let page = metrics.page();
        assert!(
            page.contains("http_requests_total{route=\"/orders\",status=\"200\"} 1"),
            "{page}"
        );
        assert!(
            page.contains("_bucket{route=\"/orders\",le=\"0.005\"} 0"),
            "{page}"
        );
        assert!(
            page.contains("_bucket{route=\"/orders\",le=\"0.01\"} 1"),
            "{page}"
        );
        assert!(
            page.contains("_bucket{route=\"/orders\",le=\"+Inf\"} 1"),
            "{page}"
        );
        assert!(page.contains("process_resident_memory_bytes "), "{page}");
    }
}
