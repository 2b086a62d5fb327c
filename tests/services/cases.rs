//! The cases: each starts something real, and says which items it is an answer to.
#![expect(
    clippy::unnecessary_wraps,
    reason = "scenes have one signature: those that need what is not there are none"
)]

use std::{
    net::{TcpStream, UdpSocket},
    process::Command,
    thread,
    time::Duration,
};

use crate::{
    common,
    scene::{Scene, free_port, python, wait_for},
    servers,
};

/// Starts a scene; `None` where this machine does not permit it, said aloud.
pub(crate) type Start = fn() -> Option<Scene>;

/// All cases by name.
pub(crate) const CASES: &[(&str, Start)] = &[
    // The longest first: a stalled request is watched for 120 s.
    ("http bad", || Some(http("bad", "127.0.0.1", 120.0))),
    ("http good", || Some(http("good", "127.0.0.1", 5.0))),
    ("http small", || Some(http("small", "127.0.0.1", 1.0))),
    ("http2 good", http2_good),
    ("http2 bad", || http1_afar(6)),
    ("http2 little", || http1_afar(1)),
    ("workspace good", workspace_good),
    ("workspace bad", workspace_bad),
    ("workspace checked twice", workspace_checked_twice),
    ("no workspace", no_workspace),
    ("postgres good", postgres_good),
    ("postgres bad", postgres_bad),
    ("postgres bare", postgres_bare),
    ("postgres absent", postgres_absent),
    ("redis good", redis_good),
    ("redis bad", redis_bad),
    ("redis little", redis_little),
    ("memcached", memcached),
    ("idle", || Some(worker(6.0, &["idle"]))),
    ("compute", || Some(worker(8.0, &["compute"]))),
    ("collect", || Some(worker(5.0, &["collect"]))),
    ("leak", || Some(worker(8.0, &["leak"]))),
    ("short", || Some(worker(0.5, &["idle"]))),
    ("threads", || Some(worker(4.0, &["threads"]))),
    ("loop good", || Some(worker(5.0, &["loop_good"]))),
    ("loop bad", || Some(worker(5.0, &["loop_bad"]))),
    ("locks good", || locks("good")),
    ("locks bad", || locks("bad")),
    ("proxy good", || Some(proxy(2, 256, 10))),
    ("proxy bad", || Some(proxy(58, 64, 1))),
    ("proxy little", || Some(proxy(2, 256, 1))),
    ("segments good", || segments("0")),
    ("segments little", || segments("0.1")),
    ("container good", || container(Some("268435456"))),
    ("container bad", || container(None)),
];

fn window(seconds: f64) -> String {
    format!("window: (seconds: {seconds:?}, requests: 10),")
}

fn http(mode: &str, address: &str, stalled_s: f64) -> Scene {
    let port = free_port();
    let url = format!("http://{address}:{port}");
    let mut scene = Scene::new(&format!(
        "{} target: (endpoints: [\"{url}/items\", \"{url}/broken\"], metrics: \"{url}/metrics\", \
         stalled_request_s: {stalled_s:?}), \
         objectives: [(path: \"/items\", percentile: 50.0, limit_ms: 100.0)]",
        window(2.0)
    ));
    let pid = scene.python("service.py", &[mode, address, &port.to_string()]);
    wait_for(address, port);
    if mode == "good" {
        // A process whose command is `prometheus` stands in for the scraper.
        let prometheus = scene.root().join("prometheus");
        std::os::unix::fs::symlink("/usr/bin/python3", &prometheus).unwrap();
        let mut command = Command::new(prometheus);
        command.args([
            &*crate::scene::here("worker.py"),
            "scrape",
            &port.to_string(),
        ]);
        scene.start(&mut command);
    }
    scene.of(pid)
}

/// HTTP/2 with prior knowledge, by hyper in this process.
fn http2_good() -> Option<Scene> {
    let port = crate::http2::serve();
    Some(Scene::new(&format!(
        "{} target: (endpoints: [\"http://127.0.0.1:{port}/\"])",
        window(0.5)
    )))
}

/// HTTP/1 alone at an address that is not loopback; HTTP/2 helps where many requests go there.
fn http1_afar(endpoints: usize) -> Option<Scene> {
    let address = far_address("http2")?;
    let port = free_port();
    let urls: Vec<_> = (0..endpoints)
        .map(|number| format!("\"http://{address}:{port}/{number}\""))
        .collect();
    let urls = urls.join(", ");
    let mut scene = Scene::new(&format!("{} target: (endpoints: [{urls}])", window(0.5)));
    scene.python("service.py", &["good", &address, &port.to_string()]);
    wait_for(&address, port);
    Some(scene)
}

/// The machine's own address on a network; nothing is sent to find it.
fn far_address(case: &str) -> Option<String> {
    let found = UdpSocket::bind("0.0.0.0:0")
        .and_then(|socket| {
            socket
                .connect("192.0.2.1:9")
                .and_then(|()| socket.local_addr())
        })
        .map(|address| address.ip());
    let found = found.ok().filter(|ip| !ip.is_loopback());
    if found.is_none() {
        common::skip(case, "this machine has no address besides loopback");
    }
    found.map(|ip| ip.to_string())
}

fn run(scene: &Scene, arguments: &[&str]) {
    let said = common::run_in(scene.root(), arguments);
    assert!(
        matches!(said.code, Some(0 | 1 | 3)),
        "{arguments:?}: {said:?}"
    );
}

fn git(scene: &Scene, arguments: &[&str]) {
    let mut command = Command::new("git");
    command
        .current_dir(scene.root())
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(arguments);
    assert_eq!(common::run(&mut command).code, Some(0), "{arguments:?}");
}

/// Gate in CI, alerts on latency and errors, a baseline of five runs with a commit, a capture that
/// a finding names, an approved review: all by the program itself.
fn workspace_good() -> Option<Scene> {
    let mut scene = Scene::new(&window(0.5));
    scene.write(
        ".github/workflows/ci.yml",
        "jobs:\n  bench:\n    steps:\n      - run: scrutineer bench gate --baseline main\n",
    );
    scene.write(
        "alerts.yml",
        "groups:\n  - name: api\n    rules:\n      - alert: Slow\n        \
         expr: histogram_quantile(0.99, rate(http_request_duration_seconds_bucket[5m])) > 0.5\n      \
         - alert: Errors\n        expr: rate(http_request_errors_total[5m]) > 1\n",
    );
    git(&scene, &["init", "-q"]);
    git(&scene, &["add", "-A"]);
    git(&scene, &["commit", "-q", "-m", "Begin"]);
    let pid = scene.python("worker.py", &["compute"]).to_string();
    for number in 0..5 {
        run(&scene, &["record", "-p", &pid, "-d", "0.5"]);
        let append: &[&str] = if number == 0 { &[] } else { &["--append"] };
        run(&scene, &[&["baseline", "save", "main"], append].concat());
    }
    run(&scene, &["check", "--review", "spring", "--pid", &pid]);
    let captures = scene.root().join(".scrutineer/captures");
    let names = std::fs::read_dir(captures).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let capture = names.filter(|name| !name.starts_with('.')).max().unwrap();
    let claim = format!("The loop takes all of the CPU, see {capture}");
    let ours = ["--review", "spring", "--by", "Ada"];
    run(
        &scene,
        &[&["review", "find", "--severity", "low", &claim], &ours[..]].concat(),
    );
    run(&scene, &["review", "milestone", "m", "--review", "spring"]);
    let sign = ["review", "sign", "m", "--role", "owner", "--no-signature"];
    run(&scene, &[&sign, &ours[..]].concat());
    Some(scene)
}

/// A repository without gate and alerts, and nothing kept.
fn workspace_bad() -> Option<Scene> {
    let scene = Scene::new(&window(0.5));
    scene.write(
        ".github/workflows/ci.yml",
        "jobs:\n  test:\n    steps:\n      - run: make test\n",
    );
    scene.write("compose.yaml", "services:\n  web:\n    image: web\n");
    Some(scene)
}

/// `check` alone, twice: the capture that it made itself is nobody's profiling.
fn workspace_checked_twice() -> Option<Scene> {
    let scene = worker(0.5, &["compute"]);
    let pid = scene.pid.unwrap().to_string();
    run(&scene, &["check", "--pid", &pid]);
    Some(scene)
}

/// No workspace file, and no file to look into.
fn no_workspace() -> Option<Scene> {
    let scene = worker(0.5, &["idle"]);
    std::fs::remove_file(scene.root().join("scrutineer.ron")).unwrap();
    let mut scene = scene;
    scene.pid = None;
    Some(scene)
}

fn postgres(settings: &[&str], more: &str) -> Option<Scene> {
    let server = servers::postgres_with(settings)?;
    let mut scene = Scene::new(&format!(
        "{} databases: [(url_env: \"DATABASE_URL\", {more})]",
        window(8.0)
    ));
    let url = format!("postgres://app:HUNTER2@127.0.0.1:{}/postgres", server.port);
    scene.variables.push(("DATABASE_URL", url));
    scene.servers.push(server);
    psql(
        &scene,
        "CREATE TABLE large (id int PRIMARY KEY, note text, other int); \
         INSERT INTO large SELECT n, md5(n::text), n % 97 FROM generate_series(1, 20000) n; \
         CREATE TABLE written (id int, note text); ANALYZE",
    );
    Some(scene)
}

fn psql(scene: &Scene, statements: &str) {
    let said = common::run(Command::new("psql").args(["-q", "-c", statements, url_of(scene)]));
    assert_eq!(said.code, Some(0), "{said:?}");
}

fn url_of(scene: &Scene) -> &str {
    &scene.variables[0].1
}

/// Repeats the statements, one session after the other, as long as the scene lives.
fn repeat(scene: &mut Scene, name: &str, statements: &str) {
    scene.write(name, statements);
    let url = url_of(scene).to_owned();
    let path = scene.root().join(name);
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "while :; do psql -q -f \"$0\" \"$1\" >/dev/null 2>&1; done",
        ])
        .arg(path)
        .arg(url);
    scene.start(&mut command);
}

fn postgres_good() -> Option<Scene> {
    // db.query-monitoring: statements and a slow log; db.connection-pooling: few sessions.
    let settings = [
        "shared_preload_libraries=pg_stat_statements",
        "log_min_duration_statement=100",
    ];
    let mut scene = postgres(&settings, "cores: 2")?;
    psql(&scene, "CREATE EXTENSION pg_stat_statements");
    // db.indexes and db.query-optimization: reads by the primary key, all in shared buffers.
    let reads = (1..3_000).map(|id| format!("SELECT note FROM large WHERE id = {id};\n"));
    let mut statements: String = reads.collect::<Vec<_>>().concat();
    // db.batching: a hundred rows a call.
    statements += &"INSERT INTO written SELECT n, 'x' FROM generate_series(1, 100) n;\n".repeat(20);
    repeat(&mut scene, "good.sql", &statements);
    Some(scene)
}

fn postgres_bad() -> Option<Scene> {
    let settings = [
        "shared_preload_libraries=pg_stat_statements",
        "max_connections=20",
    ];
    let mut scene = postgres(&settings, "cores: 2")?;
    psql(&scene, "CREATE EXTENSION pg_stat_statements");
    // db.indexes: a column without an index; db.query-optimization: a sort that spills.
    let statements = format!(
        "SET work_mem = '64kB';\n{}{}",
        "SELECT count(*) FROM large WHERE other = 5;\n".repeat(20),
        "SELECT id FROM large ORDER BY note OFFSET 19990;\n".repeat(5),
    );
    repeat(&mut scene, "bad.sql", &statements);
    // api.query-optimization: a frequent statement of 30 ms. db.batching: row by row.
    repeat(
        &mut scene,
        "slow.sql",
        &"SELECT pg_sleep(0.03);\n".repeat(30),
    );
    repeat(
        &mut scene,
        "rows.sql",
        &"INSERT INTO written VALUES (1, 'x');\n".repeat(500),
    );
    // db.connection-pooling: 17 of 20 sessions and more.
    for _ in 0..14 {
        let url = url_of(&scene).to_owned();
        scene.start(Command::new("psql").args(["-c", "SELECT pg_sleep(600)", &url]));
    }
    thread::sleep(Duration::from_secs(1));
    Some(scene)
}

/// db.query-monitoring: neither statements nor log nor exporter. Nobody asks anything, and the size
/// of the host is not declared.
fn postgres_bare() -> Option<Scene> {
    postgres(&[], "")
}

fn postgres_absent() -> Option<Scene> {
    let mut scene = Scene::new(&format!(
        "{} databases: [(url_env: \"DATABASE_URL\")]",
        window(0.5)
    ));
    let url = format!("postgres://app:HUNTER2@127.0.0.1:{}/app", free_port());
    scene.variables.push(("DATABASE_URL", url));
    Some(scene)
}

fn cache(scheme: &str, server: servers::Server) -> Scene {
    let mut scene = Scene::new(&format!(
        "{} caches: [(url_env: \"CACHE_URL\")]",
        window(4.0)
    ));
    let url = format!("{scheme}://127.0.0.1:{}", server.port);
    scene.variables.push(("CACHE_URL", url));
    scene.servers.push(server);
    scene
}

fn redis_good() -> Option<Scene> {
    // caching.expiration: memory is limited, and keys expire or are evicted.
    let server = servers::redis(&["--maxmemory", "16mb", "--maxmemory-policy", "allkeys-lru"])?;
    let port = server.port;
    redis(port, "set present value\r\n");
    for number in 0..200 {
        redis(port, &format!("set key{number} value ex 600\r\n"));
    }
    let mut scene = cache("redis", server);
    let pid = scene.python("worker.py", &["cached", &port.to_string(), "steady"]);
    Some(scene.of(pid))
}

/// Sends one inline command and awaits the answer.
fn redis(port: u16, command: &str) {
    use std::io::{Read, Write};
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(command.as_bytes()).unwrap();
    assert!(stream.read(&mut [0; 64]).unwrap() > 0);
}

fn redis_bad() -> Option<Scene> {
    let server = servers::redis(&[])?;
    let port = server.port;
    let mut scene = cache("redis", server);
    let pid = scene.python("worker.py", &["cached", &port.to_string(), "grow"]);
    thread::sleep(Duration::from_millis(500));
    Some(scene.of(pid))
}

fn redis_little() -> Option<Scene> {
    let mut scene = cache("redis", servers::redis(&[])?);
    let pid = scene.python("worker.py", &["idle"]);
    Some(scene.of(pid))
}

/// caching.redis: another cache than Redis.
fn memcached() -> Option<Scene> {
    let server = servers::memcached()?;
    let port = server.port;
    let mut scene = cache("memcached", server);
    let pid = scene.python("worker.py", &["cached", &port.to_string(), "steady"]);
    Some(scene.of(pid))
}

fn worker(seconds: f64, deed: &[&str]) -> Scene {
    let mut scene = Scene::new(&window(seconds));
    let pid = scene.python("worker.py", deed);
    // The interpreter's own start is no part of the deed.
    thread::sleep(Duration::from_millis(1_500));
    scene.of(pid)
}

fn locks(deed: &str) -> Option<Scene> {
    let mut scene = Scene::new(&window(5.0));
    let program = scene.root().join("locks");
    let mut compile = Command::new("gcc");
    compile
        .args(["-O1", "-g", "-pthread", "-o"])
        .arg(&program)
        .arg(crate::scene::here("locks.c"));
    assert_eq!(common::run(&mut compile).code, Some(0));
    let pid = scene.start(Command::new(program).arg(deed));
    Some(scene.of(pid))
}

fn proxy(connections: u32, most_files: u32, clients: u32) -> Scene {
    let mut scene = Scene::new(&window(2.0));
    let (port, upstream) = (free_port(), free_port());
    scene.python("worker.py", &["upstream", &upstream.to_string()]);
    wait_for("127.0.0.1", upstream);
    let numbers = [port, upstream].map(|port| port.to_string());
    let [connections, most_files] = [connections, most_files].map(|number| number.to_string());
    let arguments = ["proxy", &numbers[0], &numbers[1], &connections, &most_files];
    let pid = scene.start(&mut python("worker.py", &arguments));
    thread::sleep(Duration::from_secs(1));
    for _ in 0..clients {
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        scene.clients.push(client);
    }
    scene.of(pid)
}

fn segments(pause: &str) -> Option<Scene> {
    let address = far_address("segments")?;
    let mut scene = Scene::new(&window(6.0));
    let port = free_port();
    scene.python("worker.py", &["echo", &address, &port.to_string()]);
    wait_for(&address, port);
    let arguments = ["segments", &address, &port.to_string(), pause];
    let pid = scene.start(&mut python("worker.py", &arguments));
    Some(scene.of(pid))
}

/// A process in a control group that is named as Docker names its own.
fn container(limit: Option<&str>) -> Option<Scene> {
    let name = if limit.is_some() { "limited" } else { "free" };
    let group = std::path::PathBuf::from(format!(
        "/sys/fs/cgroup/memory/docker/scrutineer-{}-{name}",
        std::process::id()
    ));
    if !std::path::Path::new("/sys/fs/cgroup/memory/memory.limit_in_bytes").exists()
        || std::fs::create_dir_all(&group).is_err()
    {
        common::skip(
            "container",
            "no control group of memory (version 1) can be made here",
        );
        return None;
    }
    if let Some(limit) = limit {
        std::fs::write(group.join("memory.limit_in_bytes"), limit).unwrap();
    }
    let mut scene = Scene::new(&window(1.0));
    let pid = scene.python("worker.py", &["idle"]);
    std::fs::write(group.join("cgroup.procs"), pid.to_string()).unwrap();
    Some(scene.of(pid))
}
