//! Signatures over milestones, made and checked by OpenSSH's `ssh-keygen -Y`: it knows agents,
//! passphrases and hardware keys.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::review::{
    SIGNATURE_NAMESPACE, SignOff, SignOffStanding, Signature, digest_of,
};
use scrutineer_profiler::workspace::Workspace;

/// Private keys that OpenSSH looks for itself, best first.
const USUAL_KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// The file that says whose keys are whose, in the form of `ssh-keygen(1)`, "ALLOWED SIGNERS".
const ALLOWED_SIGNERS: &str = ".scrutineer/allowed_signers";

/// The key that a person signs with where none is named: git's, where git signs by SSH, else the
/// first of the usual ones.
pub(crate) fn usual_key(workspace: &Workspace) -> Option<PathBuf> {
    let git = |name: &str| git_setting(workspace, name);
    let of_git = (git("gpg.format")? == "ssh")
        .then(|| git("user.signingkey"))
        .flatten()
        .map(|key| expand(&key))
        .filter(|key| key.is_file());
    of_git.or_else(usual_key_at_home)
}

fn usual_key_at_home() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME")?);
    let keys = USUAL_KEYS.iter().map(|key| home.join(".ssh").join(key));
    keys.into_iter().find(|key| key.is_file())
}

/// A setting of git's, as it holds in the workspace; empty where it is not set.
fn git_setting(workspace: &Workspace, name: &str) -> Option<String> {
    let output = Command::new("git")
        .args(["config", "--get", name])
        .current_dir(&workspace.root)
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// Signs what an approval says with a key: a private one, or a public one whose private half an
/// agent holds.
pub(crate) fn sign(sign_off: &SignOff, key: &Path) -> Result<Signature> {
    let mut command = ssh_keygen("sign");
    command.arg("-f").arg(key);
    let output = run(command, &sign_off.message())?;
    if !output.status.success() {
        bail!(
            "ssh-keygen could not sign with {}: {}; name another key with --key, or approve \
             without a signature with --no-signature",
            key.display(),
            said(&output)
        );
    }
    let armored = String::from_utf8_lossy(&output.stdout).into_owned();
    let public_key = public_key(key)?;
    Ok(Signature {
        public_key,
        armored,
    })
}

/// The public half of a key: algorithm and key, without the comment.
fn public_key(key: &Path) -> Result<String> {
    let output = Command::new("ssh-keygen")
        .arg("-y")
        .arg("-f")
        .arg(key)
        .stdin(Stdio::null())
        .output();
    let printed = output.ok().filter(|output| output.status.success());
    let text = match printed {
        Some(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        // A public key, or a private one with a passphrase, which has its public half beside it.
        None => [key.to_owned(), beside(key)]
            .iter()
            .filter_map(|path| std::fs::read_to_string(path).ok())
            .find(|text| {
                text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("sk-")
            })
            .with_context(|| format!("cannot read the public half of {}", key.display()))?,
    };
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    Ok(words.join(" "))
}

fn beside(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// What an approval of a milestone's text comes to. `allowed` is the file that says whose keys are
/// whose, where there is one.
pub(crate) fn check(
    sign_off: &SignOff,
    milestone: &str,
    allowed: Option<&Path>,
) -> SignOffStanding {
    let digest = digest_of(milestone);
    if sign_off.milestone_digest != digest {
        return unsigned("the milestone is not the one that was approved");
    }
    let Some(signature) = &sign_off.signature else {
        return SignOffStanding::Approved;
    };
    match check_signature(sign_off, signature, allowed) {
        Ok(standing) => standing,
        Err(error) => unsigned(&format!("the signature cannot be checked: {error:#}")),
    }
}

fn unsigned(why: &str) -> SignOffStanding {
    SignOffStanding::Unsigned {
        why: why.to_owned(),
    }
}

fn check_signature(
    sign_off: &SignOff,
    signature: &Signature,
    allowed: Option<&Path>,
) -> Result<SignOffStanding> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = write(&folder, "signature", &signature.armored)?;
    let mut command = ssh_keygen("check-novalidate");
    command.arg("-s").arg(&file);
    let output = run(command, &sign_off.message())?;
    if !output.status.success() {
        return Ok(unsigned(
            "the signature does not fit what the approval says",
        ));
    }
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let fingerprint = words
        .split_whitespace()
        .find(|word| word.starts_with("SHA256:"))
        .unwrap_or("of unknown fingerprint")
        .to_owned();
    let stated = write(&folder, "key.pub", &signature.public_key)?;
    if fingerprint_of(&stated).as_deref() != Some(&*fingerprint) {
        return Ok(unsigned(
            "another key made the signature than the one that is stated",
        ));
    }
    let signer = allowed.and_then(|allowed| principal(allowed, &file, sign_off));
    Ok(match signer {
        Some(signer) => SignOffStanding::Signed {
            fingerprint,
            signer,
        },
        None => SignOffStanding::SignedByUnknownKey { fingerprint },
    })
}

fn fingerprint_of(public_key: &Path) -> Option<String> {
    let output = Command::new("ssh-keygen")
        .arg("-l")
        .arg("-f")
        .arg(public_key)
        .output()
        .ok()?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    words.split_whitespace().nth(1).map(ToOwned::to_owned)
}

/// Whose key it is, as the list of allowed signers says for the time of the approval.
fn principal(allowed: &Path, signature: &Path, sign_off: &SignOff) -> Option<String> {
    let time = sign_off.at.strftime("%Y%m%d%H%M%SZ").to_string();
    let mut finding = ssh_keygen("find-principals");
    finding.arg("-s").arg(signature).arg("-f").arg(allowed);
    finding.arg(format!("-Overify-time={time}"));
    let output = run(finding, "").ok()?;
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    let principal = found.lines().next()?.to_owned();
    let mut verifying = ssh_keygen("verify");
    verifying.arg("-s").arg(signature).arg("-f").arg(allowed);
    verifying.arg("-I").arg(&principal);
    verifying.arg(format!("-Overify-time={time}"));
    let output = run(verifying, &sign_off.message()).ok()?;
    output.status.success().then_some(principal)
}

/// The workspace's list of allowed signers, else git's.
pub(crate) fn allowed_signers(workspace: &Workspace) -> Option<PathBuf> {
    let own = workspace.root.join(ALLOWED_SIGNERS);
    if own.is_file() {
        return Some(own);
    }
    let of_git = git_setting(workspace, "gpg.ssh.allowedSignersFile")?;
    Some(expand(&of_git)).filter(|path| path.is_file())
}

fn ssh_keygen(what: &str) -> Command {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", what]);
    if what != "find-principals" {
        command.args(["-n", SIGNATURE_NAMESPACE]);
    }
    command
}

fn run(mut command: Command, input: &str) -> Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run ssh-keygen; install OpenSSH's client")?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that refuses its arguments does not read; its exit status says so.
        let _ = stdin.write_all(input.as_bytes());
    }
    child
        .wait_with_output()
        .context("ssh-keygen cannot be waited for")
}

fn said(output: &Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words.lines().rfind(|line| !line.trim().is_empty());
    last.unwrap_or("it said nothing").trim().to_owned()
}

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.path().join(name);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILESTONE: &str = "ScrutineerMilestone(version: 1)";

    /// A key in a folder; `None`, said aloud, where there is no ssh-keygen.
    fn key(test: &str) -> Option<(tempfile::TempDir, PathBuf)> {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f"])
            .arg(&key)
            .status();
        if made.is_ok_and(|status| status.success()) {
            return Some((folder, key));
        }
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: no ssh-keygen here");
        None
    }

    fn signed(key: &Path) -> SignOff {
        let mut sign_off = SignOff {
            name: "Ada".into(),
            role: "service owner".into(),
            at: "2026-03-05T14:09:00Z".parse().unwrap(),
            milestone_digest: digest_of(MILESTONE),
            signature: None,
        };
        sign_off.signature = Some(sign(&sign_off, key).unwrap());
        sign_off
    }

    #[test]
    fn a_signature_holds_until_the_milestone_or_the_approval_changes() {
        let Some((_folder, key)) = key("a_signature_holds") else {
            return;
        };
        let sign_off = signed(&key);
        let standing = check(&sign_off, MILESTONE, None);
        assert!(
            matches!(&standing, SignOffStanding::SignedByUnknownKey { fingerprint } if fingerprint.starts_with("SHA256:")),
            "{standing:?}"
        );
        assert!(!check(&sign_off, "ScrutineerMilestone(version: 2)", None).stands());
        let other_role = SignOff {
            role: "director".into(),
            ..sign_off.clone()
        };
        assert!(!check(&other_role, MILESTONE, None).stands());
        let mut other_key = sign_off;
        let signature = other_key.signature.as_mut().unwrap();
        signature.armored = signature.armored.replacen('A', "B", 3);
        assert!(!check(&other_key, MILESTONE, None).stands());
    }

    #[test]
    fn a_list_of_allowed_signers_says_whose_the_key_is() {
        let Some((folder, key)) = key("a_list_of_allowed_signers") else {
            return;
        };
        let sign_off = signed(&key);
        let allowed = folder.path().join("allowed_signers");
        let public = &sign_off.signature.as_ref().unwrap().public_key;
        std::fs::write(&allowed, format!("ada@example.org {public}\n")).unwrap();
        let standing = check(&sign_off, MILESTONE, Some(&allowed));
        assert!(
            matches!(&standing, SignOffStanding::Signed { signer, .. } if signer == "ada@example.org"),
            "{standing:?}"
        );
        // A key that was valid only later.
        let later = format!("ada@example.org valid-after=\"20270101\" {public}\n");
        std::fs::write(&allowed, later).unwrap();
        let standing = check(&sign_off, MILESTONE, Some(&allowed));
        assert!(matches!(
            standing,
            SignOffStanding::SignedByUnknownKey { .. }
        ));
    }

    #[test]
    fn an_approval_without_a_signature_is_called_so() {
        let sign_off = SignOff {
            name: "Ada".into(),
            role: String::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
            milestone_digest: digest_of(MILESTONE),
            signature: None,
        };
        assert_eq!(check(&sign_off, MILESTONE, None), SignOffStanding::Approved);
    }

    #[test]
    fn a_key_that_is_not_there_is_told_with_what_to_do() {
        let sign_off = SignOff {
            name: "Ada".into(),
            role: String::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
            milestone_digest: String::new(),
            signature: None,
        };
        let error = format!(
            "{:#}",
            sign(&sign_off, Path::new("/nonexistent/key")).unwrap_err()
        );
        assert!(
            error.contains("--no-signature") || error.contains("install OpenSSH"),
            "{error}"
        );
    }
}
