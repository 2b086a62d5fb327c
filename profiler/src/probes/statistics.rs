//! Reads the counters of declared servers at both ends of the window, from a thread of its own.

use std::{future::Future, io, thread, time::Duration};

use scrutineer_evidence::{
    Absent, Evidence, Gathered, Kind, caches::CacheFacts, databases::DatabaseFacts,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{GatherPlan, caches, databases, reach::failed};

/// Longest first reading, with the connection. Together with the other two bounds a server costs
/// at most ten seconds beyond the window.
const FIRST_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest reading in the window.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest last reading.
const LAST_TIMEOUT: Duration = Duration::from_secs(3);
/// Time between two readings in the window.
const INTERVAL: Duration = Duration::from_secs(1);

/// A server whose counters are read again and again.
pub(super) trait Server: Sized + Send {
    /// What is declared of it.
    type Declared: Clone + Send + 'static;
    /// What comes out of it.
    type Facts: Send + 'static;

    /// Connects and reads the counters for the first time.
    fn start(declared: Self::Declared) -> impl Future<Output = Gathered<Self>> + Send;

    /// Reads what has peaks.
    fn look(&mut self) -> impl Future<Output = ()> + Send;

    /// Reads the counters for the last time.
    fn finish(self) -> impl Future<Output = Gathered<Self::Facts>> + Send;

    /// Name of the variable that holds its address.
    fn variable(declared: &Self::Declared) -> String;
}

type Answers<F> = Vec<(String, Gathered<F>)>;

/// Readings that go on until they are finished.
pub(super) struct Statistics {
    stop: watch::Sender<bool>,
    thread: thread::JoinHandle<(
        Answers<scrutineer_evidence::databases::Database>,
        Answers<scrutineer_evidence::caches::Cache>,
    )>,
}

impl Statistics {
    /// Takes the first readings; `None` where the plan asks for none, or nothing is declared.
    /// Returns within [`FIRST_TIMEOUT`].
    pub(super) fn start(plan: &GatherPlan, evidence: &mut Evidence) -> Option<Self> {
        let databases = wanted(plan, Kind::Databases, &plan.workspace.databases);
        let caches = wanted(plan, Kind::Caches, &plan.workspace.caches);
        say_what_is_not_declared(plan, evidence);
        if databases.is_empty() && caches.is_empty() {
            return None;
        }
        let (stop, stopped) = watch::channel(false);
        let (ready, all_ready) = crossbeam_channel::bounded::<()>(0);
        let thread = thread::Builder::new()
            .name("statistics".into())
            .spawn(move || read_all(databases, caches, stopped, ready));
        match thread {
            Ok(thread) => {
                // Ends when the thread drops its side.
                let _ = all_ready.recv();
                Some(Self { stop, thread })
            }
            Err(error) => {
                fill_failure(plan, evidence, &error);
                None
            }
        }
    }

    /// Takes the last readings and fills in what they say.
    pub(super) fn finish(self, plan: &GatherPlan, evidence: &mut Evidence) {
        let _ = self.stop.send(true);
        let Ok((databases, caches)) = self.thread.join() else {
            fill_failure(plan, evidence, &io::Error::other("its thread broke"));
            return;
        };
        if !databases.is_empty() {
            evidence.databases = Ok(DatabaseFacts { databases });
        }
        if !caches.is_empty() {
            evidence.caches = Ok(CacheFacts { caches });
        }
    }
}

fn wanted<D: Clone>(plan: &GatherPlan, kind: Kind, declared: &[D]) -> Vec<D> {
    if plan.kinds.contains(&kind) {
        declared.to_vec()
    } else {
        Vec::new()
    }
}

fn say_what_is_not_declared(plan: &GatherPlan, evidence: &mut Evidence) {
    let absent = |field: &str, variable: &str| Absent::NotAsked {
        would_need: format!(
            "scrutineer.ron declares no {field}: name the environment variable that holds the \
             address (`{field}: [(url_env: \"{variable}\")]`)"
        ),
    };
    if plan.kinds.contains(&Kind::Databases) && plan.workspace.databases.is_empty() {
        evidence.databases = Err(absent("databases", "DATABASE_URL"));
    }
    if plan.kinds.contains(&Kind::Caches) && plan.workspace.caches.is_empty() {
        evidence.caches = Err(absent("caches", "CACHE_URL"));
    }
}

fn fill_failure(plan: &GatherPlan, evidence: &mut Evidence, error: &io::Error) {
    let why = format!("cannot read statistics: {error}");
    if plan.kinds.contains(&Kind::Databases) {
        evidence.databases = Err(failed(why.clone()));
    }
    if plan.kinds.contains(&Kind::Caches) {
        evidence.caches = Err(failed(why));
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the caller waits until this side is dropped"
)]
fn read_all(
    databases: Vec<crate::workspace::DeclaredDatabase>,
    caches: Vec<crate::workspace::DeclaredCache>,
    stopped: watch::Receiver<bool>,
    ready: crossbeam_channel::Sender<()>,
) -> (
    Answers<scrutineer_evidence::databases::Database>,
    Answers<scrutineer_evidence::caches::Cache>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            drop(ready);
            let why = format!("cannot start reading statistics: {error}");
            return (
                broken::<databases::Session>(&databases, &why),
                broken::<caches::Session>(&caches, &why),
            );
        }
    };
    let answers = runtime.block_on(async {
        let (first_done, mut waiting) = mpsc::channel::<()>(1);
        let databases = spawn::<databases::Session>(databases, &first_done, &stopped);
        let caches = spawn::<caches::Session>(caches, &first_done, &stopped);
        drop(first_done);
        // Nothing is ever sent: it ends when every server has dropped its sender.
        let _ = waiting.recv().await;
        drop(ready);
        (join(databases).await, join(caches).await)
    });
    // A look-up of a name may still block a thread of the runtime.
    runtime.shutdown_background();
    answers
}

fn broken<S: Server>(declared: &[S::Declared], why: &str) -> Answers<S::Facts> {
    declared
        .iter()
        .map(|declared| (S::variable(declared), Err(failed(why.to_owned()))))
        .collect()
}

type Tasks<F> = Vec<(String, JoinHandle<Gathered<F>>)>;

fn spawn<S: Server + 'static>(
    declared: Vec<S::Declared>,
    first_done: &mpsc::Sender<()>,
    stopped: &watch::Receiver<bool>,
) -> Tasks<S::Facts> {
    declared
        .into_iter()
        .map(|declared| {
            let variable = S::variable(&declared);
            let task = tokio::spawn(read::<S>(declared, first_done.clone(), stopped.clone()));
            (variable, task)
        })
        .collect()
}

async fn join<F>(tasks: Tasks<F>) -> Answers<F> {
    let mut answers = Vec::with_capacity(tasks.len());
    for (variable, task) in tasks {
        let facts = task
            .await
            .unwrap_or_else(|error| Err(failed(format!("reading statistics broke: {error}"))));
        answers.push((variable, facts));
    }
    answers
}

async fn read<S: Server>(
    declared: S::Declared,
    first_done: mpsc::Sender<()>,
    mut stopped: watch::Receiver<bool>,
) -> Gathered<S::Facts> {
    let variable = S::variable(&declared);
    let silent = |bound: Duration| {
        failed(format!(
            "the server in {variable} did not answer within {} s",
            bound.as_secs()
        ))
    };
    let started = timeout(FIRST_TIMEOUT, S::start(declared)).await;
    drop(first_done);
    let mut server = started.map_err(|_| silent(FIRST_TIMEOUT))??;
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            () = sleep(INTERVAL) => {}
        }
        if timeout(LOOK_TIMEOUT, server.look()).await.is_err() {
            return Err(silent(LOOK_TIMEOUT));
        }
    }
    timeout(LAST_TIMEOUT, server.finish())
        .await
        .map_err(|_| silent(LAST_TIMEOUT))?
}
