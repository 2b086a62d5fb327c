//! Debug files from debuginfod servers, by build id, through elfutils' client program.

use std::{
    collections::BTreeMap,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::debug_files::hexadecimal;

/// The client program; it knows TLS, proxies and the cache of elfutils.
const CLIENT: &str = "debuginfod-find";
/// Largest debug file that is fetched, bytes.
const LARGEST_FILE_BYTES: u64 = 4 << 30;
/// Time without progress after which the client gives a server up, seconds.
const STALL_S: u64 = 10;
/// Time that all questions of one capture may take together.
const BUDGET: Duration = Duration::from_mins(2);

/// Why debuginfod cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DebuginfodError {
    /// No server is named.
    #[error(
        "no debuginfod server is named; set DEBUGINFOD_URLS to the servers to ask, \
         for example DEBUGINFOD_URLS=https://debuginfod.debian.net"
    )]
    NoServers,
    /// The client program is missing.
    #[error(
        "{CLIENT} cannot be run: {0}; install it (Debian, Ubuntu: apt install debuginfod; \
         Fedora: dnf install elfutils-debuginfod-client)"
    )]
    NoClient(String),
}

/// Servers that are asked for the debug files of modules without symbols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debuginfod {
    urls: Vec<String>,
    client_cache: Option<PathBuf>,
}

impl Debuginfod {
    /// The servers that `DEBUGINFOD_URLS` names, where the client program can be run.
    pub fn from_environment() -> Result<Self, DebuginfodError> {
        Self::new(&std::env::var("DEBUGINFOD_URLS").unwrap_or_default())
    }

    /// Servers by their addresses, divided by spaces.
    pub fn new(urls: &str) -> Result<Self, DebuginfodError> {
        let urls: Vec<String> = urls.split_ascii_whitespace().map(str::to_owned).collect();
        if urls.is_empty() {
            return Err(DebuginfodError::NoServers);
        }
        let client = Command::new(CLIENT)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match client {
            Ok(_) => Ok(Self {
                urls,
                client_cache: None,
            }),
            Err(error) => Err(DebuginfodError::NoClient(error.to_string())),
        }
    }

    /// Lets the client keep what it fetched in `folder` rather than in its usual place.
    #[must_use]
    pub fn with_client_cache(self, folder: &Path) -> Self {
        Self {
            client_cache: Some(folder.to_owned()),
            ..self
        }
    }

    /// Addresses of the servers, in the order in which they are asked.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }
}

/// The questions of one capture.
#[derive(Debug)]
pub(super) struct Questions {
    servers: Debuginfod,
    answers: BTreeMap<Vec<u8>, Option<PathBuf>>,
    spent: Duration,
}

/// What was asked, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DebuginfodAnswers {
    /// Modules that the servers were asked for.
    pub asked: usize,
    /// Modules that they had debug files of.
    pub found: usize,
    /// Modules that they were not asked for, because the time was over.
    pub left_out: usize,
}

impl Questions {
    pub(super) fn to(servers: Debuginfod) -> Self {
        Self {
            servers,
            answers: BTreeMap::new(),
            spent: Duration::ZERO,
        }
    }

    /// The debug file of a module; `None` where no server has it. Each module is asked for once.
    pub(super) fn ask(
        &mut self,
        build_id: &[u8],
        totals: &mut DebuginfodAnswers,
    ) -> Option<PathBuf> {
        if build_id.is_empty() {
            return None;
        }
        if let Some(answer) = self.answers.get(build_id) {
            return answer.clone();
        }
        let left = BUDGET.saturating_sub(self.spent);
        if left.is_zero() {
            totals.left_out += 1;
            return None;
        }
        let began = Instant::now();
        let answer = fetch(&self.servers, build_id, left);
        self.spent += began.elapsed();
        totals.asked += 1;
        totals.found += usize::from(answer.is_some());
        self.answers.insert(build_id.to_vec(), answer.clone());
        answer
    }
}

fn fetch(servers: &Debuginfod, build_id: &[u8], within: Duration) -> Option<PathBuf> {
    let folder = servers.client_cache.as_ref();
    let client = Command::new(CLIENT)
        .envs(folder.map(|folder| ("DEBUGINFOD_CACHE_PATH", folder)))
        .arg("debuginfo")
        .arg(hexadecimal(build_id))
        .env("DEBUGINFOD_URLS", servers.urls.join(" "))
        .env("DEBUGINFOD_TIMEOUT", STALL_S.to_string())
        .env("DEBUGINFOD_MAXTIME", within.as_secs().max(1).to_string())
        .env("DEBUGINFOD_MAXSIZE", LARGEST_FILE_BYTES.to_string())
        .env_remove("DEBUGINFOD_PROGRESS")
        .env_remove("DEBUGINFOD_VERBOSE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut client = Running(client);
    let deadline = Instant::now() + within;
    let status = loop {
        match client.0.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            _ => return None,
        }
    };
    if !status.success() {
        return None;
    }
    // The answer is one path, which fits into the pipe.
    let mut answer = String::new();
    client.0.stdout.take()?.read_to_string(&mut answer).ok()?;
    let path = PathBuf::from(answer.trim_end_matches('\n'));
    path.is_file().then_some(path)
}

/// A client that is ended where it is not waited for to the end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
