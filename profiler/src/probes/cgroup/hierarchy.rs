//! Where the files of a process's control groups lie.

use std::path::{Path, PathBuf};

/// A control group in one hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// 1 or 2.
    pub(crate) version: u8,
    /// Path as `/proc/PID/cgroup` gives it.
    pub(crate) path: String,
    /// Folder of the hierarchy's topmost group that can be seen.
    pub(crate) mount: PathBuf,
    /// Path of the group below `mount`, empty or without a leading slash.
    pub(crate) below: String,
}

impl Group {
    /// The group and its ancestors, innermost first, as folder and path.
    pub(crate) fn and_ancestors(&self) -> Vec<(PathBuf, String)> {
        Path::new(&self.below)
            .ancestors()
            .map(|below| (self.mount.join(below), format!("/{}", below.display())))
            .collect()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.mount.join(&self.below)
    }
}

/// One mount of a cgroup hierarchy.
struct Mount<'a> {
    /// Group that is mounted.
    root: String,
    point: String,
    version: u8,
    /// Controllers of version 1.
    options: &'a str,
}

/// The group that has this controller: the hierarchy of version 1 that carries it where there is
/// one, else the one of version 2. `groups` is `/proc/PID/cgroup`, `mountinfo` ours.
pub(crate) fn group_of(groups: &str, mountinfo: &str, controller: &str) -> Option<Group> {
    let lines = || groups.lines().filter_map(parse_group_line);
    let (version, path) = lines()
        .find(|(controllers, _)| lists(controllers, controller))
        .map(|(_, path)| (1, path))
        .or_else(|| {
            lines()
                .find(|(names, _)| names.is_empty())
                .map(|(_, path)| (2, path))
        })?;
    place(version, path, mountinfo, controller)
}

/// The group of the hierarchy of version 2, whatever controllers it has.
pub(crate) fn unified_group(groups: &str, mountinfo: &str) -> Option<Group> {
    let mut lines = groups.lines().filter_map(parse_group_line);
    let (_, path) = lines.find(|(names, _)| names.is_empty())?;
    place(2, path, mountinfo, "")
}

/// Finds a group's folder among the mounts.
fn place(version: u8, path: &str, mountinfo: &str, controller: &str) -> Option<Group> {
    mountinfo
        .lines()
        .filter_map(parse_mount)
        .filter(|mount| {
            mount.version == version && (version == 2 || lists(mount.options, controller))
        })
        .find_map(|mount| {
            let below = strip_root(path, &mount.root)?;
            Some(Group {
                version,
                path: path.to_owned(),
                mount: PathBuf::from(&mount.point),
                below: below.to_owned(),
            })
        })
}

fn lists(controllers: &str, controller: &str) -> bool {
    controllers.split(',').any(|name| name == controller)
}

/// `id:controllers:path`; see `cgroups(7)`.
fn parse_group_line(line: &str) -> Option<(&str, &str)> {
    line.split_once(':')?.1.split_once(':')
}

/// See `proc_pid_mountinfo(5)`.
fn parse_mount(line: &str) -> Option<Mount<'_>> {
    let (head, tail) = line.split_once(" - ")?;
    let mut head = head.split(' ').skip(3);
    let mut tail = tail.split(' ');
    let version = match tail.next()? {
        "cgroup" => 1,
        "cgroup2" => 2,
        _ => return None,
    };
    Some(Mount {
        root: unescape(head.next()?),
        point: unescape(head.next()?),
        version,
        options: tail.nth(1)?,
    })
}

/// A path with `..` lies outside our cgroup namespace: its files cannot be reached.
fn strip_root<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    if path.split('/').any(|part| part == "..") {
        return None;
    }
    let below = if root == "/" {
        path
    } else {
        path.strip_prefix(root)?
    };
    match below.strip_prefix('/') {
        Some(below) => Some(below),
        None if below.is_empty() => Some(below),
        None => None,
    }
}

/// Spaces and their like are written as octal numbers.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}
