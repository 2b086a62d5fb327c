//! Identity, runtime and limits of the target process.

use serde::{Deserialize, Serialize};

/// A language runtime recognised from the executable, its libraries and its sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Runtime {
    /// Native code by rustc.
    Rust,
    /// Native code in C or C++, or native code whose language is not recognised.
    Native,
    /// The Go runtime (collects garbage).
    Go,
    /// `CPython` (reference counting and a cycle collector).
    Python,
    /// Node.js, V8 (collects garbage).
    Node,
    /// A Java virtual machine (collects garbage).
    Jvm,
    /// .NET (collects garbage).
    DotNet,
    /// Ruby (collects garbage).
    Ruby,
}

impl Runtime {
    /// Whether the runtime has a tracing garbage collector.
    pub const fn collects_garbage(self) -> bool {
        matches!(
            self,
            Self::Go | Self::Python | Self::Node | Self::Jvm | Self::DotNet | Self::Ruby
        )
    }

    /// The name that a badge shows.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Native => "C",
            Self::Go => "Go",
            Self::Python => "Python",
            Self::Node => "Node",
            Self::Jvm => "JVM",
            Self::DotNet => ".NET",
            Self::Ruby => "Ruby",
        }
    }
}

/// The process as `/proc` shows it at the end of the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessFacts {
    /// Process id in our own pid namespace.
    pub pid: u32,
    /// `comm`, at most 15 bytes.
    pub name: String,
    /// Path of the executable, as the target sees it; `None` where it may not be read.
    pub executable: Option<String>,
    /// Command line, with secrets redacted.
    pub command_line: String,
    /// Name (else number) of the user that the process runs as.
    pub user: String,
    /// Recognised runtime.
    pub runtime: Runtime,
    /// Seconds since the process started.
    pub age_s: f64,
    /// Open descriptors at the window's end; `None` where they may not be read.
    pub descriptors: Option<u64>,
    /// Soft limit of open descriptors (`RLIMIT_NOFILE`); `None` where unlimited or unreadable.
    pub descriptor_limit: Option<u64>,
}
