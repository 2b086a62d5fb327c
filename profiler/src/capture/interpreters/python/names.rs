//! From a source file to the name of its module.

/// Folders under which packages lie.
const ROOTS: [&str; 2] = ["/site-packages/", "/dist-packages/"];

/// The name of the module in a source file: `json.decoder` of
/// `/usr/lib/python3.11/json/decoder.py`. Outside of the folders of the library the file alone
/// tells.
pub(super) fn module_name(file: &str) -> String {
    if let Some(frozen) = file
        .strip_prefix("<frozen ")
        .and_then(|rest| rest.strip_suffix('>'))
    {
        return frozen.to_owned();
    }
    let below_root = ROOTS
        .iter()
        .find_map(|root| Some(file.rsplit_once(root)?.1))
        .or_else(|| below_library(file));
    let path = below_root.unwrap_or_else(|| {
        let name_at = file.rfind('/').map_or(0, |slash| slash + 1);
        let is_package = matches!(&file[name_at..], "__init__.py" | "__main__.py");
        let folder_at = file[..name_at]
            .trim_end_matches('/')
            .rfind('/')
            .map_or(0, |slash| slash + 1);
        &file[if is_package { folder_at } else { name_at }..]
    });
    let path = path.strip_suffix(".py").unwrap_or(path);
    let path = path
        .strip_suffix("/__init__")
        .or_else(|| path.strip_suffix("/__main__"))
        .unwrap_or(path);
    path.replace('/', ".")
}

/// What follows on `/lib/python3.11/`.
fn below_library(file: &str) -> Option<&str> {
    let (_, rest) = file.split_once("/lib/python3")?;
    let (version, path) = rest.split_once('/')?;
    version
        .bytes()
        .all(|byte| byte == b'.' || byte.is_ascii_alphanumeric())
        .then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_named_from_below_the_folder_that_imports_look_in() {
        assert_eq!(
            module_name("/usr/lib/python3.11/json/decoder.py"),
            "json.decoder"
        );
        assert_eq!(module_name("/usr/lib/python3.11/json/__init__.py"), "json");
        let package = "/srv/env/lib/python3.9/site-packages/flask/app.py";
        assert_eq!(module_name(package), "flask.app");
        assert_eq!(module_name("/srv/ledger/report.py"), "report");
        assert_eq!(module_name("/srv/ledger/__main__.py"), "ledger");
        assert_eq!(module_name("__init__.py"), "__init__");
        assert_eq!(
            module_name("<frozen importlib._bootstrap>"),
            "importlib._bootstrap"
        );
        assert_eq!(module_name("<string>"), "<string>");
        assert_eq!(module_name(""), "");
    }
}
