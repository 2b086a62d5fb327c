//! The record of all evidence, one field per kind of fact.

use serde::{Deserialize, Serialize};

use crate::{
    Absent, Gathered, caches::CacheFacts, capture::CaptureFacts, cgroup::CgroupFacts,
    databases::DatabaseFacts, declared::DeclaredFacts, history::HistoryFacts, http::HttpFacts,
    process::ProcessFacts, residency::ResidencyFacts, sockets::SocketFacts, source::SourceFacts,
    system::SystemFacts, tasks::TaskFacts, traffic::TrafficFacts, waits::WaitFacts,
};

/// Version of the serialised [`Evidence`]; a reader refuses a newer one.
pub const EVIDENCE_SCHEMA_VERSION: u32 = 1;

macro_rules! evidence_kinds {
    ($($(#[$doc:meta])* $field:ident: $variant:ident($facts:ty),)*) => {
        /// Names one kind of facts; a planner gathers the kinds that rules need.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// All kinds, in the order of their declaration.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)*];

            /// The kind's stable name, as in the serialised evidence.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$variant => stringify!($field),)* }
            }
        }

        /// Everything that was gathered about one target over one window.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Evidence {
            /// [`EVIDENCE_SCHEMA_VERSION`] of the writer.
            pub schema_version: u32,
            /// When the evidence was judged first: ages and dates replay against it.
            pub judged_at: jiff::Timestamp,
            /// What was looked at, in words: `ledgerd, pid 41823`.
            pub target: String,
            $($(#[$doc])* #[serde(default = "saved_before")] pub $field: Gathered<$facts>,)*
        }

        impl Evidence {
            /// Evidence of which nothing has been asked yet.
            pub fn empty(target: impl Into<String>, judged_at: jiff::Timestamp) -> Self {
                Self {
                    schema_version: EVIDENCE_SCHEMA_VERSION,
                    judged_at,
                    target: target.into(),
                    $($field: Err(Absent::NotAsked {
                        would_need: concat!("the ", stringify!($field), " probe was not asked").into(),
                    }),)*
                }
            }

            /// Why a kind is missing, or `None` where it is there.
            pub fn absence(&self, kind: Kind) -> Option<&Absent> {
                match kind { $(Kind::$variant => self.$field.as_ref().err(),)* }
            }
        }

        $(impl AsRef<Gathered<$facts>> for Evidence {
            fn as_ref(&self) -> &Gathered<$facts> { &self.$field }
        }

        impl KindOf for $facts {
            const KIND: Kind = Kind::$variant;
        })*
    };
}

/// What evidence says of a kind that did not exist when it was saved.
fn saved_before<T>() -> Gathered<T> {
    Err(Absent::NotAsked {
        would_need: "a new gathering: the evidence was saved before there was this probe".into(),
    })
}

/// Ties a facts type to its [`Kind`], so that a rule's needs are read off its types.
pub trait KindOf {
    /// The kind that this type of facts belongs to.
    const KIND: Kind;
}

evidence_kinds! {
    /// The process itself: identity, runtime, limits.
    process: Process(ProcessFacts),
    /// Resident memory over the window.
    residency: Residency(ResidencyFacts),
    /// Threads, their CPU and their waits for a CPU.
    tasks: Tasks(TaskFacts),
    /// Sockets of the process and of its peers.
    sockets: Sockets(SocketFacts),
    /// Control group limits, events and pressure.
    cgroup: Cgroup(CgroupFacts),
    /// The machine: cores, memory, load, pressure.
    system: System(SystemFacts),
    /// What the declared endpoints answered.
    http: Http(HttpFacts),
    /// The load that ran while the window was open.
    traffic: Traffic(TrafficFacts),
    /// The CPU profile of the window, summarised.
    capture: Capture(CaptureFacts),
    /// What threads waited for, from the same capture.
    waits: Waits(WaitFacts),
    /// The workspace's own captures, baselines and reviews.
    history: History(HistoryFacts),
    /// Source and configuration in the declared folders.
    source: Source(SourceFacts),
    /// What declared PostgreSQL servers count.
    databases: Databases(DatabaseFacts),
    /// What declared Redis and memcached servers count.
    caches: Caches(CacheFacts),
    /// What the workspace file declares.
    declared: Declared(DeclaredFacts),
}
