//! How much of a plan's limits is used, as the `codex.rate_limits` event tells it (codex-protocol
//! §2.6). Every number is read by itself: what is odd is missing, and the rest is still told.

use crate::RawEvent;
use crate::fields::Fields;

/// A snapshot of one limit family.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateLimits {
    /// The short window.
    pub primary: Option<RateWindow>,
    /// The long window.
    pub secondary: Option<RateWindow>,
}

/// One window of a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateWindow {
    /// Percent used, 0 to 100.
    pub used_percent: Option<f64>,
    /// The window's length in minutes.
    pub window_minutes: Option<u64>,
    /// When it resets, in seconds since the Unix epoch.
    pub reset_at: Option<u64>,
}

impl RateLimits {
    /// What an event of a response tells, if it is about limits.
    #[must_use]
    pub fn of(event: &RawEvent) -> Option<Self> {
        let is_it = event.kind() == "codex.rate_limits";
        let event = is_it.then(|| event.fields())?;
        Some(Self::read(&event.object("rate_limits")?))
    }

    pub(crate) fn read(limits: &Fields<'_>) -> Self {
        let window = |name| limits.object(name).map(|window| RateWindow::read(&window));
        Self {
            primary: window("primary"),
            secondary: window("secondary"),
        }
    }
}

impl RateWindow {
    fn read(window: &Fields<'_>) -> Self {
        Self {
            used_percent: window.number("used_percent"),
            window_minutes: window.whole("window_minutes"),
            reset_at: window.whole("reset_at"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_may_be_null_or_missing() {
        let json = br#"{"allowed":true,"primary":{"used_percent":12.5,"reset_at":1795000000},"secondary":null}"#;
        let limits = RateLimits::read(&Fields::of(json).unwrap());
        let primary = RateWindow {
            used_percent: Some(12.5),
            window_minutes: None,
            reset_at: Some(1_795_000_000),
        };
        assert_eq!((limits.primary, limits.secondary), (Some(primary), None));
    }

    #[test]
    fn an_odd_number_is_missing_and_the_rest_is_told() {
        let json = br#"{"primary":{"used_percent":null,"window_minutes":300.0,"reset_at":{}},"secondary":{"used_percent":"7","window_minutes":"10080","reset_at":-1}}"#;
        let limits = RateLimits::read(&Fields::of(json).unwrap());
        let told = [limits.primary, limits.secondary]
            .map(|window| window.map(|w| (w.used_percent, w.window_minutes, w.reset_at)));
        let expected = [
            Some((None, Some(300), None)),
            Some((Some(7.0), Some(10_080), None)),
        ];
        assert_eq!(told, expected);
    }
}
