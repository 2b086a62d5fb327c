//! Baselines: RON files with samples, fingerprint, commit and digest.
