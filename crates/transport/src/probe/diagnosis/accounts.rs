//! An account is refused: which, how it is mended, and whether turns go on as another.

use super::super::Survey;
use super::words::{length, marks};
use super::{Diagnosis, Weight};
use crate::{Cause, Fault};

/// Whether it ends with the account, and not with the way that was taken; a model that is not offered
/// counts, because it is the same by every way.
pub(super) fn is_about_the_account(fault: &Fault) -> bool {
    matches!(
        fault.cause,
        Cause::Unauthorized
            | Cause::Forbidden
            | Cause::NoCredential
            | Cause::SignInUnavailable
            | Cause::RateLimited
            | Cause::UsageLimit
            | Cause::Quota
            | Cause::ModelUnavailable
    )
}

/// One account, by its name.
struct Account<'s> {
    name: &'s str,
    key_advice: Option<&'s String>,
}

/// The account that turns begin with is refused.
pub(super) fn refused(survey: &Survey, fault: &Fault) -> Diagnosis {
    let account = Account {
        name: &survey.account,
        key_advice: survey.key_advice.as_ref(),
    };
    let found = told(survey, &account, fault);
    let mut others = survey.others.iter();
    if let Some(taken) = others.find(|other| other.look.passed()) {
        return goes_on(found, &taken.name);
    }
    let refused = survey.others.iter().filter_map(|other| {
        let cause = other.look.fault()?.cause;
        Some((other, format!("{} ({})", other.name, cause.as_str())))
    });
    let (refused, names): (Vec<_>, Vec<String>) = refused.unzip();
    if refused.is_empty() {
        return found;
    }
    let says = format!(
        "{}; no other account is taken either: {}",
        found.says,
        names.join(", ")
    );
    let advice = refused.iter().filter_map(|other| other.key_advice.clone());
    let found = Diagnosis { says, ..found };
    advice.take(1).fold(found, |found, advice| {
        found.helped_by(format!("or mend another account: {advice}"))
    })
}

/// Those of the other accounts that are refused while turns go on.
pub(super) fn others(survey: &Survey, first_is_answered: bool) -> Vec<Diagnosis> {
    let mut others = survey.others.iter();
    let taken = match first_is_answered {
        true => Some(&survey.account),
        false => others
            .find(|other| other.look.passed())
            .map(|other| &other.name),
    };
    let Some(taken) = taken else {
        return Vec::new();
    };
    let refused = survey.others.iter().filter_map(|other| {
        let fault = other
            .look
            .fault()
            .filter(|fault| is_about_the_account(fault))?;
        let account = Account {
            name: &other.name,
            key_advice: other.key_advice.as_ref(),
        };
        Some(goes_on(told(survey, &account, fault), taken).rests_on(fault))
    });
    refused.collect()
}

/// Turns are answered all the same.
fn goes_on(found: Diagnosis, taken: &str) -> Diagnosis {
    Diagnosis {
        weight: Weight::Warning,
        says: format!("{}; turns go on as {taken}", found.says),
        ..found
    }
}

/// What one account is told.
fn told(survey: &Survey, account: &Account<'_>, fault: &Fault) -> Diagnosis {
    let name = called(survey, account.name);
    let found = |id, says| Diagnosis::new(id, Weight::Fault, says);
    let marks = marks(fault);
    let advice = account.key_advice.cloned().unwrap_or_else(|| {
        format!(
            "save another with `alipes providers add {}`",
            survey.endpoint
        )
    });
    match fault.cause {
        // What was not sent cannot have been refused.
        Cause::Unauthorized if !survey.shows_key => found(
            "no-key",
            format!("{name} wants a key{marks}, and none is configured"),
        )
        .helped_by(advice),
        Cause::Unauthorized => found(
            "key-refused",
            format!(
                "{name} does not accept the key{marks}: it was revoked, has ended, or is another's"
            ),
        )
        .helped_by(advice),
        Cause::NoCredential => {
            let why = fault.message.as_deref().unwrap_or("there is none");
            found("no-key", format!("{name} has no usable key: {why}")).helped_by(advice)
        }
        Cause::SignInUnavailable => {
            let why = fault.message.as_deref().unwrap_or("it does not answer");
            found(
                "sign-in-unavailable",
                format!("{name} needs a newer token: {why}"),
            )
            .helped_by(advice)
        }
        Cause::UsageLimit | Cause::Quota | Cause::RateLimited => spent(&name, fault),
        cause => found(
            "backend",
            format!("{name} {}{marks}: the way there is fine", cause.meaning()),
        )
        .helped_by(cause.advice()),
    }
}

/// `work as team`.
fn called(survey: &Survey, account: &str) -> String {
    match account {
        "" => survey.endpoint.to_string(),
        account => format!("{} as {account}", survey.endpoint),
    }
}

fn spent(name: &str, fault: &Fault) -> Diagnosis {
    let until = fault.retry_after.map_or_else(String::new, |wait| {
        format!("; it takes requests again in {}", length(wait))
    });
    let (id, what) = match fault.cause {
        Cause::Quota => ("quota", "has no credit left on this account"),
        Cause::UsageLimit => ("usage-limit", "takes no more: this plan's quota is used up"),
        _ => (
            "rate-limited",
            "takes no more requests from this account for now",
        ),
    };
    let found = Diagnosis::new(
        id,
        Weight::Fault,
        format!(
            "{name} {what}{}{until}; the way there and the key are fine",
            marks(fault)
        ),
    );
    match fault.cause {
        Cause::Quota => found.helped_by("top up the account"),
        _ => found.helped_by("wait for the reset"),
    }
    .helped_by("or ask another account or provider: `alipes providers add NAME`")
}
