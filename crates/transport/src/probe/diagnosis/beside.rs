//! What is wrong beside the way: dates, one family of addresses, the model's name, what happened lately.

use std::time::Duration;

use alipes_config::nearest;
use alipes_net::Way;

use super::super::{Door, LIMIT, Look, Outcome, Step, Survey};
use super::words::{length, soon};
use super::{Diagnosis, Weight, swallows_large_hellos};
use crate::{Cause, Fault, Phase};

/// A clock that is this far off is not only late: tokens, limits and certificates go wrong with it.
const WRONG_BY: u64 = 90;

/// This machine's clock, held against the answers' dates.
pub(super) fn clock(survey: &Survey, door: &Door) -> Option<Diagnosis> {
    let ahead = survey.clock_ahead()?;
    if ahead.unsigned_abs() < WRONG_BY {
        return None;
    }
    let which = match ahead {
        ..0 => "behind",
        _ => "ahead of",
    };
    let by = length(Duration::from_secs(ahead.unsigned_abs()));
    // Turns go on until a certificate or a token is held against that date.
    let weight = match door.is_open() {
        true => Weight::Warning,
        false => Weight::Fault,
    };
    let name = &survey.endpoint;
    Some(
        Diagnosis::new(
            "clock",
            weight,
            format!("this machine's clock is {by} {which} {name}'s: certificates, tokens and waiting times are misjudged"),
        )
        .helped_by("set this machine's clock, or let it be set by the network"),
    )
}

/// One family held against the other, where turns connect to the server themselves.
pub(super) fn families(survey: &Survey) -> Option<Diagnosis> {
    let direct = survey
        .taken()
        .filter(|door| door.egress.way == Way::Direct)?;
    let (v4, v6) = (direct.look(Step::Ipv4)?, direct.look(Step::Ipv6)?);
    let (dead, good, names) = match (v4.fault(), v6.fault()) {
        (None, Some(fault)) if v4.passed() => (fault, v4, ("IPv6", "IPv4")),
        (Some(fault), None) if v6.passed() => (fault, v6, ("IPv4", "IPv6")),
        _ => return None,
    };
    let what = match dead.cause {
        _ if dead.phase == Phase::Resolve => {
            "cannot be tried: the name resolver does not answer when asked for its addresses"
        }
        Cause::TimedOut => "is swallowed: what is sent there gets no answer",
        Cause::Refused => "is refused",
        _ => "leads nowhere",
    };
    let (bad, well) = names;
    let soon = soon(good.took);
    let host = &survey.target.host;
    let found = Diagnosis::new(
        "dead-family",
        Weight::Warning,
        format!(
            "{bad} to {host} {what}; {well} works (it connects {soon}), and turns take it, but programs that do not try both hang"
        ),
    )
    .rests_on(dead);
    Some(match bad {
        _ if dead.phase == Phase::Resolve => found.helped_by(
            "nothing has to be done for turns; mend this machine's DNS, or ask another resolver",
        ),
        "IPv6" => found.helped_by(
            "nothing has to be done for turns; mend this network's IPv6 (a router, a VPN, a firewall), or go without it: ipv4_only = true under [network]",
        ),
        _ => found.helped_by("mend this network's IPv4"),
    })
}

/// Something on the way swallows the longer ClientHello.
pub(super) fn hello(survey: &Survey, door: &Door) -> Option<Diagnosis> {
    let large = door
        .fault(Step::Tls)
        .filter(|_| swallows_large_hellos(door))?;
    let found =
        Diagnosis::new(
            "large-hello",
            Weight::Warning,
            format!(
                "something on the way to {} drops a post-quantum ClientHello, which takes two packets; a classical one passes, and is used here for a day",
                survey.target
            ),
        )
        .rests_on(large);
    Some(found.helped_by("nothing has to be done; a firewall, router or antivirus wants an update"))
}

/// The model's name, held against the list, where no turn has shown whether it is taken: a list need not
/// name everything, and who is asked by an alias is not on it.
pub(super) fn model(survey: &Survey, door: &Door) -> Option<Diagnosis> {
    let (model, models) = (survey.model.as_ref()?, survey.models.as_ref()?);
    let turns = [Step::TurnSse, Step::TurnWebSocket];
    let was_tried = turns.into_iter().any(|turn| {
        let is_about_it = |fault: &Fault| fault.cause == Cause::ModelUnavailable;
        door.passed(turn) || door.fault(turn).is_some_and(is_about_it)
    });
    if was_tried || models.is_empty() || models.iter().any(|listed| is_called(listed, model)) {
        return None;
    }
    let name = &survey.endpoint;
    let listed = match models.as_slice() {
        [only] => format!("lists one model, {only:?}, and not {model:?}"),
        models => format!("lists {} models, and not {model:?}", models.len()),
    };
    let found = Diagnosis::new(
        "wrong-model",
        Weight::Warning,
        format!("{name} {listed}: turns fail, unless it is taken all the same"),
    );
    Some(choose_another(survey, found).helped_by(format!(
        "`alipes doctor {name}/{model} --live` shows whether it is taken"
    )))
}

/// A turn was to be tried, and nobody knows what to ask for.
pub(super) fn untried(survey: &Survey, door: &Door) -> Option<Diagnosis> {
    let turns = [Step::TurnSse, Step::TurnWebSocket];
    let mut looks = turns.into_iter().filter_map(|turn| door.look(turn));
    let is_skipped = |look: &Look| matches!(look.outcome, Outcome::Skipped(_));
    if survey.model.is_some() || !looks.any(is_skipped) {
        return None;
    }
    let name = &survey.endpoint;
    let found = Diagnosis::new(
        "no-turn",
        Weight::Warning,
        "no turn was tried: no model is named".to_owned(),
    );
    Some(found.helped_by(format!(
        "name one of `alipes models {name}`: `alipes doctor {name}/NAME --live`"
    )))
}

/// A turn began and was not at its end in time, which may be a model's way or the end of it.
pub(super) fn unfinished(survey: &Survey, door: &Door) -> Option<Diagnosis> {
    let turns = [(Step::TurnSse, "SSE"), (Step::TurnWebSocket, "WebSocket")];
    let begun = turns.into_iter().filter(|(turn, _)| {
        let look = door.look(*turn);
        look.is_some_and(|look| matches!(look.outcome, Outcome::Unfinished))
    });
    let routes: Vec<&str> = begun.map(|(_, route)| route).collect();
    if routes.is_empty() {
        return None;
    }
    let (name, routes, limit) = (&survey.endpoint, routes.join(" and "), length(LIMIT));
    let says = format!(
        "{name} began an answer by {routes} and was not at its end within {limit}: the model thinks or has \
         much to say, or the answer hangs"
    );
    let found = Diagnosis::new("unfinished", Weight::Warning, says);
    Some(
        found.helped_by(
            "see whether one comes: `alipes exec -v hi` waits longer, and says for what",
        ),
    )
}

/// Whether this is how a listed model is asked for: without a tag the latest is meant (Ollama, "Model
/// names").
fn is_called(listed: &str, model: &str) -> bool {
    listed == model || listed.strip_suffix(":latest") == Some(model)
}

/// How another model is found in place of the one that is asked for.
pub(super) fn choose_another(survey: &Survey, found: Diagnosis) -> Diagnosis {
    let listed = survey.models.iter().flatten().map(String::as_str);
    let model = survey.model.as_deref().unwrap_or_default();
    let found = match nearest(model, listed).filter(|near| *near != model) {
        Some(near) => found.helped_by(format!("did you mean {near:?}?")),
        None => found,
    };
    found.helped_by(format!("choose one of `alipes models {}`", survey.endpoint))
}

/// Nothing is wrong now; something was.
pub(super) fn lately(survey: &Survey) -> Option<Diagnosis> {
    let last = survey.lately.as_ref()?;
    let name = &survey.endpoint;
    Some(
        Diagnosis::new(
            "lately",
            Weight::Warning,
            format!(
                "the way is open now, but the last turn failed {} ago: {name} {}",
                length(last.ago),
                last.cause.meaning()
            ),
        )
        .helped_by(last.cause.advice())
        .helped_by("`alipes doctor --live` tries a whole turn by each route"),
    )
}
