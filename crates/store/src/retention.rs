//! How long conversations are kept: the section `[store]` of the configuration.

use std::time::Duration;

use alipes_config::{Checked, Reader, Section};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long a conversation is kept after its last turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// So long, and then it is deleted.
    For(Duration),
    /// Until somebody deletes it.
    Forever,
}

impl Default for Retention {
    /// Long enough that nobody misses what goes, short enough that a disk never fills by it.
    fn default() -> Self {
        Self::For(365 * DAY)
    }
}

impl Retention {
    /// `180d`, or `forever`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "forever" {
            return Some(Self::Forever);
        }
        let days: u32 = text.strip_suffix('d')?.parse().ok()?;
        (days > 0).then(|| Self::For(DAY * days))
    }

    /// How long, in milliseconds; nothing if for ever.
    pub(crate) fn millis(self) -> Option<u64> {
        match self {
            Self::For(length) => u64::try_from(length.as_millis()).ok(),
            Self::Forever => None,
        }
    }
}

impl Section for Retention {
    const NAME: &'static str = "store";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let keep = reader.optional("keep");
        let absent = keep.is_absent();
        let parsed = keep.parsed(
            "a number of days such as \"180d\", or \"forever\"",
            Self::parse,
        );
        reader.finish(|| match absent {
            true => Some(Self::default()),
            false => parsed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_config::Document;

    #[test]
    fn how_long_is_said_in_days() {
        let table = [
            ("", Some(Retention::default())),
            ("keep = \"30d\"", Some(Retention::For(30 * DAY))),
            ("keep = \"forever\"", Some(Retention::Forever)),
            ("keep = \"0d\"", None),
            ("keep = \"soon\"", None),
            ("keep = 3", None),
            ("keeps = \"30d\"", None),
        ];
        for (text, expected) in table {
            let document = Document::parse("config.toml", &format!("[store]\n{text}\n")).unwrap();
            assert_eq!(document.section::<Retention>().ok(), expected, "{text}");
        }
    }
}
