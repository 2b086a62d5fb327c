//! Puts the helper in its place, takes it away, and looks at what is there.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{StatVfsMountFlags, statvfs};

use super::{NAME, server::CAPABILITIES};
use crate::sys::{
    capabilities::{self, CapabilitySet},
    user,
};

/// The command that installs it, for messages.
pub(super) const COMMAND: &str = "sudo scrutineer doctor --install-helper";

const FOLDER: &str = "/usr/local/libexec";

/// Everybody may run it, and nobody but root may change it.
const MODE: u32 = 0o755;
/// The same, for the members of a group alone.
const MODE_OF_GROUP: u32 = 0o750;

const NAMES: [(CapabilitySet, &str); 3] = [
    (CapabilitySet::DAC_READ_SEARCH, "cap_dac_read_search"),
    (CapabilitySet::PERFMON, "cap_perfmon"),
    (CapabilitySet::SYSLOG, "cap_syslog"),
];

/// Where the helper is installed unless another place is named.
pub fn default_path() -> PathBuf {
    Path::new(FOLDER).join(NAME)
}

/// What is installed, read back from the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The file.
    pub path: PathBuf,
    /// Its owner's user id.
    pub uid: u32,
    /// Its group's id.
    pub gid: u32,
    /// Its permission bits.
    pub mode: u32,
    /// What it carries, as `getcap` writes it; empty where it carries nothing.
    pub capabilities: String,
    /// Whether its file system ignores what files carry.
    pub is_nosuid: bool,
}

/// Why the helper could not be installed or removed. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Only root may.
    #[error("installing and removing the helper needs root; run: sudo {command}")]
    NeedsRoot {
        /// The command to repeat with sudo.
        command: String,
    },
    /// The file would bear another name.
    #[error("the helper's file must be named {NAME}, by which it knows what it is; name a folder, or a path that ends in that name, not {path}", path = path.display())]
    OtherName {
        /// The path asked for.
        path: PathBuf,
    },
    /// Others may exchange files in the folder.
    #[error("{path} can be changed by others than root; choose a folder that root alone can write to, such as {FOLDER}", path = path.display())]
    OpenFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Capabilities are ignored there.
    #[error("{path} lies on a file system that is mounted nosuid, where capabilities of files are ignored; choose another folder", path = path.display())]
    Nosuid {
        /// The folder.
        path: PathBuf,
    },
    /// No group has this name.
    #[error("no group is named {name}; create it with: sudo groupadd {name}")]
    NoSuchGroup {
        /// The name.
        name: String,
    },
    /// A step failed.
    #[error("{what} failed: {source}; nothing was installed")]
    Step {
        /// The step.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// What was read back is not what was written.
    #[error("{path} does not carry what it was given ({found}); the file system may not store capabilities, choose another folder", path = path.display())]
    NotKept {
        /// The file.
        path: PathBuf,
        /// What it carries.
        found: String,
    },
}

/// Installs a copy of `program` as the helper: in the folder or at the path given, else in its
/// usual place. With a group, its members alone may run it. Replaces an older one at once.
pub fn install(
    program: &Path,
    place: Option<&Path>,
    group: Option<&str>,
) -> Result<Installed, InstallError> {
    let path = path_of(place)?;
    need_root("--install-helper", place)?;
    let gid = match group {
        Some(name) => Some(
            user::group_id(name).ok_or_else(|| InstallError::NoSuchGroup {
                name: name.to_owned(),
            })?,
        ),
        None => None,
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(step(format!("creating {}", folder.display())))?;
    check_folder(folder)?;
    let partial = folder.join(format!(".{NAME}.{}", std::process::id()));
    let written = write(program, &partial, gid).and_then(|()| {
        fs::rename(&partial, &path).map_err(step(format!("naming {}", path.display())))
    });
    if let Err(error) = written {
        // It may not have come into being.
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    let found = inspect(&path).map_err(step(format!("reading {} back", path.display())))?;
    if found.capabilities == names(CAPABILITIES) {
        Ok(found)
    } else {
        // What carries less than it should is of no use to anybody.
        let _ = fs::remove_file(&path);
        Err(InstallError::NotKept {
            path,
            found: found.capabilities,
        })
    }
}

/// Removes the helper; `false` where there was none.
pub fn remove(place: Option<&Path>) -> Result<bool, InstallError> {
    let path = path_of(place)?;
    if !path.exists() {
        return Ok(false);
    }
    need_root("--remove-helper", place)?;
    fs::remove_file(&path).map_err(step(format!("removing {}", path.display())))?;
    Ok(true)
}

/// Reads what a helper's file is and carries.
pub fn inspect(path: &Path) -> io::Result<Installed> {
    // Whoever may run it may not read it by that: what it carries is asked by path.
    let metadata = fs::metadata(path)?;
    let carried = capabilities::carried(path)?;
    let mount = statvfs(path)?.f_flag;
    Ok(Installed {
        path: path.to_owned(),
        uid: metadata.uid(),
        gid: metadata.gid(),
        mode: metadata.mode() & 0o7777,
        capabilities: names(carried),
        is_nosuid: mount.contains(StatVfsMountFlags::NOSUID),
    })
}

fn path_of(place: Option<&Path>) -> Result<PathBuf, InstallError> {
    match place {
        None => Ok(default_path()),
        Some(folder) if folder.is_dir() => Ok(folder.join(NAME)),
        Some(path) if path.file_name().is_some_and(|name| name == NAME) => Ok(path.to_owned()),
        Some(path) => Err(InstallError::OtherName {
            path: path.to_owned(),
        }),
    }
}

fn need_root(option: &str, place: Option<&Path>) -> Result<(), InstallError> {
    if user::effective_uid() == 0 {
        return Ok(());
    }
    let program = std::env::current_exe().map_or_else(
        |_| "scrutineer".to_owned(),
        |path| path.display().to_string(),
    );
    let place = place.map_or(String::new(), |place| format!(" '{}'", place.display()));
    Err(InstallError::NeedsRoot {
        command: format!("'{program}' doctor {option}{place}"),
    })
}

fn check_folder(folder: &Path) -> Result<(), InstallError> {
    let failed = || step(format!("looking at {}", folder.display()));
    let metadata = fs::metadata(folder).map_err(failed())?;
    if metadata.uid() != 0 || metadata.mode() & 0o022 != 0 {
        return Err(InstallError::OpenFolder {
            path: folder.to_owned(),
        });
    }
    let mount = statvfs(folder)
        .map_err(|error| failed()(error.into()))?
        .f_flag;
    if mount.contains(StatVfsMountFlags::NOSUID) {
        return Err(InstallError::Nosuid {
            path: folder.to_owned(),
        });
    }
    Ok(())
}

/// Owner first, capabilities last: a change of the owner takes capabilities away.
fn write(program: &Path, partial: &Path, gid: Option<u32>) -> Result<(), InstallError> {
    let copying = || step(format!("copying {}", program.display()));
    fs::copy(program, partial).map_err(copying())?;
    let file = File::open(partial).map_err(copying())?;
    std::os::unix::fs::fchown(&file, Some(0), Some(gid.unwrap_or(0)))
        .map_err(step("giving it to root".to_owned()))?;
    let mode = gid.map_or(MODE, |_| MODE_OF_GROUP);
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(step("setting its permissions".to_owned()))?;
    capabilities::give(&file, CAPABILITIES).map_err(step("giving it capabilities".to_owned()))?;
    file.sync_all().map_err(copying())
}

fn step(what: String) -> impl FnOnce(io::Error) -> InstallError {
    move |source| InstallError::Step { what, source }
}

/// As `getcap` writes them.
fn names(set: CapabilitySet) -> String {
    let known: Vec<&str> = NAMES
        .iter()
        .filter(|(capability, _)| set.contains(*capability))
        .map(|(_, name)| *name)
        .collect();
    let others = set.difference(CAPABILITIES);
    match (known.is_empty(), others.is_empty()) {
        (true, true) => String::new(),
        (_, true) => format!("{}=p", known.join(",")),
        (_, false) => format!("{}=p and others ({:#x})", known.join(","), others.bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_helper_bears_its_own_name_alone() {
        assert_eq!(path_of(None).unwrap(), default_path());
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            path_of(Some(folder.path())).unwrap(),
            folder.path().join(NAME)
        );
        let other = folder.path().join("scrutineer");
        assert!(matches!(
            path_of(Some(&other)),
            Err(InstallError::OtherName { .. })
        ));
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            check_folder(folder.path()),
            Err(InstallError::OpenFolder { .. })
        ));
    }

    #[test]
    fn capabilities_are_written_as_getcap_does() {
        assert_eq!(
            names(CAPABILITIES),
            "cap_dac_read_search,cap_perfmon,cap_syslog=p"
        );
        assert_eq!(names(CapabilitySet::empty()), "");
        assert!(names(CAPABILITIES | CapabilitySet::SYS_ADMIN).contains("others"));
    }
}
