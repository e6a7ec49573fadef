//! When to come back, as servers say it: the `Retry-After` header (RFC 9110 §10.2.3) and the
//! "try again in 1.3s" of an error's text (codex-protocol §1.6).

use std::time::{Duration, SystemTime};

/// Longer waits are taken for nonsense (a year was seen); callers move on instead of waiting anyway.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long a `Retry-After` header asks to wait.
///
/// A date is read against the response's own `Date` where it has one, because the two come from the
/// same clock; `now` is our wall clock. A date that has passed means at once.
#[must_use]
pub fn retry_after_header(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return duration(seconds);
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = date
        .and_then(|date| httpdate::parse_http_date(date.trim()).ok())
        .unwrap_or(now);
    let wait = until.duration_since(now).unwrap_or_default();
    (wait <= LONGEST).then_some(wait)
}

/// The delay in a text such as `Please try again in 11.054s.` or `… in 28ms` or `… in 35 seconds`.
#[must_use]
pub fn try_again_in(text: &str) -> Option<Duration> {
    const MARK: &str = "try again in";
    let lower = text.to_ascii_lowercase();
    let rest = lower.get(lower.find(MARK)? + MARK.len()..)?.trim_start();
    let digits = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, unit) = rest.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim_start();
    if unit.starts_with("ms") {
        duration(number / 1_000.0)
    } else if unit.starts_with('s') {
        duration(number)
    } else {
        None
    }
}

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|wait| *wait <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sat, 21 Nov 2026 10:00:00 GMT";

    #[test]
    fn retry_after_takes_seconds_and_dates() {
        // Our own clock is an hour off; the response's Date decides.
        let skewed = httpdate::parse_http_date("Sat, 21 Nov 2026 11:00:00 GMT").unwrap();
        let table = [
            ("1", Some(1_000)),
            (" 1.5 ", Some(1_500)),
            ("0", Some(0)),
            ("Sat, 21 Nov 2026 10:00:07 GMT", Some(7_000)),
            ("Sat, 21 Nov 2026 09:00:00 GMT", Some(0)),
            ("-5", None),
            ("soon", None),
            ("", None),
            ("NaN", None),
            ("1e300", None),
            ("inf", None),
            ("31536000", Some(31_536_000_000)),
            ("Sun, 21 Nov 2027 10:00:00 GMT", Some(31_536_000_000)),
            ("99999999999999999999", Some(LONGEST.as_millis())),
        ];
        for (value, expected) in table {
            let wait = retry_after_header(value, Some(DATE), skewed);
            assert_eq!(wait.map(|w| w.as_millis()), expected, "{value:?}");
        }
    }

    #[test]
    fn without_a_date_our_clock_decides() {
        let now = httpdate::parse_http_date(DATE).unwrap();
        let wait = retry_after_header("Sat, 21 Nov 2026 10:00:03 GMT", None, now);
        assert_eq!(wait, Some(Duration::from_secs(3)));
    }

    #[test]
    fn texts_give_their_delay() {
        let table = [
            (
                "Rate limit reached. Please try again in 11.054s. Visit …",
                Some(11_054),
            ),
            ("Try again in 35 seconds.", Some(35_000)),
            ("try again in 28ms", Some(28)),
            ("try again in 5 minutes", Some(300_000)),
            ("try again in 6m0s.", Some(360_000)),
            ("try again in 1m30s", Some(90_000)),
            ("try again in 2h", Some(7_200_000)),
            ("try again in 1.3s, or upgrade", Some(1_300)),
            ("try again in 1 hour and 5 minutes", Some(3_900_000)),
            ("try again in 2 days, 3 hrs.", Some(183_600_000)),
            ("try again in 20s. 3 minutes are left", Some(20_000)),
            ("try again in 5 moons", None),
            ("try again in", None),
            ("try again in .s", None),
            ("later", None),
        ];
        for (text, expected) in table {
            assert_eq!(
                try_again_in(text).map(|w| w.as_millis()),
                expected,
                "{text}"
            );
        }
    }
}
