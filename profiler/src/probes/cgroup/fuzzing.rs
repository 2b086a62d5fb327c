//! Fuzzed: `cgroup`, `mountinfo` and the files of control groups.

use super::{controller, hierarchy};
use crate::fuzzing::text;

/// Reads the bytes as `cgroup`, a 0 and `mountinfo`; then as the files of a group.
pub fn group_files(bytes: &[u8]) {
    let text = text(bytes);
    let (groups, mounts) = text.split_once('\0').unwrap_or((&text, ""));
    for controller in ["memory", "cpu"] {
        if let Some(group) = hierarchy::group_of(groups, mounts, controller) {
            let _ = (group.folder(), group.and_ancestors());
        }
    }
    let _ = hierarchy::unified_group(groups, mounts);
    let _ = controller::limit_bytes(&text);
    let _ = controller::field(&text, "oom_kill");
}
