//! What an account has left, as providers tell it: in an answer of their own, or on the way of a
//! turn. Where in the answer is data of the provider; every number is read by itself, so an odd one
//! costs only itself.

use serde_json::Value;

use crate::{RateLimits, RateWindow};

/// Where a provider's answer says what is left, as JSON pointers (RFC 6901).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaFields {
    /// Windows of a plan, as the ChatGPT backend tells them (codex-protocol §6.2).
    pub windows: Vec<String>,
    /// What there was in all.
    pub limit: Option<String>,
    /// What is left of it, or of what was paid for.
    pub left: Option<String>,
}

/// What an account has left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    /// The windows of its plan.
    pub windows: Vec<RateWindow>,
    /// Credit, in the provider's own unit, and out of how much.
    pub credit: Option<(f64, Option<f64>)>,
}

impl Quota {
    /// Reads an answer; `None` if it says nothing about it.
    #[must_use]
    pub fn read(body: &[u8], fields: &QuotaFields) -> Option<Self> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let windows = fields.windows.iter();
        let windows = windows.filter_map(|at| window(answer.pointer(at)?));
        let amount = |at: &Option<String>| number(answer.pointer(at.as_deref()?)?);
        let quota = Self {
            windows: windows.collect(),
            credit: amount(&fields.left).map(|left| (left, amount(&fields.limit))),
        };
        (quota != Self::default()).then_some(quota)
    }

    /// What is left of the narrowest limit, in percent; `None` where there is no telling.
    #[must_use]
    pub fn percent_left(&self) -> Option<u8> {
        let windows = self.windows.iter().filter_map(|window| window.used_percent);
        let windows = windows.map(|used| 100.0 - used);
        let credit = self.credit.and_then(|(left, of)| {
            let of = of.filter(|of| *of > 0.0)?;
            Some(left / of * 100.0)
        });
        let least = windows.chain(credit).min_by(f64::total_cmp)?;
        // Within 0 to 100, so nothing is cut off but the fraction.
        Some(least.clamp(0.0, 100.0) as u8)
    }

    /// When the narrowest window begins anew, in seconds since the Unix epoch.
    #[must_use]
    pub fn resets_at(&self) -> Option<u64> {
        let used = |window: &&RateWindow| window.used_percent.unwrap_or_default();
        let mut windows: Vec<&RateWindow> = self.windows.iter().collect();
        windows.sort_by(|one, other| used(other).total_cmp(&used(one)));
        windows.first()?.reset_at
    }
}

impl From<&RateLimits> for Quota {
    fn from(limits: &RateLimits) -> Self {
        let windows = [limits.primary, limits.secondary];
        Self {
            windows: windows.into_iter().flatten().collect(),
            credit: None,
        }
    }
}

fn window(window: &Value) -> Option<RateWindow> {
    let whole = |name: &str| window[name].as_u64();
    window.is_object().then(|| RateWindow {
        used_percent: number(&window["used_percent"]),
        window_minutes: whole("limit_window_seconds").map(|seconds| seconds / 60),
        reset_at: whole("reset_at"),
    })
}

/// A number, also one in a string.
fn number(value: &Value) -> Option<f64> {
    let number = value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, windows: &[&str], left: &str, limit: &str) -> Option<Quota> {
        let pointer = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let fields = QuotaFields {
            windows: windows.iter().map(|at| (*at).to_owned()).collect(),
            limit: pointer(limit),
            left: pointer(left),
        };
        Quota::read(body.as_bytes(), &fields)
    }

    #[test]
    fn the_narrowest_limit_is_what_is_left() {
        let plan = r#"{"rate_limit":{"primary_window":{"used_percent":20,"limit_window_seconds":18000,"reset_at":7},
            "secondary_window":{"used_percent":97.5,"reset_at":9}}}"#;
        let windows = ["/rate_limit/primary_window", "/rate_limit/secondary_window"];
        let quota = read(plan, &windows, "", "").unwrap();
        assert_eq!(
            (quota.percent_left(), quota.resets_at()),
            (Some(2), Some(9))
        );
        assert_eq!(quota.windows[0].window_minutes, Some(300));
        let key = r#"{"data":{"limit":100,"limit_remaining":74.5}}"#;
        let quota = read(key, &[], "/data/limit_remaining", "/data/limit").unwrap();
        assert_eq!(
            (quota.percent_left(), quota.credit),
            (Some(74), Some((74.5, Some(100.0))))
        );
    }

    #[test]
    fn credit_without_a_limit_is_told_and_is_no_share() {
        let balance = r#"{"balance_infos":[{"currency":"CNY","total_balance":"110.00"}]}"#;
        let quota = read(balance, &[], "/balance_infos/0/total_balance", "").unwrap();
        assert_eq!(
            (quota.credit, quota.percent_left()),
            (Some((110.0, None)), None)
        );
    }

    #[test]
    fn what_says_nothing_is_none_and_an_odd_number_costs_only_itself() {
        for body in [
            "",
            "[]",
            "null",
            r#"{"data":{"limit":null,"limit_remaining":null}}"#,
        ] {
            assert_eq!(
                read(body, &["/w"], "/data/limit_remaining", "/data/limit"),
                None,
                "{body}"
            );
        }
        let odd = r#"{"w":{"used_percent":"x","reset_at":-1},"left":5,"of":0}"#;
        let quota = read(odd, &["/w"], "/left", "/of").unwrap();
        assert_eq!((quota.percent_left(), quota.resets_at()), (None, None));
        let over = read(r#"{"w":{"used_percent":180}}"#, &["/w"], "", "").unwrap();
        assert_eq!(over.percent_left(), Some(0));
    }
}
