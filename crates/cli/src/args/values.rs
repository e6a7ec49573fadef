//! Values of arguments: how each is written, and what it means.

use std::time::Duration;

use alipes_models::{Dialect, Effort};
use alipes_tools::{Effect, SandboxChoice};
use alipes_transport::{BUILTIN_PROFILES, Cause, Profile, Route};
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser as _};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouteArg {
    /// The best that works
    #[default]
    Auto,
    /// WebSocket and nothing else
    Websocket,
    /// SSE and nothing else
    Sse,
}

impl RouteArg {
    /// The routes to use, if not the profile's.
    pub(crate) fn routes(self) -> Option<Vec<Route>> {
        match self {
            Self::Auto => None,
            Self::Websocket => Some(vec![Route::WebSocket]),
            Self::Sse => Some(vec![Route::Sse]),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grant {
    /// Writing files in the folder
    Write,
    /// Running commands, confined by the sandbox
    Shell,
    /// The network, for the commands that run
    Network,
}

impl Grant {
    /// The effect that is allowed; none where only the sandbox gets wider.
    pub(crate) fn effect(self) -> Option<Effect> {
        match self {
            Self::Write => Some(Effect::Writes),
            Self::Shell => Some(Effect::Executes),
            Self::Network => None,
        }
    }
}

/// The kinds of sandbox, by name.
pub(crate) fn sandboxes() -> impl clap::builder::TypedValueParser<Value = SandboxChoice> {
    let names = SandboxChoice::NAMES.map(|(name, _)| name);
    PossibleValuesParser::new(names).map(|name| {
        let known = SandboxChoice::NAMES
            .into_iter()
            .find(|(known, _)| *known == name);
        known.map_or_else(SandboxChoice::default, |(_, choice)| choice)
    })
}

pub(crate) fn dialects() -> impl clap::builder::TypedValueParser<Value = Dialect> {
    let names = Dialect::NAMES.map(|(name, _)| name);
    PossibleValuesParser::new(names).map(|name| {
        let known = Dialect::NAMES.into_iter().find(|(known, _)| *known == name);
        known.map_or_else(Dialect::default, |(_, dialect)| dialect)
    })
}

pub(super) fn efforts() -> impl clap::builder::TypedValueParser<Value = Effort> {
    let names = Effort::NAMES.map(|(name, _)| name);
    PossibleValuesParser::new(names).try_map(|name| {
        let mut known = Effort::NAMES.into_iter();
        let found = known.find(|(known, _)| *known == name);
        found.map(|(_, effort)| effort).ok_or("no such effort")
    })
}

pub(crate) fn causes() -> impl clap::builder::TypedValueParser<Value = Cause> {
    let names = Cause::ALL.iter().map(|cause| cause.as_str());
    PossibleValuesParser::new(names).try_map(|name| Cause::named(&name).ok_or("no such cause"))
}

pub(super) fn profiles() -> impl clap::builder::TypedValueParser<Value = Profile> {
    let names = BUILTIN_PROFILES.map(|(name, _)| name);
    PossibleValuesParser::new(names).try_map(|name| Profile::named(&name))
}

/// How many entries of a list are shown.
pub(crate) fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

/// The name of an account: a sign-in, or a key.
pub(crate) fn account(text: &str) -> Result<String, String> {
    match alipes_models::is_plain_name(text) {
        true => Ok(text.to_owned()),
        false => Err("a name is of letters, digits, dots, dashes and underscores".to_owned()),
    }
}

/// `90s`, `10m`, `2h`, `500ms`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("unknown unit {other:?}; use ms, s, m or h")),
    };
    let seconds = number
        .parse::<f64>()
        .map_err(|_| "expected a time such as 90s, 10m or 2h".to_owned())?;
    let length =
        Duration::try_from_secs_f64(seconds * factor).map_err(|_| "too long a time".to_owned())?;
    if length.is_zero() {
        return Err("expected more than no time".to_owned());
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_take_their_usual_units() {
        let table = [
            ("90s", Some(90_000)),
            ("10m", Some(600_000)),
            ("2h", Some(7_200_000)),
            ("500ms", Some(500)),
            ("1.5", Some(1_500)),
            ("0", None),
            ("", None),
            ("soon", None),
            ("5d", None),
            ("1e9h", None),
        ];
        for (text, expected) in table {
            assert_eq!(
                duration(text).ok().map(|d| d.as_millis()),
                expected,
                "{text:?}"
            );
        }
    }
}
