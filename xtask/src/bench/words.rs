//! What the text of a bench is made of.

/// Words whose order a bench draws, so that compression and search find in them what they find in prose.
pub(super) const WORDS: [&str; 16] = [
    "the",
    "connection",
    "of",
    "a",
    "model",
    "answers",
    "with",
    "wings",
    "and",
    "silence",
    "before",
    "it",
    "ends",
    "while",
    "nobody",
    "waits",
];
