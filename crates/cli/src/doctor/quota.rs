//! What is left of the plan that turns are asked with, by the provider's own word. It is asked beside
//! turns: where it cannot be had, that says nothing about them, and what was said earlier is told with
//! its age.

use alipes_base::Deadline;
use alipes_models::{AccountStanding, Catalog, Examined, Making};

use super::LIMIT;
use super::report::{Check, Status};
use super::subject::Subject;
use crate::providers::standing::{ago, length};
use crate::setup::Machine;

/// What is left; nothing where the provider does not say.
pub(super) async fn check(subject: &Subject, machine: &Machine) -> Option<Check> {
    let (examined, transport) = subject.examined()?;
    let making = Making {
        environment: &machine.environment,
        transport,
        session_id: "",
    };
    let question = subject.catalog.usage(&examined.provider, making).ok()??;
    let begun = machine.clock.now();
    let deadline = Deadline::after(&machine.clock, "doctor", LIMIT);
    let unsaid = question.ask(deadline).await.err();
    let unsaid = unsaid.map(|fault| fault.cause().as_str());
    let known = standing(&subject.catalog, examined, making);
    Some(in_words(known, unsaid).took(machine.clock.since(begun)))
}

fn standing(catalog: &Catalog, examined: &Examined, making: Making<'_>) -> Option<AccountStanding> {
    let standings = catalog.standings(&examined.provider, making).ok()?;
    standings.into_iter().next()
}

fn in_words(known: Option<AccountStanding>, unsaid: Option<&str>) -> Check {
    let check = |status, summary: String| Check::new("account.quota", "provider", status, summary);
    let unsaid = unsaid.map_or_else(String::new, |cause| {
        format!("it is not told now ({cause}); ")
    });
    let quota = known.as_ref().and_then(|known| Some((known, known.quota?)));
    let Some((known, quota)) = quota else {
        return check(
            Status::Ok,
            format!("{unsaid}nothing is known of what is left"),
        );
    };
    let anew = known.resets_in;
    let anew = anew.map_or_else(String::new, |left| {
        format!(", anew within {}", length(left))
    });
    let used = 100 - quota.percent.min(100);
    let told = format!(
        "{unsaid}{used} % of the plan is used (said {}{anew})",
        ago(quota.age)
    );
    match quota.percent {
        0 => check(Status::Warning, told)
            .helped_by("wait until it begins anew, or add another account or provider"),
        _ => check(Status::Ok, told),
    }
    .with("usedPercent", used.to_string())
    .with("ageSeconds", quota.age.as_secs().to_string())
}
