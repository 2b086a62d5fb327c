//! Starts servers of Debian's packages in temporary folders, as an unprivileged user.

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A server that ends with this.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Servers end at once and orderly on an interrupt.
        let _ = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed().as_secs() < 10 {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens at.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// `PostgreSQL` with user `app`, password `HUNTER2`, database `app` and `pg_stat_statements` loaded;
/// `None`, loudly, where it is not installed.
pub(crate) fn postgres() -> Option<Server> {
    postgres_with(&["shared_preload_libraries=pg_stat_statements"])
}

/// The same with these settings (`name=value`) instead of `pg_stat_statements`.
pub(crate) fn postgres_with(settings: &[&str]) -> Option<Server> {
    let Some(programs) = postgres_programs() else {
        skipped("postgresql");
        return None;
    };
    let folder = folder_for_nobody();
    let data = folder.path().join("data");
    let password = folder.path().join("password");
    fs::write(&password, "HUNTER2").unwrap();
    let made = as_nobody(&programs.join("initdb"))
        .args(["--auth=scram-sha-256", "--username=app", "--no-sync"])
        .arg(format!("--pwfile={}", password.display()))
        .arg("--pgdata")
        .arg(&data)
        .stdout(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let port = free_port();
    let child = as_nobody(&programs.join("postgres"))
        .arg("-D")
        .arg(&data)
        .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""])
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .args(["-c", "fsync=off"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server {
        child,
        port,
        _folder: folder,
    };
    wait_for(port);
    Some(server)
}

/// A Redis server with these arguments.
pub(crate) fn redis(arguments: &[&str]) -> Option<Server> {
    start("redis-server", |port| {
        let own = [
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
        ];
        own.iter()
            .chain(arguments)
            .map(|argument| (*argument).to_owned())
            .collect()
    })
}

/// A memcached server.
pub(crate) fn memcached() -> Option<Server> {
    start("memcached", |port| {
        let port = port.to_string();
        ["-l", "127.0.0.1", "-p", &port, "-U", "0"]
            .map(str::to_owned)
            .into()
    })
}

fn start(program: &str, arguments: impl Fn(u16) -> Vec<String>) -> Option<Server> {
    let path = Path::new("/usr/bin").join(program);
    if !path.exists() {
        skipped(program);
        return None;
    }
    let folder = folder_for_nobody();
    let port = free_port();
    let child = as_nobody(&path)
        .args(arguments(port))
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server {
        child,
        port,
        _folder: folder,
    };
    wait_for(port);
    Some(server)
}

fn postgres_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<PathBuf> = versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("postgres").exists())
        .collect();
    folders.sort();
    folders.pop()
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}

/// The servers refuse to run as root.
fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program);
    command
}

fn folder_for_nobody() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    if is_root() {
        std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).unwrap();
    }
    folder
}

fn wait_for(port: u16) {
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed().as_secs() < 30, "no server at port {port}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Written past the test harness, which would swallow it.
fn skipped(package: &str) {
    let line =
        format!("SKIPPED services: {package} is not installed (apt-get install {package})\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}
