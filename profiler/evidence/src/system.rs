//! The machine that the target ran on.

use serde::{Deserialize, Serialize};

/// What names a series of measurements: two machines with one key may be compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineKey {
    /// CPU model of `/proc/cpuinfo`.
    pub cpu_model: String,
    /// Logical cores online.
    pub cores: u32,
    /// Kernel release.
    pub kernel: String,
    /// CPU frequency governor; `None` where the kernel shows none.
    pub governor: Option<String>,
}

/// The machine at the end of the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemFacts {
    /// Host name.
    pub host: String,
    /// Name and version of the distribution.
    pub distribution: String,
    /// The machine key.
    pub machine: MachineKey,
    /// Memory of the machine.
    pub memory_total_bytes: u64,
    /// Memory available without swapping.
    pub memory_available_bytes: u64,
    /// Load average over one minute.
    pub load_1min: f64,
    /// CPU pressure, `some avg60`, percent; `None` where the kernel has no PSI.
    pub cpu_pressure_percent: Option<f64>,
}
