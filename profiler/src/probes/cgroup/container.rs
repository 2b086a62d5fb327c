//! Recognises the container engine that a process runs under.

use std::path::Path;

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

/// The engine, from the group's path, else from files that engines put into the target's root.
pub(super) fn recognise(groups: &str, pid: u32) -> Option<String> {
    from_groups(groups).or_else(|| from_files(Path::new(&format!("/proc/{pid}/root"))))
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
        std::fs::write(root.path().join(".dockerenv"), "").unwrap();
        assert_eq!(from_files(root.path()).as_deref(), Some("docker"));
    }
}
