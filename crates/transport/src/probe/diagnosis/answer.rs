//! Requests arrive somewhere: what is said to them.
//!
//! A turn needs one route, and of a route the request that is most like a turn: what that one was told
//! silences whatever the lesser ones were told.

use std::time::Duration;

use super::super::{Door, Step, Survey};
use super::accounts::{self, is_about_the_account};
use super::beside::choose_another;
use super::way::{elsewhere, other_door};
use super::words::{connections, fate, marks, soon};
use super::{Diagnosis, Weight, swallows_large_hellos};
use crate::{Cause, Fault, Reaction, Route, may_help};

/// The ways that a turn's request could take, the step first that is most like a turn.
const SSE: [Step; 3] = [Step::TurnSse, Step::Sse, Step::Http1];
const WEBSOCKET: [Step; 2] = [Step::TurnWebSocket, Step::WebSocket];

/// What a route has to say.
enum Heard<'d> {
    /// It was not asked, or nothing came within the time of a probe.
    Nothing,
    /// It answers.
    Answer,
    /// It does not.
    Refusal(&'d Fault),
}

/// What is said to requests by the door that turns take.
pub(super) fn found(survey: &Survey, door: &Door) -> Vec<Diagnosis> {
    use Heard::{Answer, Nothing, Refusal};
    let (sse, websocket) = (heard(door, &SSE), heard(door, &WEBSOCKET));
    let is_answered = matches!(sse, Answer) || matches!(websocket, Answer);
    let refused = |fault| Some(refused(survey, door, fault).rests_on(fault));
    let beside = |fault, routes| Some(beside(survey, door, fault, routes).rests_on(fault));
    let first = match (sse, websocket) {
        (Refusal(sse), Refusal(websocket)) => refused(graver(sse, websocket)),
        (Refusal(fault), Nothing) | (Nothing, Refusal(fault)) => refused(fault),
        (Refusal(fault), Answer) => beside(fault, (Route::Sse, Route::WebSocket)),
        (Answer, Refusal(fault)) => beside(fault, (Route::WebSocket, Route::Sse)),
        (Answer | Nothing, Answer | Nothing) => None,
    };
    let listing = || listing(survey, door);
    let mut found: Vec<Diagnosis> = first.or_else(listing).into_iter().collect();
    found.extend(accounts::others(survey, is_answered));
    found
}

/// What the first of the steps of a route was told that came to an end.
fn heard<'d>(door: &'d Door, steps: &[Step]) -> Heard<'d> {
    let looks = steps.iter().filter_map(|step| door.look(*step));
    // Who waits for an answer to a ClientHello has no time left for one to a request.
    let is_delayed = swallows_large_hellos(door);
    let mut ended = looks.filter_map(|look| match look.fault() {
        Some(fault) if is_own_limit(fault) => None,
        Some(fault) if is_delayed && is_silence(fault) => None,
        Some(fault) => Some(Heard::Refusal(fault)),
        None => look.passed().then_some(Heard::Answer),
    });
    ended.next().unwrap_or(Heard::Nothing)
}

fn is_silence(fault: &Fault) -> bool {
    matches!(fault.cause, Cause::Silent | Cause::TimedOut)
}

/// A limit of the probe, not of what it looked at.
fn is_own_limit(fault: &Fault) -> bool {
    matches!(fault.cause, Cause::Deadline | Cause::Cancelled)
}

/// What is to be told where neither route is answered.
fn graver<'f>(sse: &'f Fault, websocket: &'f Fault) -> &'f Fault {
    match websocket.cause {
        _ if is_about_the_account(sse) => sse,
        // It would be answered with another account, whatever becomes of SSE.
        _ if is_about_the_account(websocket) => websocket,
        // A refused upgrade is nothing beside what the other route is told.
        Cause::Challenge | Cause::Blocked if sse.cause != websocket.cause => websocket,
        _ => sse,
    }
}

/// One route is refused and the other answered. A turn does not go the other way for every reason, so it
/// may matter which is asked first.
fn beside(
    survey: &Survey,
    door: &Door,
    fault: &Fault,
    (barred, open): (Route, Route),
) -> Diagnosis {
    // A socket that is opened has seen the key and no request, and what is spent is told to requests.
    let was_shown_the_key = matches!(fault.cause, Cause::Unauthorized | Cause::Forbidden);
    let is_asked = open == Route::Sse || door.passed(Step::TurnWebSocket);
    if is_about_the_account(fault) && !was_shown_the_key && !is_asked {
        return refused(survey, door, fault);
    }
    match survey.first_route == barred && !goes_the_other_way(fault) {
        true => first_route(survey, fault, (barred, open)),
        false => one_route(survey, fault, (barred, open)),
    }
}

/// Whether a turn asks by the other route after this fault.
fn goes_the_other_way(fault: &Fault) -> bool {
    // Beside a silent request another one goes out.
    let is_hedged = matches!(fault.cause, Cause::Silent | Cause::Stalled);
    is_hedged || may_help(fault, Reaction::OtherRoute)
}

/// The route that turns ask first is refused for a reason for which they ask no other.
fn first_route(survey: &Survey, fault: &Fault, (barred, open): (Route, Route)) -> Diagnosis {
    let name = &survey.endpoint;
    let says = format!(
        "{}: turns fail, because they go by {} first",
        refusal(survey, fault, (barred, open)),
        word(barred)
    );
    Diagnosis::new("first-route", Weight::Fault, says).helped_by(format!(
        "ask by {} alone: {}, or routes = [\"{}\"] under [providers.{name}]",
        word(open),
        alone(open),
        open.as_str()
    ))
}

/// What one route is told, beside the other.
fn refusal(survey: &Survey, fault: &Fault, (barred, open): (Route, Route)) -> String {
    let (name, marks) = (&survey.endpoint, marks(fault));
    let (barred, open) = (word(barred), word(open));
    match fault.cause {
        Cause::Unauthorized => {
            format!("{name} refuses the key over {barred}{marks} and takes it over {open}")
        }
        Cause::UpgradeRefused => {
            format!("{name} refuses to open a WebSocket{marks}; {open} is open")
        }
        Cause::Redirected => format!(
            "{name} sends requests over {barred} elsewhere{marks}, where no key follows; {open} is open"
        ),
        cause => format!(
            "over {barred} {name} {}{marks}; {open} is open",
            cause.meaning()
        ),
    }
}

/// One route is barred and the other open.
fn one_route(survey: &Survey, fault: &Fault, routes: (Route, Route)) -> Diagnosis {
    let (name, marks) = (&survey.endpoint, marks(fault));
    let (barred, open) = (word(routes.0), word(routes.1));
    let alone = alone(routes.1);
    let found = |id, says| Diagnosis::new(id, Weight::Warning, says);
    let nothing =
        format!("nothing has to be done: requests go by {open}; {alone} tries nothing else");
    match fault.cause {
        Cause::Challenge => found(
            "challenge-one-route",
            format!(
                "the edge of {name} challenges {barred} from this address{marks}, {open} passes: your account is fine"
            ),
        )
        .helped_by(nothing),
        Cause::Silent | Cause::TimedOut | Cause::Stalled | Cause::EdgeDead => found(
            "silent-one-route",
            format!("{name} says nothing over {barred} within the time of a probe; {open} is open"),
        )
        .helped_by(format!("if turns are slow to begin: {alone}")),
        _ => found("one-route", refusal(survey, fault, routes)).helped_by(nothing),
    }
}

/// The command that asks by this route alone.
fn alone(route: Route) -> &'static str {
    match route {
        Route::WebSocket => "`alipes chat --route websocket`",
        _ => "`alipes chat --route sse`",
    }
}

/// What people call a route.
fn word(route: Route) -> &'static str {
    match route {
        Route::WebSocket => "WebSocket",
        _ => "SSE",
    }
}

/// What the requests of a turn are told.
fn refused(survey: &Survey, door: &Door, fault: &Fault) -> Diagnosis {
    let name = &survey.endpoint;
    let found = |id, says| Diagnosis::new(id, Weight::Fault, says);
    let marks = marks(fault);
    if may_be_the_door(fault)
        && let Some(open) = other_door(survey, door)
    {
        return elsewhere(survey, (door, open), &happened(survey, door, fault));
    }
    match fault.cause {
        Cause::Challenge | Cause::Blocked | Cause::Region => barred(survey, fault),
        Cause::ModelUnavailable => model_unavailable(survey, fault),
        _ if is_about_the_account(fault) => accounts::refused(survey, fault),
        Cause::CaptivePortal => captive(survey, fault),
        Cause::NoSuchEndpoint | Cause::NotAnApi | Cause::Redirected | Cause::Malformed => {
            match is_anothers(survey, door) {
                true => anothers(survey, fault),
                false => not_an_api(survey, door, fault),
            }
        }
        Cause::Silent | Cause::Stalled | Cause::TimedOut | Cause::EdgeDead => silent(survey, door),
        Cause::Reset | Cause::Cut | Cause::EncodedAnswer => {
            found("way-blocked", happened(survey, door, fault)).helped_by(fault.cause.advice())
        }
        cause => found(
            "backend",
            format!("{name} {}{marks}: the way there is fine", cause.meaning()),
        )
        .helped_by(cause.advice()),
    }
}

fn model_unavailable(survey: &Survey, fault: &Fault) -> Diagnosis {
    let model = survey.model.as_deref().unwrap_or("this model");
    let says = format!("{} does not offer {model}{}", survey.endpoint, marks(fault));
    choose_another(survey, Diagnosis::new("wrong-model", Weight::Fault, says))
}

/// Whether what was told may be due to the way that was taken: the account is the same by every way,
/// and nobody is shown a way around the borders of a service.
fn may_be_the_door(fault: &Fault) -> bool {
    !is_about_the_account(fault) && fault.cause != Cause::Region
}

/// What became of requests through a door.
fn happened(survey: &Survey, door: &Door, fault: &Fault) -> String {
    format!(
        "{} to {} {}{}",
        connections(&door.egress),
        survey.target,
        fate(fault, door),
        marks(fault)
    )
}

/// The edge turns this address away.
fn barred(survey: &Survey, fault: &Fault) -> Diagnosis {
    let (name, marks) = (&survey.endpoint, marks(fault));
    let (id, says) = match fault.cause {
        Cause::Region => (
            "region",
            format!("{name} does not serve this region{marks}"),
        ),
        Cause::Blocked => (
            "blocked",
            format!("the edge of {name} blocks this network address{marks}: no key changes that"),
        ),
        _ => (
            "challenge",
            format!(
                "the edge of {name} challenges everything from this network address{marks}: no key changes that"
            ),
        ),
    };
    Diagnosis::new(id, Weight::Fault, says)
        .helped_by("use another network, or a proxy that may be used for it")
        .helped_by("or another provider: `alipes providers add NAME`")
}

/// Whether an answer that makes no sense is somebody else's: the address is the service's own, and it
/// does not give its list there.
fn is_anothers(survey: &Survey, door: &Door) -> bool {
    survey.has_known_address && !door.passed(Step::Models)
}

/// An answer that makes no sense, from an address that is right for certain.
fn anothers(survey: &Survey, fault: &Fault) -> Diagnosis {
    let says = format!(
        "{} {}{}, though its address is the service's own: this network may answer in its place, with a login page or a filter, or the service is disturbed",
        survey.endpoint,
        fault.cause.meaning(),
        marks(fault)
    );
    Diagnosis::new("strange-answer", Weight::Fault, says)
        .helped_by("open a browser, and log in if this network wants that")
        .helped_by("or try another network, or another provider: `alipes providers add NAME`")
}

/// The network says itself that it answers in the service's place.
fn captive(survey: &Survey, fault: &Fault) -> Diagnosis {
    let says = format!(
        "this network answers in the place of {} with its login page{}",
        survey.target,
        marks(fault)
    );
    Diagnosis::new("captive-portal", Weight::Fault, says)
        .helped_by(Cause::CaptivePortal.advice())
        .helped_by("or use another network")
}

/// Something answers that is not what was meant.
fn not_an_api(survey: &Survey, door: &Door, fault: &Fault) -> Diagnosis {
    let (name, marks) = (&survey.endpoint, marks(fault));
    let target = &survey.target;
    let correct = format!("correct base_url of {name}: it is {}", survey.base_url);
    if door.passed(Step::Models) {
        return Diagnosis::new(
            "wrong-dialect",
            Weight::Fault,
            format!(
                "{name} lists its models, but {}{marks}: it may speak another dialect",
                fault.cause.meaning()
            ),
        )
        .helped_by(format!(
            "set dialect under [providers.{name}]: responses, chat or messages"
        ))
        .helped_by(correct);
    }
    let found = |says| Diagnosis::new("wrong-base-url", Weight::Fault, says);
    // Without a status it was not even HTTP.
    if fault.cause == Cause::Malformed && fault.evidence.status.is_none() && !target.tls {
        return found(format!(
            "{target} answers, but not in plain HTTP: it may want https://"
        ))
        .helped_by(correct);
    }
    let found = found(format!(
        "{target} answers, but {}{marks}: the base URL is wrong",
        fault.cause.meaning()
    ));
    let found = match survey.base_url.ends_with("/v1") {
        true => found.helped_by(correct),
        false => found.helped_by(format!("{correct}; it often ends in /v1")),
    };
    match fault.cause {
        Cause::NotAnApi | Cause::Redirected if !target.is_loopback() => found.helped_by(
            "or, on a guest network, open a browser and log in: its login page answers like that",
        ),
        _ => found,
    }
}

fn silent(survey: &Survey, door: &Door) -> Diagnosis {
    let dial = [Step::Name, Step::Connect, Step::Proxy, Step::Tls];
    let took = dial.iter().filter_map(|step| door.look(*step));
    let took: Duration = took.map(|look| look.took).sum();
    let stands = soon(took);
    let name = &survey.endpoint;
    Diagnosis::new(
        "silent",
        Weight::Fault,
        format!(
            "{name} takes requests and says nothing, though a connection stands {stands}: the service hangs, not this machine or its network"
        ),
    )
    .helped_by("try again later, or ask another provider: `alipes providers add NAME`")
}

/// Only the list of models cannot be had.
fn listing(survey: &Survey, door: &Door) -> Option<Diagnosis> {
    let fault = door.fault(Step::Models)?;
    let (name, marks) = (&survey.endpoint, marks(fault));
    let cause = fault.cause.meaning();
    Some(
        Diagnosis::new(
            "no-list",
            Weight::Warning,
            format!(
                "the list of models cannot be had: {name} {cause}{marks}; turns do not need it"
            ),
        )
        .rests_on(fault)
        .helped_by("nothing has to be done"),
    )
}
