//! Which process holds which socket, from `/proc/PID/fd`.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs, io,
};

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) pid: u32,
    pub(crate) name: String,
}

/// Inodes of the sockets that a process holds.
pub(crate) fn inodes_of(pid: u32) -> io::Result<HashSet<u32>> {
    let mut inodes = HashSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // A descriptor may be closed between listing and reading.
        if let Ok(target) = entry.and_then(|entry| fs::read_link(entry.path()))
            && let Some(inode) = target.to_str().and_then(parse_link)
        {
            inodes.insert(inode);
        }
    }
    Ok(inodes)
}

pub(super) fn parse_link(target: &str) -> Option<u32> {
    target
        .strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// The process of the lowest pid that holds each of these sockets, as far as descriptors may be
/// read.
pub(crate) fn owners_of(inodes: &BTreeSet<u32>) -> BTreeMap<u32, Owner> {
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    let mut owners = BTreeMap::new();
    for pid in pids {
        if owners.len() == inodes.len() {
            break;
        }
        for inode in inodes_of(pid).unwrap_or_default() {
            if inodes.contains(&inode) && !owners.contains_key(&inode) {
                owners.insert(
                    inode,
                    Owner {
                        pid,
                        name: name_of(pid),
                    },
                );
            }
        }
    }
    owners
}

/// Command names of the processes that hold these sockets.
pub(crate) fn names_by_inode(inodes: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    owners_of(inodes)
        .into_iter()
        .map(|(inode, owner)| (inode, owner.name))
        .collect()
}

fn name_of(pid: u32) -> String {
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    crate::redaction::redact_text(String::from_utf8_lossy(&name).trim_end())
}

#[cfg(test)]
mod tests {
    use super::parse_link;

    #[test]
    fn only_links_to_sockets_are_read() {
        assert_eq!(parse_link("socket:[4711]"), Some(4711));
        assert_eq!(parse_link("pipe:[4711]"), None);
        assert_eq!(parse_link("/srv/socket:[4711]"), None);
    }
}
