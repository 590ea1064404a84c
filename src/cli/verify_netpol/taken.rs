//! What was read for a report: the objects, their texts, and a digest of them.

use sha2::{Digest, Sha256};

use crate::cli::texts::Passed;
use netpol::{Input, findings};

/// What was read for a report.
pub(super) struct Taken {
    pub(super) input: Input,
    pub(super) source: findings::Source,
    /// As the user named it.
    pub(super) name: String,
    /// `sha256:…` over what was read.
    pub(super) digest: String,
    /// What of the folders was not read.
    pub(super) passed: Vec<Passed>,
    texts: Vec<(String, String)>,
}

impl Taken {
    /// What was read of a cluster.
    pub(super) fn cluster(input: Input, name: String) -> Self {
        let mut hash = Sha256::new();
        hash.update(format!("{:?}{:?}", input.cluster, input.members));
        let digest = hex(&hash.finalize());
        let source = findings::Source::Cluster;
        Self { input, source, name, digest, passed: Vec::new(), texts: Vec::new() }
    }

    /// What was read of files, or of what a values file renders to, and what was not.
    pub(super) fn kept(
        input: Input,
        source: findings::Source,
        name: String,
        texts: Texts,
        passed: Vec<Passed>,
    ) -> Self {
        let (texts, hash) = match texts {
            Texts::Kept { texts, hash } => (texts, hash),
            Texts::Dropped => (Vec::new(), Sha256::new()),
        };
        Self { input, source, name, digest: hex(&hash.finalize()), passed, texts }
    }

    /// The text of a file that was read.
    pub(super) fn text(&self, file: &str) -> Option<&str> {
        self.texts.iter().find(|(name, _)| name == file).map(|(_, text)| text.as_str())
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// The texts that were read, where somebody needs them again.
pub(super) enum Texts {
    /// They are not.
    Dropped,
    /// With a digest of them.
    Kept { texts: Vec<(String, String)>, hash: Sha256 },
}

impl Texts {
    /// To be kept, and none yet.
    pub(super) fn kept() -> Self {
        Self::Kept { texts: Vec::new(), hash: Sha256::new() }
    }

    pub(super) fn keep(&mut self, file: String, text: String) {
        self.hash(text.as_bytes());
        if let Self::Kept { texts, .. } = self {
            texts.push((file, text));
        }
    }

    pub(super) fn hash(&mut self, bytes: &[u8]) {
        if let Self::Kept { hash, .. } = self {
            // With the length, so that no two inputs run into the same bytes.
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
    }
}
