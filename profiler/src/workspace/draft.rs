//! Drafts a first `scrutineer.ron` from what a folder and this machine show.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use crate::probes;

/// A service of the user's that listens for TCP connections on this machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// Port that it listens at.
    pub port: u16,
    /// Process id.
    pub pid: u32,
    /// `comm`.
    pub name: String,
}

/// What a draft is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Name for the target: the package's; `None` where the folder holds none.
    pub name: Option<String>,
    /// Names of cargo benches, sorted.
    pub benches: Vec<String>,
    /// Services, sorted by port.
    pub services: Vec<Service>,
    /// Container files relative to the folder, sorted.
    pub container_files: Vec<String>,
}

/// A commented `scrutineer.ron` for `folder`. It declares nothing that is only a guess: what was
/// found stands in comments, ready to be uncommented. The caller writes it, and only where there
/// is no such file yet.
pub fn draft(folder: &Path) -> String {
    draft_from(&look_around(folder))
}

/// Looks for benches, services and container files; reads files and `/proc`, contacts nobody.
pub fn look_around(folder: &Path) -> Findings {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut findings = Findings {
        services: probes::sockets::listening_services(),
        ..Findings::default()
    };
    look_into(&folder, &mut findings);
    findings
}

fn look_into(folder: &Path, findings: &mut Findings) {
    let mut benches = BTreeSet::new();
    let mut container_files = BTreeSet::new();
    for path in probes::source::files_below(folder) {
        let relative = path.strip_prefix(folder).unwrap_or(&path).to_owned();
        if relative
            .file_name()
            .is_some_and(|name| name == "Cargo.toml")
        {
            let (package, declared) = read_manifest(&path);
            if relative.parent() == Some(Path::new(""))
                && let Some(package) = package
            {
                findings.name = Some(package);
            }
            benches.extend(declared);
        } else if let Some(bench) = bench_of_file(&relative) {
            benches.insert(bench);
        } else if is_container_file(&relative, &path) {
            container_files.insert(relative.display().to_string());
        }
    }
    findings.benches = benches.into_iter().collect();
    findings.container_files = container_files.into_iter().collect();
}

/// Name of the package and of the benches in `[[bench]]` tables. Reads lines, not TOML: a draft
/// that misses a bench written in an unusual way does no harm.
fn read_manifest(path: &Path) -> (Option<String>, Vec<String>) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let (mut table, mut package, mut benches) = (String::new(), None, Vec::new());
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            line.clone_into(&mut table);
        } else if let Some(name) = string_field(line, "name") {
            match table.as_str() {
                "[package]" => package = Some(name),
                "[[bench]]" => benches.push(name),
                _ => {}
            }
        }
    }
    (package, benches)
}

fn string_field(line: &str, field: &str) -> Option<String> {
    let value = line
        .strip_prefix(field)?
        .trim_start()
        .strip_prefix('=')?
        .trim();
    let value = value.strip_prefix('"')?;
    Some(value[..value.find('"')?].to_owned())
}

/// `benches/parse.rs` and `benches/parse/main.rs` are found by cargo on its own.
fn bench_of_file(relative: &Path) -> Option<String> {
    let folder = relative.parent()?;
    let is_rust = relative
        .extension()
        .is_some_and(|extension| extension == "rs");
    let name = if folder.file_name().is_some_and(|name| name == "benches") {
        relative.file_stem()
    } else if relative.ends_with("main.rs")
        && folder
            .parent()?
            .file_name()
            .is_some_and(|name| name == "benches")
    {
        folder.file_name()
    } else {
        None
    };
    name.filter(|_| is_rust)
        .map(|name| name.to_string_lossy().into_owned())
}

fn is_container_file(relative: &Path, path: &Path) -> bool {
    let Some(name) = relative
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase())
    else {
        return false;
    };
    let is_yaml = Path::new(&name)
        .extension()
        .is_some_and(|e| e == "yaml" || e == "yml");
    let is_image = ["dockerfile", "containerfile"].iter().any(|start| {
        name == *start || name.strip_prefix(start).is_some_and(|s| s.starts_with('.'))
    });
    let is_compose =
        is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose."));
    is_image || is_compose || (is_yaml && is_kubernetes(path))
}

fn is_kubernetes(path: &Path) -> bool {
    const KINDS: &[&str] = &[
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Pod",
        "Job",
        "CronJob",
        "ReplicaSet",
    ];
    let text = probes::source::read_small(path).unwrap_or_default();
    text.lines().any(|line| line.starts_with("apiVersion:"))
        && text
            .lines()
            .filter_map(|line| line.strip_prefix("kind:"))
            .any(|kind| KINDS.contains(&kind.trim().trim_matches(['"', '\''])))
}

/// The text for these findings.
pub fn draft_from(findings: &Findings) -> String {
    let mut text = String::from(HEAD);
    match &findings.name {
        Some(name) => {
            let _ = writeln!(text, "        name: {},", ron_string(name));
        }
        None => text.push_str("        // name: \"service\",\n"),
    }
    text.push_str(ENDPOINTS);
    if !findings.services.is_empty() {
        text.push_str("            // Your services that listen on this machine now:\n");
    }
    for service in &findings.services {
        let _ = writeln!(
            text,
            "            // \"http://127.0.0.1:{}/\", // {}, pid {}",
            service.port,
            one_line(&service.name),
            service.pid
        );
    }
    text.push_str(REST);
    append_list(
        &mut text,
        "Benches found here, run with `cargo bench --bench NAME`",
        &findings.benches,
    );
    append_list(
        &mut text,
        "Container files found here; the limits that hold are read from the running process",
        &findings.container_files,
    );
    text
}

fn append_list(text: &mut String, title: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n// {title}:");
    for name in names {
        let _ = writeln!(text, "//   {}", one_line(name));
    }
}

fn one_line(name: &str) -> String {
    name.replace(char::is_control, " ")
}

fn ron_string(text: &str) -> String {
    ron::to_string(text).expect("a string always has a RON form")
}

const HEAD: &str = r"// What Scrutineer may look at and what it judges against. Comments are kept: this file is yours,
// and Scrutineer never rewrites it. What it stores itself lies in .scrutineer/.
(
    version: 1,
    target: (
        // Name of the process to attach to where none is given.
";

const ENDPOINTS: &str = r"        // Endpoints to probe with GET requests. Nothing else is contacted; only declare what may
        // be asked repeatedly.
        endpoints: [
";

const REST: &str = r#"        ],
        // Prometheus metrics; without it, /metrics of the first endpoint's origin.
        // metrics: "http://127.0.0.1:8080/metrics",
        // Allows one deliberately stalled request, held for at most so many seconds.
        // stalled_request_s: 31.0,
    ),
    // Databases whose statistics may be read, read-only: the environment variable named here holds
    // the connection string (postgres://USER:PASSWORD@HOST/NAME), which is never stored. Only this
    // machine is contacted, unless `host` declares another. Cores and spindles are those of the
    // database's host. The role needs `GRANT pg_monitor TO ROLE` to see all.
    // databases: [(url_env: "DATABASE_URL", host: "db.internal", cores: 8, spindles: 1)],
    // Redis (redis://…) and memcached (memcached://…) servers that are caches.
    // caches: [(url_env: "CACHE_URL")],
    // What must be seen before counters are judged; the house rule is this.
    // window: (seconds: 60.0, requests: 1000),
    // Latency that you promise.
    objectives: [
        // (path: "/items", percentile: 99.0, limit_ms: 250.0),
    ],
    // Paths that load tests must cover.
    critical_paths: [
        // "/items",
    ],
    // Days between planned restarts, for leaks; the house rule is 7.
    // restart_interval_days: 7.0,
    // What `scrutineer check` makes of waivers and actions of the review whose day has passed: Fail
    // ends it with 1, Tell only says so. This is what holds where nothing is declared.
    // check: (expired_waivers: Fail, overdue_actions: Tell),
)
"#;
