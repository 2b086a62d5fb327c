//! Names of kernel functions from `/proc/kallsyms`, where it shows addresses.

use std::fs;

use scrutineer_evidence::system::MachineKey;

use super::bare_symbol;
use crate::capture::{helper, model::Symbol};

/// The kernel's functions, sorted by address; empty where they may not be read.
#[derive(Debug, Default)]
pub(super) struct KernelSymbols {
    functions: Vec<(u64, String)>,
}

impl KernelSymbols {
    /// Those of the running kernel, by the helper where this process may not see them.
    pub(super) fn now() -> Self {
        let kallsyms = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
        let mut functions = parse(&kallsyms);
        if functions.is_empty()
            && let Some(kallsyms) = helper::kernel_symbols()
        {
            functions = parse(&kallsyms);
        }
        Self { functions }
    }

    /// Those of the running kernel where a capture was made since it booted; the kernel lies
    /// elsewhere after each boot.
    pub(super) fn since(captured_at: jiff::Timestamp, machine: &MachineKey) -> Self {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let booted = booted_at().is_some_and(|booted| booted <= captured_at.as_second());
        if booted && release.trim() == machine.kernel {
            Self::now()
        } else {
            Self::default()
        }
    }

    pub(super) fn lookup(&self, addresses: &[u64]) -> Vec<Vec<Symbol>> {
        addresses
            .iter()
            .map(|address| self.name(*address))
            .collect()
    }

    fn name(&self, address: u64) -> Vec<Symbol> {
        let after = self
            .functions
            .partition_point(|(start, _)| *start <= address);
        let function = self.functions[..after].last();
        function
            .map(|(_, name)| vec![bare_symbol(name.as_str())])
            .unwrap_or_default()
    }
}

/// When the machine booted, Unix seconds (`btime` of `/proc/stat`).
fn booted_at() -> Option<i64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

/// Text symbols: `ffffffff81000000 T _stext`, of modules with `[name]` behind. Without permission
/// all addresses are 0.
pub(super) fn parse(kallsyms: &str) -> Vec<(u64, String)> {
    let function = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = u64::from_str_radix(words.next()?, 16).ok()?;
        let kind = words.next()?;
        let name = words.next()?;
        let is_text = matches!(kind, "t" | "T" | "w" | "W");
        (is_text && address != 0).then(|| (address, name.to_owned()))
    };
    let mut functions: Vec<_> = kallsyms.lines().filter_map(function).collect();
    functions.sort();
    functions.dedup_by_key(|(address, _)| *address);
    functions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_get_the_function_that_begins_before_them() {
        let functions = parse(
            "ffffffff81000000 T _stext\nffffffff81000100 t do_work\nffffffff81000180 d data\n\
             ffffffffc0000000 t helper\t[module]\n",
        );
        let kernel = KernelSymbols { functions };
        let name = |address| {
            kernel
                .name(address)
                .into_iter()
                .map(|s| s.name)
                .collect::<String>()
        };
        assert_eq!(name(0xffff_ffff_8100_01a0), "do_work");
        assert_eq!(name(0xffff_ffff_c000_0010), "helper");
        assert_eq!(name(0x1000), "");
    }

    #[test]
    fn hidden_addresses_name_nothing() {
        assert!(parse("0000000000000000 T _stext\n0000000000000000 t do_work\n").is_empty());
    }

    #[test]
    fn a_capture_from_before_the_boot_or_another_kernel_gets_no_names() {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut machine = crate::profile::testing::header().machine;
        machine.kernel = kernel.trim().to_owned();
        assert!(
            KernelSymbols::since(jiff::Timestamp::UNIX_EPOCH, &machine)
                .functions
                .is_empty()
        );
        machine.kernel = "0.0.1".into();
        assert!(
            KernelSymbols::since(jiff::Timestamp::now(), &machine)
                .functions
                .is_empty()
        );
    }
}
