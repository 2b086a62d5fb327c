//! `desktop`: what a desktop finds after it, in a data folder of the test's own.

mod common;

use std::{fs, path::Path, process::Command};

use common::{Said, run, scrutineer, skip};

fn desktop(data: &Path, action: &str) -> Said {
    let said = run(scrutineer()
        .env("XDG_DATA_HOME", data)
        .args(["desktop", action]));
    assert_eq!(said.code, Some(0), "{said:?}");
    said
}

#[test]
fn entry_icons_and_file_type_are_installed_and_removed() {
    let data = tempfile::tempdir().expect("the temporary folder is writable");
    let installed = desktop(data.path(), "install");
    let files: Vec<&Path> = installed.stdout.lines().map(Path::new).collect();
    assert_eq!(files.len(), 4, "{installed:?}");
    assert!(files.iter().all(|file| file.starts_with(data.path())));
    let entry = data.path().join("applications/scrutineer.desktop");
    let text = fs::read_to_string(entry).expect("the entry is there");
    let program = env!("CARGO_BIN_EXE_scrutineer");
    let line = |key: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(key));
        found.unwrap_or_else(|| panic!("no {key} in {text}"))
    };
    assert_eq!(line("Exec="), format!("\"{program}\" gui %f"));
    assert_eq!(line("Icon="), "scrutineer");
    assert_eq!(line("MimeType="), "application/x-scrutineer-capture;");
    assert!(files.iter().all(|file| file.is_file()));
    desktop(data.path(), "install");
    desktop(data.path(), "remove");
    assert!(files.iter().all(|file| !file.exists()));
    assert!(desktop(data.path(), "remove").stderr.contains("Nothing"));
}

#[test]
fn the_entry_is_valid() {
    let data = tempfile::tempdir().expect("the temporary folder is writable");
    desktop(data.path(), "install");
    let entry = data.path().join("applications/scrutineer.desktop");
    match Command::new("desktop-file-validate").arg(entry).output() {
        Ok(output) => assert!(
            output.status.success() && output.stdout.is_empty(),
            "{output:?}"
        ),
        Err(_) => skip(
            "the_entry_is_valid",
            "desktop-file-validate is not installed",
        ),
    }
}

#[test]
fn a_capture_is_known_by_its_name_and_by_what_it_begins_with() {
    let data = tempfile::tempdir().expect("the temporary folder is writable");
    desktop(data.path(), "install");
    if !data.path().join("mime/mime.cache").exists() {
        let why = "update-mime-database is not installed";
        skip(
            "a_capture_is_known_by_its_name_and_by_what_it_begins_with",
            why,
        );
        return;
    }
    let globs = fs::read_to_string(data.path().join("mime/globs2")).expect("it was written");
    let glob = "application/x-scrutineer-capture:*.scrutineer";
    assert!(globs.contains(glob), "{globs}");
    let magic = fs::read(data.path().join("mime/magic")).expect("it was written");
    let has = |part: &[u8]| magic.windows(part.len()).any(|bytes| bytes == part);
    assert!(has(b"SCRUTCAP"));
}
