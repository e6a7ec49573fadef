//! How a profile's values are read from a file and shown to people.

use std::time::Duration;

use alipes_config::Field;

use crate::Route;

/// A value that a profile can hold.
pub(super) trait Setting: Sized {
    fn read(field: Field<'_>) -> Option<Self>;
    fn show(&self) -> String;
}

/// A limit below this would end everything, one above it nothing.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Setting for Duration {
    fn read(field: Field<'_>) -> Option<Self> {
        field.parsed(
            "a time from \"1ms\" to \"24h\", such as \"20s\"",
            parse_duration,
        )
    }

    fn show(&self) -> String {
        format!("\"{self:?}\"")
    }
}

/// A time that the operating system counts in whole seconds, or nothing.
impl Setting for Option<Duration> {
    fn read(field: Field<'_>) -> Option<Self> {
        field.parsed(
            "\"off\" or a time from \"1s\" to \"2h\"",
            parse_seconds_or_off,
        )
    }

    fn show(&self) -> String {
        self.map_or_else(|| "\"off\"".to_owned(), |length| length.show())
    }
}

impl Setting for bool {
    fn read(field: Field<'_>) -> Option<Self> {
        field.boolean()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for usize {
    fn read(field: Field<'_>) -> Option<Self> {
        let number = field.integer(0..=i64::from(u32::MAX))?;
        Self::try_from(number).ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for String {
    fn read(field: Field<'_>) -> Option<Self> {
        field.string()
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

impl Setting for Vec<String> {
    fn read(field: Field<'_>) -> Option<Self> {
        field.strings()
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

impl Setting for Vec<Route> {
    fn read(field: Field<'_>) -> Option<Self> {
        let names = [Route::WebSocket, Route::Sse].map(|route| (route.as_str(), route));
        field.each_of(&names)
    }

    fn show(&self) -> String {
        let names: Vec<&str> = self.iter().map(|route| route.as_str()).collect();
        format!("{names:?}")
    }
}

fn parse_seconds_or_off(text: &str) -> Option<Option<Duration>> {
    if text == "off" {
        return Some(None);
    }
    let known = Duration::from_secs(1)..=Duration::from_secs(2 * 3600);
    let length = parse_duration(text).filter(|length| known.contains(length))?;
    Some(Some(length))
}

/// `500ms`, `20s`, `10min`, `2h`.
fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let length = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "min" | "m" => Duration::from_secs(number.checked_mul(60)?),
        "h" => Duration::from_secs(number.checked_mul(3600)?),
        _ => return None,
    };
    (SHORTEST..=LONGEST).contains(&length).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operating_system_cannot_count_is_refused() {
        assert_eq!(parse_seconds_or_off("off"), Some(None));
        let five = Duration::from_secs(5);
        assert_eq!(parse_seconds_or_off("5s"), Some(Some(five)));
        assert_eq!(
            (Some(five).show(), None.show()),
            ("\"5s\"".into(), "\"off\"".into())
        );
        for text in ["500ms", "3h", "0s", "on", "false", ""] {
            assert_eq!(parse_seconds_or_off(text), None, "{text:?}");
        }
    }

    #[test]
    fn nonsense_is_no_duration() {
        assert_eq!(parse_duration("10min"), Some(Duration::from_secs(600)));
        for text in [
            "",
            "20",
            "s",
            "-1s",
            "0s",
            "1d",
            "25h",
            "99999999999999999999s",
            "1.5s",
        ] {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }
}
