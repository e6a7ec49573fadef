//! Which version of the program is installed, and which is needed.

use std::fmt;

/// The oldest one that is known to take a conversation as it is (`thread/inject_items`, reported with
/// Codex CLI 0.142.5; ours is tried with 0.169).
pub(super) const NEEDED: Version = Version([0, 142, 0]);

/// Three numbers; what is behind them (`-alpha.3`) counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u32; 3]);

impl Version {
    /// The first version in a text: `codex-cli 0.169.0`, or the `userAgent` that `initialize` answers,
    /// `alipes/0.169.0 (Debian 12.0.0; x86_64) …`.
    pub(super) fn within(text: &str) -> Option<Self> {
        text.split([' ', '/', '\n']).find_map(Self::parse)
    }

    fn parse(text: &str) -> Option<Self> {
        let numbers = text.split(['-', '+']).next()?;
        let mut numbers = numbers.trim_start_matches('v').splitn(3, '.');
        let mut number = || numbers.next()?.parse().ok();
        Some(Self([number()?, number()?, number()?]))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_where_the_program_says_it() {
        for (text, version) in [
            ("codex-cli 0.169.0\n", Some([0, 169, 0])),
            (
                "alipes/0.170.0-alpha.3 (Debian 12.0.0; x86_64) xterm (alipes; 0.1.0)",
                Some([0, 170, 0]),
            ),
            ("alipes/0.169.12+5", Some([0, 169, 12])),
            ("codex", None),
            ("", None),
            ("a/1.2", None),
        ] {
            assert_eq!(Version::within(text), version.map(Version), "{text}");
        }
        assert!(Version([0, 99, 9]) < NEEDED && NEEDED < Version([1, 0, 0]));
    }
}
