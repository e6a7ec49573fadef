//! How much of a plan's limits is used, as the `codex.rate_limits` event tells it (codex-protocol
//! §2.6).

use serde::Deserialize;

/// A snapshot of one limit family.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RateLimits {
    /// The short window.
    pub primary: Option<RateWindow>,
    /// The long window.
    pub secondary: Option<RateWindow>,
}

/// One window of a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RateWindow {
    /// Percent used, 0 to 100.
    pub used_percent: f64,
    /// The window's length in minutes.
    pub window_minutes: Option<u64>,
    /// When it resets, in seconds since the Unix epoch.
    pub reset_at: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_may_be_null_or_missing() {
        let event = r#"{"allowed":true,"primary":{"used_percent":12.5,"reset_at":1795000000},"secondary":null}"#;
        let limits: RateLimits = serde_json::from_str(event).unwrap();
        assert_eq!(
            limits.primary.and_then(|window| window.reset_at),
            Some(1_795_000_000)
        );
        assert_eq!(limits.secondary, None);
    }
}
