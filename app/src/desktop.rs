//! The files by which a desktop knows the window: entry, icons, and the type of capture files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::review::write_whole;

/// The type of capture files.
const MIME_TYPE: &str = "application/x-scrutineer-capture";

/// Describes the type: by what the file begins with, and by its name.
const MIME_PACKAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="application/x-scrutineer-capture">
    <comment>Scrutineer capture</comment>
    <icon name="scrutineer"/>
    <magic priority="60">
      <match type="string" offset="0" value="SCRUTCAP"/>
    </magic>
    <glob pattern="*.scrutineer"/>
  </mime-type>
</mime-info>
"#;

/// Where the files go, below the user's data folder.
const ENTRY: &str = "applications/scrutineer.desktop";
const ICON: &str = "icons/hicolor/scalable/apps/scrutineer.svg";
const ICON_128: &str = "icons/hicolor/128x128/apps/scrutineer.png";
const TYPE: &str = "mime/packages/scrutineer.xml";

/// Writes the files for a program; gives their paths.
pub(crate) fn install(data: &Path, program: &Path) -> Result<Vec<PathBuf>> {
    let entry = entry(program)?;
    let files: [(&str, &[u8]); 4] = [
        (ICON, include_bytes!("../../assets/icons/scrutineer.svg")),
        (
            ICON_128,
            include_bytes!("../../assets/icons/scrutineer-128.png"),
        ),
        (TYPE, MIME_PACKAGE.as_bytes()),
        (ENTRY, entry.as_bytes()),
    ];
    let write = |(place, content): (&str, &[u8])| {
        let path = data.join(place);
        write_whole(&path, content)?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}

/// Removes the files; gives the paths of those that were there.
pub(crate) fn remove(data: &Path) -> Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    for place in [ENTRY, TYPE, ICON_128, ICON] {
        let path = data.join(place);
        match fs::remove_file(&path) {
            Ok(()) => removed.push(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
        }
    }
    Ok(removed)
}

/// The desktop entry, by the desktop entry specification.
fn entry(program: &Path) -> Result<String> {
    let Some(path) = program.to_str().filter(|path| !path.contains('\n')) else {
        bail!(
            "the path of this binary ({}) cannot stand in a desktop entry: it is no UTF-8, or has \
             a line break; move the binary",
            program.display()
        );
    };
    Ok(format!(
        "[Desktop Entry]\n\
         Type=Application\n\
         Version=1.0\n\
         Name=Scrutineer\n\
         GenericName=Profiler\n\
         Comment=See where a program spends its time and memory, and judge it\n\
         Exec={} gui %f\n\
         TryExec={}\n\
         Icon=scrutineer\n\
         Terminal=false\n\
         StartupNotify=true\n\
         StartupWMClass=scrutineer\n\
         Categories=Development;Profiling;\n\
         Keywords=profiler;performance;benchmark;flame graph;\n\
         MimeType={MIME_TYPE};\n",
        argument(path),
        text(path)
    ))
}

/// A path as an argument of `Exec`: quoted, its own quotes, dollars and percent signs escaped.
fn argument(path: &str) -> String {
    let mut quoted = String::from('"');
    for letter in path.chars() {
        match letter {
            '"' | '`' | '$' | '\\' => quoted.extend(['\\', letter]),
            '%' => quoted.push_str("%%"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    text(&quoted)
}

/// A value of the type string: backslashes are escaped.
fn text(value: &str) -> String {
    value.replace('\\', "\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_blanks_and_signs_is_one_argument() {
        assert_eq!(argument("/opt/a b/s"), "\"/opt/a b/s\"");
        assert_eq!(argument("/a$b%c"), "\"/a\\\\$b%%c\"");
        assert_eq!(argument("/a\"b"), "\"/a\\\\\"b\"");
    }

    #[test]
    fn what_was_installed_is_removed_and_nothing_else() {
        let data = tempfile::tempdir().unwrap();
        let other = data.path().join("applications/other.desktop");
        write_whole(&other, b"theirs").unwrap();
        let installed = install(data.path(), Path::new("/opt/scrutineer")).unwrap();
        assert!(installed.iter().all(|path| path.is_file()));
        let mut removed = remove(data.path()).unwrap();
        removed.reverse();
        assert_eq!(removed, installed);
        assert!(installed.iter().all(|path| !path.exists()));
        assert!(other.exists());
        assert_eq!(remove(data.path()).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_path_with_a_line_break_is_refused() {
        let error = entry(Path::new("/a\nExec=evil")).unwrap_err();
        assert!(error.to_string().contains("line break"), "{error}");
    }
}
