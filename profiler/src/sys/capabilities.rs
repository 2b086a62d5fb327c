//! Capabilities: of this thread, and those that a file carries.

use std::{fs::File, io, path::Path};

pub(crate) use rustix::thread::CapabilitySet;
use rustix::{
    fs::XattrFlags,
    thread::{CapabilitySets, capabilities, set_capabilities},
};

const ATTRIBUTE: &str = "security.capability";
/// `VFS_CAP_REVISION_2`, without the flag that makes capabilities effective at once.
const REVISION_2: u32 = 0x0200_0000;
/// `VFS_CAP_REVISION_3`, which the kernel shows inside of user namespaces.
const REVISION_3: u32 = 0x0300_0000;
const REVISION_MASK: u32 = 0xff00_0000;

/// Capabilities that this thread may make effective.
pub(crate) fn permitted() -> io::Result<CapabilitySet> {
    Ok(capabilities(None)?.permitted)
}

/// Gives up all capabilities of this thread but these, and makes none effective.
pub(crate) fn keep_only(kept: CapabilitySet) -> io::Result<()> {
    let permitted = permitted()? & kept;
    set(permitted, CapabilitySet::empty())
}

/// Makes exactly these capabilities effective, as far as they are permitted.
pub(crate) fn make_effective(wanted: CapabilitySet) -> io::Result<()> {
    let permitted = permitted()?;
    set(permitted, permitted & wanted)
}

fn set(permitted: CapabilitySet, effective: CapabilitySet) -> io::Result<()> {
    let sets = CapabilitySets {
        effective,
        permitted,
        inheritable: CapabilitySet::empty(),
    };
    Ok(set_capabilities(None, sets)?)
}

/// Whether this program got privileges by its execution (`AT_SECURE`).
pub(crate) fn gained_by_exec() -> bool {
    // SAFETY: takes and returns plain values.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Lets whoever executes a file have these capabilities at hand, not yet effective.
pub(crate) fn give(file: &File, set: CapabilitySet) -> io::Result<()> {
    Ok(rustix::fs::fsetxattr(
        file,
        ATTRIBUTE,
        &encode(set),
        XattrFlags::empty(),
    )?)
}

/// Capabilities that a file carries; none where it carries none.
pub(crate) fn carried(path: &Path) -> io::Result<CapabilitySet> {
    let mut bytes = [0; 24];
    match rustix::fs::getxattr(path, ATTRIBUTE, &mut bytes) {
        Ok(length) => Ok(decode(&bytes[..length])),
        Err(rustix::io::Errno::NODATA) => Ok(CapabilitySet::empty()),
        Err(error) => Err(error.into()),
    }
}

fn encode(set: CapabilitySet) -> [u8; 20] {
    let bits = set.bits();
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&REVISION_2.to_le_bytes());
    // Permitted and inheritable take turns: the low halves, then the high ones.
    bytes[4..8].copy_from_slice(&(bits as u32).to_le_bytes());
    bytes[12..16].copy_from_slice(&((bits >> 32) as u32).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> CapabilitySet {
    let number = |at: usize| {
        let chunk = bytes.get(at..).and_then(<[u8]>::first_chunk);
        u64::from(chunk.map_or(0, |chunk| u32::from_le_bytes(*chunk)))
    };
    let revision = number(0) as u32 & REVISION_MASK;
    if revision == REVISION_2 || revision == REVISION_3 {
        CapabilitySet::from_bits_retain(number(4) | number(12) << 32)
    } else {
        CapabilitySet::empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_given_is_what_it_carries() {
        let set = CapabilitySet::PERFMON | CapabilitySet::SYSLOG | CapabilitySet::DAC_READ_SEARCH;
        assert_eq!(decode(&encode(set)), set);
        assert_eq!(decode(&[]), CapabilitySet::empty());
        assert_eq!(decode(&[0xff; 20]), CapabilitySet::empty());
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(carried(file.path()).unwrap(), CapabilitySet::empty());
        match give(file.as_file(), set) {
            Ok(()) => assert_eq!(carried(file.path()).unwrap(), set),
            Err(error) => crate::sys::tests_skip(
                "what_a_file_is_given_is_what_it_carries",
                &format!("files cannot be given capabilities: {error}"),
            ),
        }
    }

    #[test]
    fn what_is_given_up_does_not_come_back() {
        // On a thread of its own, whose capabilities alone change.
        std::thread::spawn(|| {
            keep_only(CapabilitySet::SYSLOG).unwrap();
            let left = permitted().unwrap();
            assert!(CapabilitySet::SYSLOG.contains(left));
            make_effective(CapabilitySet::all()).unwrap();
            assert_eq!(capabilities(None).unwrap().effective, left);
            make_effective(CapabilitySet::empty()).unwrap();
            assert!(capabilities(None).unwrap().effective.is_empty());
            assert_eq!(permitted().unwrap(), left);
        })
        .join()
        .unwrap();
    }
}
