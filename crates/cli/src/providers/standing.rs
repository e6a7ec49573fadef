//! How an account stands, in words and as JSON.

use std::time::Duration;

use alipes_models::{AccountStanding, Strategy};
use alipes_transport::Cause;
pub(crate) use alipes_transport::probe::length;
use serde_json::{Value, json};

const MINUTE: u64 = 60;

/// Whether there is anything to say of accounts beyond where their key is.
pub(crate) fn says_something(accounts: &[AccountStanding]) -> bool {
    let told = |account: &AccountStanding| account.rest.is_some() || account.quota.is_some();
    accounts.len() > 1 || accounts.iter().any(told)
}

/// `next (in-order); 74 % left, said 3 minutes ago`
pub(crate) fn in_words(account: &AccountStanding, strategy: Strategy, is_one: bool) -> String {
    let next = (account.is_next && !is_one).then(|| format!("next ({})", strategy.as_str()));
    let rest = account.rest.map(|rest| {
        let why = rest.cause.map_or("many faults", Cause::as_str);
        format!("rests for {}: {why}", length(rest.remaining))
    });
    let quota = account
        .quota
        .map(|quota| format!("{} % left, said {}", quota.percent, ago(quota.age)));
    let asked = match account.times_asked {
        0 => None,
        _ if is_one => None,
        1 => Some("asked once this week".to_owned()),
        times => Some(format!("asked {times} times this week")),
    };
    let told: Vec<String> = [next, rest, quota, asked].into_iter().flatten().collect();
    told.join("; ")
}

/// The same for programs.
pub(crate) fn as_json(account: &AccountStanding) -> Value {
    json!({
        "name": account.name,
        "next": account.is_next,
        "rests_for_s": account.rest.map(|rest| rest.remaining.as_secs()),
        "rests_because": account.rest.and_then(|rest| rest.cause).map(Cause::as_str),
        "times_asked": account.times_asked,
        "quota_left_percent": account.quota.map(|quota| quota.percent),
        "quota_age_s": account.quota.map(|quota| quota.age.as_secs()),
        "quota_resets_in_s": account.resets_in.map(|left| left.as_secs()),
    })
}

/// `3 minutes ago`; younger than a minute, nobody wants to know how old.
pub(crate) fn ago(age: Duration) -> String {
    match age.as_secs() {
        ..MINUTE => "just now".to_owned(),
        _ => format!("{} ago", length(age)),
    }
}

/// How a command says which account of a provider is meant: ` --account NAME`, where it has several.
pub(crate) fn to_account(has_several: bool, account: &str) -> String {
    match (has_several, account) {
        (false, _) => String::new(),
        (true, "") => " --account NAME".to_owned(),
        (true, name) => format!(" --account {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_models::Key;
    use alipes_transport::{AccountRest, QuotaLeft};

    #[test]
    fn what_is_younger_than_a_minute_came_just_now() {
        assert_eq!(ago(Duration::from_secs(59)), "just now");
        assert_eq!(ago(Duration::from_secs(60)), "1 minute ago");
    }

    #[test]
    fn an_account_tells_whether_it_is_next_why_it_rests_and_what_is_left() {
        let mut account = AccountStanding {
            name: "work".to_owned(),
            key: Key::NotNeeded,
            is_next: true,
            rest: None,
            times_asked: 3,
            quota: Some(QuotaLeft {
                percent: 74,
                age: Duration::from_secs(180),
                remaining: Duration::from_secs(3_600),
            }),
            resets_in: None,
        };
        assert_eq!(
            in_words(&account, Strategy::LeastUsed, false),
            "next (least-used); 74 % left, said 3 minutes ago; asked 3 times this week"
        );
        account.is_next = false;
        account.rest = Some(AccountRest {
            cause: Some(Cause::UsageLimit),
            remaining: Duration::from_secs(2_520),
        });
        let told = in_words(&account, Strategy::LeastUsed, true);
        assert!(
            told.starts_with("rests for 42 minutes: usage-limit; 74 %"),
            "{told}"
        );
        assert_eq!(as_json(&account)["rests_for_s"], 2_520);
    }
}
