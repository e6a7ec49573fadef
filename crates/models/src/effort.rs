//! How hard a model is asked to think.

/// The efforts that models know by name; which of them a model takes is its provider's to say
/// (developers.openai.com/api/reference, `reasoning.effort`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Not at all.
    None,
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// As usual.
    Medium,
    /// Hard.
    High,
    /// As hard as it can.
    Xhigh,
}

impl Effort {
    /// Every effort with its name, as requests, the configuration and the command line spell it.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("none", Self::None),
        ("minimal", Self::Minimal),
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("xhigh", Self::Xhigh),
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effort_is_found_by_its_name() {
        for (name, effort) in Effort::NAMES {
            assert_eq!(effort.as_str(), name);
        }
    }
}
