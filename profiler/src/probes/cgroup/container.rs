//! Recognises the container engine that a process runs under.

use std::{fs, path::Path};

/// What the paths of groups hold, by engine; the first match wins.
const MARKS: &[(&str, &str)] = &[
    ("kubepods", "kubernetes"),
    ("/docker/", "docker"),
    ("docker-", "docker"),
    ("libpod-", "podman"),
    ("/libpod", "podman"),
    ("crio-", "cri-o"),
    ("cri-containerd-", "containerd"),
    ("/containerd/", "containerd"),
    ("/lxc/", "lxc"),
    ("lxc.payload", "lxc"),
    ("/ecs/", "ecs"),
    ("/garden/", "garden"),
];

/// Namespaces that every engine makes for a container unless told otherwise, with the inode of the
/// machine's first one (the kernel's `uapi/linux/nsfs.h`, `include/linux/proc_ns.h`).
const NAMESPACES: &[(&str, &str)] = &[
    ("pid", "pid:[4026531836]"),
    ("uts", "uts:[4026531838]"),
    ("ipc", "ipc:[4026531839]"),
];

/// The engine, from the group's path, else from files that engines put into the target's root.
/// The latter count only off the machine's first namespaces: a virtual machine that was made from
/// a container's image holds them too.
pub(super) fn recognise(groups: &str, pid: u32) -> Option<String> {
    let folder = format!("/proc/{pid}");
    let folder = Path::new(&folder);
    from_groups(groups).or_else(|| {
        is_apart(folder)
            .then(|| from_files(&folder.join("root")))
            .flatten()
    })
}

fn is_apart(process: &Path) -> bool {
    NAMESPACES.iter().any(|(name, first)| {
        fs::read_link(process.join("ns").join(name)).is_ok_and(|found| found != Path::new(first))
    })
}

fn from_groups(groups: &str) -> Option<String> {
    let engine = MARKS
        .iter()
        .find(|(mark, _)| groups.lines().any(|line| line.contains(mark)))?
        .1;
    Some(engine.to_owned())
}

fn from_files(root: &Path) -> Option<String> {
    [(".dockerenv", "docker"), ("run/.containerenv", "podman")]
        .iter()
        .find(|(file, _)| root.join(file).exists())
        .map(|(_, engine)| (*engine).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_recognised_by_their_groups() {
        let cases = [
            ("0::/system.slice/docker-4f5e.scope", Some("docker")),
            ("4:memory:/docker/4f5e", Some("docker")),
            (
                "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-4f.scope",
                Some("kubernetes"),
            ),
            (
                "0::/user.slice/user-1000.slice/libpod-4f5e.scope/container",
                Some("podman"),
            ),
            ("0::/lxc.payload.web/init.scope", Some("lxc")),
            ("0::/system.slice/docker.service", None),
            ("0::/user.slice/user-1000.slice/session-1.scope", None),
        ];
        for (groups, expected) in cases {
            assert_eq!(from_groups(groups).as_deref(), expected, "{groups}");
        }
    }

    #[test]
    fn engines_are_recognised_by_the_files_that_they_leave() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(from_files(root.path()), None);
        fs::write(root.path().join(".dockerenv"), "").unwrap();
        assert_eq!(from_files(root.path()).as_deref(), Some("docker"));
    }

    #[test]
    fn a_process_in_the_first_namespaces_is_told_from_one_in_its_own() {
        let process = tempfile::tempdir().unwrap();
        fs::create_dir(process.path().join("ns")).unwrap();
        let link = |name: &str, target: &str| {
            let path = process.path().join("ns").join(name);
            let _ = fs::remove_file(&path);
            std::os::unix::fs::symlink(target, path).unwrap();
        };
        for (name, first) in NAMESPACES {
            link(name, first);
        }
        assert!(!is_apart(process.path()));
        link("uts", "uts:[4026532177]");
        assert!(is_apart(process.path()));
    }
}
