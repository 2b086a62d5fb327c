//! From a checklist and evidence to a judgement of all items.
