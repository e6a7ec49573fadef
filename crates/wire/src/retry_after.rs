//! When to come back, as servers say it: the `retry-after-ms` and `Retry-After` headers
//! (codex-protocol §3.1, RFC 9110 §10.2.3) and the "try again in 1m30s" of an error's text
//! (codex-protocol §1.6).
//!
//! A wait is never shortened and never dropped for its length: to come back too early is to be
//! refused again, so whoever asked compares the wait with its deadline and moves on.

use std::time::{Duration, SystemTime};

/// The bound on every wait, some 136 years: more could overflow the clock that it is added to.
pub(crate) const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// How long a response's headers ask to wait; `header` finds one by its lower-case name.
#[must_use]
pub fn retry_after<'h>(
    header: impl Fn(&str) -> Option<&'h str>,
    now: SystemTime,
) -> Option<Duration> {
    // Both are sent together; the one in milliseconds was not rounded.
    let exact = header("retry-after-ms").and_then(|value| number(value.trim()));
    exact
        .map(|milliseconds| duration(milliseconds / 1_000.0))
        .or_else(|| retry_after_header(header("retry-after")?, header("date"), now))
}

/// How long a `Retry-After` header asks to wait.
///
/// A date is read against the response's own `Date` where it has one, because the two come from the
/// same clock; `now` is our wall clock. A date that has passed means at once.
fn retry_after_header(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Some(seconds) = number(value) {
        return Some(duration(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = date
        .and_then(|date| httpdate::parse_http_date(date.trim()).ok())
        .unwrap_or(now);
    Some(until.duration_since(now).unwrap_or_default().min(LONGEST))
}

/// The delay in a text such as `Please try again in 11.054s.` or `… in 28ms` or `… in 1m30s`.
#[must_use]
pub fn try_again_in(text: &str) -> Option<Duration> {
    const MARK: &str = "try again in";
    let lower = text.to_ascii_lowercase();
    let mut rest = lower.get(lower.find(MARK)? + MARK.len()..)?;
    let mut seconds = None;
    while let Some((part, behind)) = first_part(rest) {
        seconds = Some(seconds.unwrap_or(0.0) + part);
        rest = behind;
    }
    seconds.map(duration)
}

/// The seconds of a leading `6m`, `1.3 s` or `, and 5 minutes`, and what stands behind it.
fn first_part(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start_matches([' ', ',']);
    let text = text.strip_prefix("and ").unwrap_or(text);
    let (amount, text) = split_where(text, |c| !c.is_ascii_digit() && c != '.');
    let (unit, behind) = split_where(text.trim_start(), |c| !c.is_ascii_alphabetic());
    Some((number(amount)? * seconds_in(unit)?, behind))
}

fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

fn seconds_in(unit: &str) -> Option<f64> {
    match unit {
        "ms" | "millisecond" | "milliseconds" => Some(0.001),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1.0),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60.0),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(3_600.0),
        "d" | "day" | "days" => Some(86_400.0),
        _ => None,
    }
}

/// A number in plain digits: `f64` alone would also take `inf` and `-5`.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(LONGEST, |wait| wait.min(LONGEST))
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
    fn headers_are_read_in_every_form() {
        let wait = |headers: &[(&str, &'static str)]| {
            let find = |name: &str| Some(headers.iter().find(|header| header.0 == name)?.1);
            retry_after(find, SystemTime::UNIX_EPOCH).map(|wait| wait.as_millis())
        };
        let date = ("date", DATE);
        assert_eq!(wait(&[("retry-after-ms", "1250")]), Some(1_250));
        let both = [("retry-after", "2"), ("retry-after-ms", " 1250.5 ")];
        assert_eq!(wait(&both), Some(1_250));
        let odd = [("retry-after", "2"), ("retry-after-ms", "soon")];
        assert_eq!(wait(&odd), Some(2_000));
        let until = ("retry-after", "Sat, 21 Nov 2026 10:00:07 GMT");
        assert_eq!(wait(&[until, date]), Some(7_000));
        assert_eq!(wait(&[date]), None);
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
