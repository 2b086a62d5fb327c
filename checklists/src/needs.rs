//! What a rule needs, by type.
