//! What a model's name asks for: `lean-50` is an answer of fifty pieces, `lean-50-20ms` one of which a
//! piece leaves every 20 ms. What stands before a slash in it is somebody's name for a provider.

use std::time::Duration;

use alipes_wire::{Dialect, Relayed};

/// Most pieces of an answer.
const PIECES: usize = 10_000;

/// How an answer shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) dialect: Dialect,
    pub(super) pieces: usize,
    pub(super) pace: Duration,
}

impl Plan {
    /// What a request asks for; `None` if its model is none of ours.
    pub(super) fn of(words: &Relayed) -> Option<Self> {
        let name = words.model.rsplit('/').next()?;
        let mut parts = name.strip_prefix("lean-")?.split('-');
        let pieces = parts.next()?.parse().ok()?;
        let pace = parts
            .next()
            .map_or(Some(0), |pace| pace.strip_suffix("ms")?.parse::<u64>().ok())?;
        (pieces <= PIECES && parts.next().is_none()).then(|| Self {
            dialect: words.dialect(),
            pieces,
            pace: Duration::from_millis(pace),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_how_many_pieces_and_how_fast() {
        let plan = |model: &str| {
            let body = format!(r#"{{"model":"{model}"}}"#);
            let words = Relayed::parse(Dialect::Chat, body.into()).unwrap();
            Plan::of(&words).map(|plan| (plan.pieces, plan.pace.as_millis()))
        };
        assert_eq!(plan("lean-50"), Some((50, 0)));
        assert_eq!(plan("work/lean-7-20ms"), Some((7, 20)));
        for other in [
            "lean",
            "lean-x",
            "lean-1-2",
            "lean-1-2ms-3",
            "lean-10001",
            "m",
        ] {
            assert_eq!(plan(other), None, "{other}");
        }
    }
}
