//! A scene: a workspace, the service that it declares, and what `check` says of it.

use std::{
    collections::BTreeMap,
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{common, servers::Server};

/// Outcomes by item.
pub(crate) type Outcomes = BTreeMap<String, String>;

/// What is judged, and everything that must live meanwhile.
pub(crate) struct Scene {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) pid: Option<u32>,
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) servers: Vec<Server>,
    pub(crate) clients: Vec<TcpStream>,
    processes: Vec<Process>,
}

/// A process that is ended, with its children, when the scene is.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Its own group: shells leave children behind.
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.0.wait();
    }
}

impl Scene {
    /// A workspace whose file holds this beside the version.
    pub(crate) fn new(declared: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scrutineer.ron");
        fs::write(file, format!("(version: 1, {declared})")).unwrap();
        Self {
            folder,
            pid: None,
            variables: Vec::new(),
            servers: Vec::new(),
            clients: Vec::new(),
            processes: Vec::new(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Starts a process that lives as long as the scene.
    pub(crate) fn start(&mut self, command: &mut Command) -> u32 {
        use std::os::unix::process::CommandExt;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("the process starts");
        let pid = child.id();
        self.processes.push(Process(child));
        pid
    }

    /// Starts a script of this folder.
    pub(crate) fn python(&mut self, script: &str, arguments: &[&str]) -> u32 {
        self.start(&mut python(script, arguments))
    }

    /// The scene with a target.
    pub(crate) fn of(mut self, pid: u32) -> Self {
        self.pid = Some(pid);
        self
    }

    /// What the real program says of the scene.
    pub(crate) fn check(&self) -> Outcomes {
        let mut command = common::scrutineer();
        command
            .current_dir(self.root())
            .envs(self.variables.iter().cloned())
            .args(["check", "--json"]);
        if let Some(pid) = self.pid {
            command.args(["--pid", &pid.to_string()]);
        }
        let said = common::run(&mut command);
        let document: serde_json::Value =
            serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        let items = document["items"].as_array().unwrap();
        let word = |item: &serde_json::Value, key: &str| item[key].as_str().unwrap().to_owned();
        if std::env::var_os("SCRUTINEER_SHOW").is_some() {
            for item in items {
                let (id, outcome) = (word(item, "id"), word(item, "outcome"));
                eprintln!("    {id}: {outcome}: {}", word(item, "summary"));
            }
        }
        items
            .iter()
            .map(|item| (word(item, "id"), word(item, "outcome")))
            .collect()
    }
}

/// Debian's interpreter, and this folder's script.
pub(crate) fn python(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("/usr/bin/python3");
    command.arg(here(script)).args(arguments);
    command
}

/// A file of this folder.
pub(crate) fn here(file: &str) -> String {
    format!("{}/../tests/services/{file}", env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until somebody listens there.
pub(crate) fn wait_for(address: &str, port: u16) {
    let start = Instant::now();
    while TcpStream::connect((address, port)).is_err() {
        assert!(start.elapsed().as_secs() < 30, "nobody at {address}:{port}");
        thread::sleep(Duration::from_millis(30));
    }
}
