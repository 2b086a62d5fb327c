//! The checklist: sections and items as RON states them.
