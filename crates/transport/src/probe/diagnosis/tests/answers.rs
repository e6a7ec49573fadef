//! What requests are told, held against what others are told: by another door, and further down.

use super::super::Weight::{Fault as Wrong, Fine, Warning};
use super::super::diagnose;
use super::{Door, MS, PROXY, Row, direct, survey};
use crate::probe::{Look, Outcome, Standby, Step};
use crate::{Cause, Fault, Phase, Route};

/// Every request by this door comes to that.
fn all_fail(door: &mut Door, cause: Cause, status: Option<u16>) {
    for step in [Step::Http1, Step::Keepalive, Step::Sse, Step::Models] {
        door.fails(step, Phase::Headers, cause).evidence.status = status;
    }
    let upgrade = door.fails(Step::WebSocket, Phase::Upgrade, cause);
    upgrade.evidence.status = status;
}

pub(super) fn rows() -> Vec<Row> {
    [doors(), routes(), accounts(), several(), names()].concat()
}

/// What works through another door means the door.
fn doors() -> Vec<Row> {
    let mut rows = Vec::new();
    for (cause, status, says) in [
        (
            Cause::Silent,
            None,
            "connections through http://proxy.test:3128 (HTTPS_PROXY) to api.test:443 get no answer when a request is sent; directly it works: the proxy is the trouble",
        ),
        (
            Cause::NotAnApi,
            Some(200),
            "meet a web page instead of the API (200); directly it works: the proxy is the trouble",
        ),
        (
            Cause::ServerError,
            Some(502),
            "are answered with a failure (502); directly it works",
        ),
        (
            Cause::Cut,
            None,
            "are cut off when a request is sent; directly it works",
        ),
    ] {
        let mut seen = survey(&[PROXY], None);
        all_fail(&mut seen.doors[1], cause, status);
        rows.push((seen, "dead-proxy", Wrong, says));
    }
    for (cause, says) in [
        (
            Cause::Silent,
            "direct connections to api.test:443 get no answer",
        ),
        (
            Cause::NotAnApi,
            "direct connections to api.test:443 meet a web page",
        ),
        (
            Cause::Redirected,
            "direct connections to api.test:443 are sent elsewhere",
        ),
    ] {
        let mut seen = survey(&[PROXY, ("NO_PROXY", "api.test")], None);
        all_fail(&mut seen.doors[0], cause, None);
        rows.push((seen, "proxy-not-used", Wrong, says));
    }
    // The door is not it where something is answered by it, nor for an account.
    let mut seen = survey(&[PROXY, ("NO_PROXY", "api.test")], None);
    all_fail(&mut seen.doors[0], Cause::Silent, None);
    seen.doors[0].passes(Step::Http1);
    rows.push((seen, "silent", Wrong, "takes requests and says nothing"));
    let mut seen = survey(&[PROXY, ("NO_PROXY", "api.test")], None);
    all_fail(&mut seen.doors[0], Cause::Unauthorized, Some(401));
    rows.push((seen, "key-refused", Wrong, "does not accept the key (401)"));
    rows
}

/// What was answered silences what is below it.
fn routes() -> Vec<Row> {
    let mut rows = Vec::new();
    let fine = "nothing is wrong on the way to work";
    // A turn is answered, and an empty request is not.
    for cause in [Cause::ServerError, Cause::Silent, Cause::Unauthorized] {
        let mut seen = direct();
        for step in [Step::Sse, Step::Http1] {
            seen.doors[0].fails(step, Phase::Headers, cause);
        }
        seen.doors[0].forgets(Step::WebSocket);
        seen.doors[0].passes(Step::TurnSse);
        rows.push((seen, "fine", Fine, fine));
    }
    // Who shows a key is let in.
    let mut seen = direct();
    seen.doors[0].fails(Step::Http1, Phase::Headers, Cause::Challenge);
    rows.push((seen.clone(), "fine", Fine, fine));
    seen.doors[0].forgets(Step::WebSocket);
    rows.push((seen, "fine", Fine, fine));
    // An empty request is answered, and a turn is not.
    let mut seen = direct();
    let door = &mut seen.doors[0];
    door.forgets(Step::WebSocket);
    let fault = door.fails(Step::TurnSse, Phase::Headers, Cause::Overloaded);
    fault.evidence.status = Some(503);
    rows.push((seen, "backend", Wrong, "work is overloaded (503)"));
    // A turn by one route, and none by the other.
    let mut seen = direct();
    let door = &mut seen.doors[0];
    all_fail(door, Cause::Silent, None);
    door.passes(Step::TurnWebSocket);
    door.fails(Step::TurnSse, Phase::Headers, Cause::Silent);
    let says = "says nothing over SSE within the time of a probe; WebSocket is open";
    rows.push((seen, "silent-one-route", Warning, says));
    // The key is refused by the route that is not barred.
    let mut seen = direct();
    let door = &mut seen.doors[0];
    all_fail(door, Cause::Challenge, Some(403));
    let fault = door.fails(Step::WebSocket, Phase::Upgrade, Cause::Unauthorized);
    fault.evidence.status = Some(401);
    rows.push((seen, "key-refused", Wrong, "does not accept the key (401)"));
    // A limit of the probe says nothing about what it looked at.
    let mut seen = direct();
    let door = &mut seen.doors[0];
    door.fails(Step::TurnSse, Phase::Headers, Cause::Deadline);
    rows.push((seen, "fine", Fine, fine));
    rows
}

/// An account that one route refuses and the other takes.
fn accounts() -> Vec<Row> {
    let mut rows = Vec::new();
    for (cause, status, says) in [
        (
            Cause::Unauthorized,
            401,
            "work refuses the key over WebSocket (401) and takes it over SSE: turns fail, because they go by WebSocket first",
        ),
        (
            Cause::RateLimited,
            429,
            "over WebSocket work takes no more requests from this account for now (429); SSE is open: turns fail",
        ),
    ] {
        let mut seen = direct();
        let fault = seen.doors[0].fails(Step::WebSocket, Phase::Upgrade, cause);
        fault.evidence.status = Some(status);
        rows.push((seen.clone(), "first-route", Wrong, says));
        seen.doors[0].passes(Step::TurnWebSocket);
        rows.push((seen.clone(), "fine", Fine, "nothing is wrong"));
        seen.doors[0].forgets(Step::TurnWebSocket);
        seen.first_route = Route::Sse;
        rows.push((seen, "one-route", Warning, "SSE"));
    }
    // An opened WebSocket has seen the key, and no request.
    for (cause, id, weight) in [
        (Cause::Unauthorized, "one-route", Warning),
        (Cause::UsageLimit, "usage-limit", Wrong),
    ] {
        let mut seen = direct();
        for step in [Step::Sse, Step::TurnSse] {
            seen.doors[0].fails(step, Phase::Headers, cause);
        }
        rows.push((seen.clone(), id, weight, "work "));
        seen.doors[0].passes(Step::TurnWebSocket);
        let says = match cause {
            Cause::Unauthorized => "refuses the key over SSE and takes it over WebSocket",
            _ => "over SSE work has reached the plan's usage limit; WebSocket is open",
        };
        rows.push((seen, "one-route", Warning, says));
    }
    // What was not sent cannot have been refused.
    let mut seen = direct();
    all_fail(&mut seen.doors[0], Cause::Unauthorized, Some(401));
    seen.shows_key = false;
    let says = "work wants a key (401), and none is configured";
    rows.push((seen, "no-key", Wrong, says));
    // A turn waits for who is overloaded, and asks no other way.
    let mut seen = direct();
    seen.doors[0].fails(Step::TurnWebSocket, Phase::Headers, Cause::Overloaded);
    let says = "over WebSocket work is overloaded; SSE is open: turns fail";
    rows.push((seen, "first-route", Wrong, says));
    // What a route does to requests, in words that fit it.
    let mut seen = direct();
    let fault = seen.doors[0].fails(Step::Sse, Phase::Headers, Cause::Redirected);
    fault.evidence.status = Some(302);
    let says =
        "work sends requests over SSE elsewhere (302), where no key follows; WebSocket is open";
    rows.push((seen, "one-route", Warning, says));
    rows
}

/// Two accounts, of which the first is asked first.
fn several() -> Vec<Row> {
    let mut rows = Vec::new();
    let pair = |first: Option<Cause>, second: Option<Cause>| {
        let mut seen = direct();
        if let Some(cause) = first {
            all_fail(&mut seen.doors[0], cause, Some(401));
        }
        seen.account = "mine".to_owned();
        let outcome = match second {
            None => Outcome::Passed("400".to_owned()),
            Some(cause) => Outcome::Failed(Box::new(Fault::new(Phase::Headers, cause))),
        };
        seen.others.push(Standby {
            name: "team".to_owned(),
            egress: seen.departure.egress.clone(),
            look: Look::new(Step::Sse, outcome, MS),
            key_advice: Some("put a good one into TEAM".to_owned()),
        });
        seen
    };
    let says = "work as mine does not accept the key (401): it was revoked, has ended, or is another's; turns go on as team";
    let seen = pair(Some(Cause::Unauthorized), None);
    rows.push((seen, "key-refused", Warning, says));
    let says = "work as mine takes no more: this plan's quota is used up (401); the way there and the key are fine; turns go on as team";
    let seen = pair(Some(Cause::UsageLimit), None);
    rows.push((seen, "usage-limit", Warning, says));
    let says = "work as team does not accept the key: it was revoked, has ended, or is another's; turns go on as mine";
    let seen = pair(None, Some(Cause::Unauthorized));
    rows.push((seen, "key-refused", Warning, says));
    let says = "it was revoked, has ended, or is another's; no other account is taken either: team (quota)";
    let seen = pair(Some(Cause::Unauthorized), Some(Cause::Quota));
    rows.push((seen, "key-refused", Wrong, says));
    // What is not the account's is told as it is.
    let seen = pair(Some(Cause::ServerError), Some(Cause::ServerError));
    rows.push((seen, "backend", Wrong, "work failed inside (401)"));
    rows
}

/// A model's name and an address, held against what is answered.
fn names() -> Vec<Row> {
    let mut rows = Vec::new();
    let listing = |model: &str, listed: &[&str]| {
        let mut seen = direct();
        seen.model = Some(model.to_owned());
        seen.models = Some(listed.iter().map(|name| (*name).to_owned()).collect());
        seen
    };
    let says = "lists one model, \"m1\", and not \"m1-latest\"";
    let mut seen = listing("m1-latest", &["m1"]);
    rows.push((seen.clone(), "wrong-model", Warning, says));
    // A turn knows better than a list.
    seen.doors[0].passes(Step::TurnSse);
    rows.push((seen.clone(), "fine", Fine, "nothing is wrong"));
    for step in [Step::TurnSse, Step::TurnWebSocket] {
        let fault = seen.doors[0].fails(step, Phase::Headers, Cause::ModelUnavailable);
        fault.evidence.status = Some(404);
    }
    rows.push((
        seen,
        "wrong-model",
        Wrong,
        "work does not offer m1-latest (404)",
    ));
    let seen = listing("qwen3", &["qwen3:latest", "qwen3:8b"]);
    rows.push((seen, "fine", Fine, "nothing is wrong"));

    // A turn was asked for, and no model.
    let mut seen = direct();
    let looks = &mut seen.doors[0].looks;
    looks.push(Look::skipped(Step::TurnSse, "no model is named"));
    let says = "no turn was tried: no model is named";
    rows.push((seen, "no-turn", Warning, says));

    // A network that answers in somebody's place, and an address that is right for certain.
    let page = |cause, status, is_known| {
        let mut seen = direct();
        all_fail(&mut seen.doors[0], cause, Some(status));
        seen.has_known_address = is_known;
        seen
    };
    let says = "this network answers in the place of api.test:443 with its login page (511)";
    let seen = page(Cause::CaptivePortal, 511, false);
    rows.push((seen, "captive-portal", Wrong, says));
    let says = "though its address is the service's own: this network may answer in its place, with a login page or a filter, or the service is disturbed";
    for seen in [
        page(Cause::NotAnApi, 200, true),
        page(Cause::Redirected, 302, true),
    ] {
        rows.push((seen, "strange-answer", Wrong, says));
    }
    let seen = page(Cause::NotAnApi, 200, false);
    rows.push((
        seen,
        "wrong-base-url",
        Wrong,
        "a web page instead of an API (200)",
    ));
    let seen = page(Cause::NoSuchEndpoint, 404, true);
    rows.push((
        seen,
        "strange-answer",
        Wrong,
        "its address is the service's own",
    ));
    let mut seen = direct();
    seen.has_known_address = true;
    seen.doors[0].broken_at(Step::Name, Phase::Resolve, Cause::NameNotFound);
    let says = "name resolver does not know \"api.test\", which is the service's own address";
    rows.push((seen, "name-not-found", Wrong, says));

    // What answers in another protocol.
    let mut seen = direct();
    seen.target.tls = false;
    all_fail(&mut seen.doors[0], Cause::Malformed, None);
    let says = "api.test:443 answers, but not in plain HTTP: it may want https://";
    rows.push((seen, "wrong-base-url", Wrong, says));
    let mut seen = direct();
    seen.doors[0].broken_at(Step::Tls, Phase::Tls, Cause::Malformed);
    let says = "api.test:443 answers, but not in TLS: it may want http://";
    rows.push((seen, "wrong-base-url", Wrong, says));
    rows
}

#[test]
fn an_address_that_ends_as_most_do_is_not_told_to() {
    let helps = |base_url: &str| {
        let mut seen = direct();
        seen.base_url = base_url.to_owned();
        all_fail(&mut seen.doors[0], Cause::NoSuchEndpoint, Some(404));
        diagnose(&seen).swap_remove(0).helps.concat()
    };
    assert!(helps("https://api.test/api").contains("it often ends in /v1"));
    assert!(!helps("https://api.test/v1").contains("often"));
}

#[test]
fn a_web_page_may_be_a_guest_networks_wherever_there_is_a_network() {
    let helps = |host: &str| {
        let mut seen = direct();
        seen.target.host = host.to_owned();
        all_fail(&mut seen.doors[0], Cause::NotAnApi, Some(200));
        diagnose(&seen).swap_remove(0).helps.concat()
    };
    assert!(helps("api.test").contains("on a guest network, open a browser"));
    assert!(!helps("127.0.0.1").contains("browser"));
    // One that answers in TLS has a certificate of another name.
    let mut seen = direct();
    seen.has_known_address = true;
    seen.doors[0].broken_at(Step::Tls, Phase::Tls, Cause::Certificate);
    let found = diagnose(&seen).swap_remove(0);
    assert!(found.helps.concat().contains("open a browser"), "{found:?}");
}
