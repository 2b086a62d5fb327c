//! Who approved a milestone, and what exactly was signed.

use serde::{Deserialize, Serialize};

use super::{ReviewFileError, session};
use crate::ron_text;

/// Newest version of the file's format that is understood.
pub const SIGN_OFFS_FORMAT_VERSION: u32 = 1;

/// The namespace of signatures (`ssh-keygen -n`): one made for another purpose does not count.
pub const SIGNATURE_NAMESPACE: &str = "scrutineer-milestone";

/// Approvals of one milestone: the content of `.scrutineer/reviews/<name>/signatures/<milestone>.ron`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerSignOffs", deny_unknown_fields)]
pub struct SignOffs {
    /// Version of the file's format.
    pub version: u32,
    /// In the order in which they were given.
    pub sign_offs: Vec<SignOff>,
}

/// One approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOff {
    /// Who approved.
    pub name: String,
    /// In which role: `service owner`.
    pub role: String,
    /// When, to the second.
    pub at: jiff::Timestamp,
    /// SHA-256 of the milestone's file, hexadecimal.
    pub milestone_digest: String,
    /// The signature over [`SignOff::message`]; without one this is an approval that anybody who
    /// can write the file could have put there.
    pub signature: Option<Signature>,
}

/// A signature that an SSH key made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The public key, as a line of `authorized_keys` without its comment.
    pub public_key: String,
    /// `-----BEGIN SSH SIGNATURE-----` and so on.
    pub armored: String,
}

/// What a sign-off comes to when it is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignOffStanding {
    /// The signature holds, and the key is known to be this person's.
    Signed {
        /// `SHA256:…`, as `ssh-keygen -l` prints it.
        fingerprint: String,
        /// Whose key it is, as the list of allowed signers says.
        signer: String,
    },
    /// The signature holds; whose key it is, nobody says.
    SignedByUnknownKey {
        /// `SHA256:…`, as `ssh-keygen -l` prints it.
        fingerprint: String,
    },
    /// Approved without a signature.
    Approved,
    /// The milestone was changed since, or the signature does not fit.
    Unsigned {
        /// Why.
        why: String,
    },
}

impl Default for SignOffs {
    fn default() -> Self {
        Self {
            version: SIGN_OFFS_FORMAT_VERSION,
            sign_offs: Vec::new(),
        }
    }
}

impl SignOffs {
    /// Parses the text of a file of sign-offs.
    pub fn parse(text: &str) -> Result<Self, ReviewFileError> {
        session::parse(text, SIGN_OFFS_FORMAT_VERSION)
    }

    /// The text of the file.
    pub fn print(&self) -> String {
        ron_text::print(self)
    }
}

impl SignOff {
    /// The bytes that are signed: everything that the approval says, so that no part of it can be
    /// exchanged. Line feeds in names are spaces, so that each line is one field.
    pub fn message(&self) -> String {
        let line = |words: &str| words.replace(['\n', '\r'], " ");
        format!(
            "scrutineer milestone {}\nname {}\nrole {}\nat {}\n",
            self.milestone_digest,
            line(&self.name),
            line(&self.role),
            self.at
        )
    }
}

impl SignOffStanding {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Signed {
                fingerprint,
                signer,
            } => format!("signed by {signer} with the key {fingerprint}"),
            Self::SignedByUnknownKey { fingerprint } => format!(
                "signed with the key {fingerprint}; no list of allowed signers says whose it is"
            ),
            Self::Approved => "approved without a signature".into(),
            Self::Unsigned { why } => format!("unsigned: {why}"),
        }
    }

    /// Whether the approval stands, signed or not.
    pub const fn stands(&self) -> bool {
        !matches!(self, Self::Unsigned { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn sign_off() -> SignOff {
        SignOff {
            name: "Ada".into(),
            role: "service owner".into(),
            at: testing::judged_at(),
            milestone_digest: "ab".repeat(32),
            signature: Some(Signature {
                public_key: "ssh-ed25519 AAAA".into(),
                armored: "-----BEGIN SSH SIGNATURE-----\nx\n-----END SSH SIGNATURE-----\n".into(),
            }),
        }
    }

    #[test]
    fn what_is_printed_is_parsed_again_and_printed_the_same() {
        let sign_offs = SignOffs {
            sign_offs: vec![sign_off()],
            ..SignOffs::default()
        };
        let text = sign_offs.print();
        assert_eq!(SignOffs::parse(&text).unwrap(), sign_offs);
        assert!(text.starts_with("ScrutineerSignOffs("));
    }

    #[test]
    fn every_field_of_an_approval_is_part_of_what_is_signed() {
        let message = sign_off().message();
        let changes: [fn(&mut SignOff); 4] = [
            |one| one.name = "Eve".into(),
            |one| one.role = "owner".into(),
            |one| one.at += jiff::SignedDuration::from_secs(1),
            |one| one.milestone_digest = "cd".repeat(32),
        ];
        for change in changes {
            let mut other = sign_off();
            change(&mut other);
            assert_ne!(other.message(), message);
        }
    }

    #[test]
    fn a_name_cannot_pass_for_another_field() {
        let mut forged = sign_off();
        forged.name = "Ada\nrole director".into();
        assert_eq!(forged.message().lines().count(), 4);
    }
}
