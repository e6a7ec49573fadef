//! What a model's tokens cost.
//!
//! In whole units that are small enough for every price there is: sums stay exact, and a price can be
//! compared and kept.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Usage;

/// Units to a dollar for one token: a price of a dollar for a million tokens is a million units.
const UNITS: f64 = 1e12;

/// A dollar for a million tokens, in units for one.
const A_MILLION: f64 = 1e6;

/// Dearer than this, in dollars for one token, is a misprint.
const DEAREST: f64 = 1.0;

/// What one token costs, in millionths of a millionth of a US dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Read by the model.
    pub input: u64,
    /// Read from the provider's cache.
    pub cached_input: u64,
    /// Written by the model, reasoning included.
    pub output: u64,
}

/// The text is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a price: expected, in US dollars for a million tokens, `1.25 in, 0.125 cached, 10 out`"
)]
pub struct NotAPrice;

impl Price {
    /// What so many tokens cost, in the same units.
    #[must_use]
    pub fn of(&self, usage: &Usage) -> u64 {
        let cached = usage.cached_input_tokens.min(usage.input_tokens);
        let fresh = usage.input_tokens - cached;
        let read = fresh.saturating_mul(self.input);
        let again = cached.saturating_mul(self.cached_input);
        let written = usage.output_tokens.saturating_mul(self.output);
        read.saturating_add(again).saturating_add(written)
    }

    /// As lists of models tell it, in dollars for one token (`OpenRouter`, `pricing`); `None` where it is
    /// not told whole.
    pub(crate) fn listed(pricing: &Value) -> Option<Self> {
        let told = |name: &str| {
            let text = pricing[name].as_str()?;
            units(text.parse().ok()?, UNITS)
        };
        let input = told("prompt")?;
        Some(Self {
            input,
            cached_input: told("input_cache_read").unwrap_or(input),
            output: told("completion")?,
        })
    }
}

impl FromStr for Price {
    type Err = NotAPrice;

    /// `1.25 in, 0.125 cached, 10 out`: US dollars for a million tokens. What is cached costs the same
    /// as what is not where nothing is said of it.
    fn from_str(text: &str) -> Result<Self, NotAPrice> {
        let (mut input, mut cached, mut output) = (None, None, None);
        for part in text.split(',') {
            let (number, kind) = part.trim().split_once(' ').ok_or(NotAPrice)?;
            let place = match kind.trim() {
                "in" => &mut input,
                "cached" => &mut cached,
                "out" => &mut output,
                _ => return Err(NotAPrice),
            };
            let dollars = number.parse().map_err(|_not_a_number| NotAPrice)?;
            let before = place.replace(units(dollars, A_MILLION).ok_or(NotAPrice)?);
            if before.is_some() {
                return Err(NotAPrice);
            }
        }
        let input = input.ok_or(NotAPrice)?;
        Ok(Self {
            input,
            cached_input: cached.unwrap_or(input),
            output: output.ok_or(NotAPrice)?,
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is neither negative nor too large"
)]
fn units(dollars: f64, factor: f64) -> Option<u64> {
    let units = (dollars * factor).round();
    (0.0..=DEAREST * UNITS)
        .contains(&units)
        .then_some(units as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tokens_cost_what_they_are_and_where_they_come_from() {
        let price: Price = "1.25 in, 0.125 cached, 10 out".parse().unwrap();
        let usage = Usage {
            input_tokens: 1_000_000,
            cached_input_tokens: 800_000,
            output_tokens: 10_000,
            ..Usage::default()
        };
        // 0.25 + 0.10 + 0.10 dollars.
        assert_eq!(price.of(&usage), 450_000_000_000);
        let odd = Usage {
            cached_input_tokens: 2_000_000,
            ..usage
        };
        assert_eq!(price.of(&odd), 225_000_000_000);
    }

    #[test]
    fn a_list_tells_the_same_price() {
        let told = json!({"prompt": "0.00000125", "completion": "0.00001", "input_cache_read": "0.000000125"});
        let price = "10 out, 1.25 in, 0.125 cached".parse().ok();
        assert_eq!(Price::listed(&told), price);
        for odd in [
            json!(null),
            json!({"prompt": "0.1"}),
            // What routes to others has no price of its own.
            json!({"prompt": "-1", "completion": "-1"}),
            json!({"prompt": "x", "completion": "1"}),
        ] {
            assert_eq!(Price::listed(&odd), None, "{odd}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in [
            "",
            "1",
            "1 in",
            "1 in, 2 in, 3 out",
            "x in, 1 out",
            "-1 in, 1 out",
            "NaN in, 1 out",
            "1 in, 2 out, 3 more",
            "1e9 in, 1 out",
        ] {
            assert_eq!(text.parse::<Price>(), Err(NotAPrice), "{text}");
        }
    }
}
