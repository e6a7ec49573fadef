//! The whole corpus under `doctor --live`: where turns are answered it finds no fault, and where they are
//! not it finds one, by a name that fits, or warns where its time is too short to tell.
//!
//! Only what lasts is looked at: a doctor who comes when it is over finds nothing.

use std::time::Duration;

use alipes_transport::probe::{
    Diagnosis, LIMIT, Look, Plan, Step, TurnWatch, Weight, diagnose, survey,
};
use alipes_transport::{Cause, Profile, Route, Update};
use alipes_wire::Item;

use crate::play::weather;
use crate::row::{Outcome, Row};
use crate::stage::{Cast, RenewableKey, Stage, request, virtual_time};

/// Within the limit of a probe these look like a model that thinks, or like a long answer: it warns.
pub(crate) const WARNED: [&str; 10] = [
    "sse-stall-before-first-event",
    "sse-stall-after-created",
    "sse-freeze-after-created (plain)",
    "sse-freeze-after-created (TLS)",
    "sse-stall-after-text",
    "sse-freeze-after-text (plain)",
    "sse-freeze-after-text (TLS)",
    "sse-huge-event (plain)",
    "sse-endless (plain)",
    "sse-endless-line (plain)",
];

/// What a scenario is diagnosed as.
fn examined(row: &Row, tls: bool) -> Vec<Diagnosis> {
    virtual_time().block_on(async {
        let trouble = &row.trouble;
        let stage = Stage::set(&Cast {
            faults: trouble.faults.clone(),
            pace: trouble.pace,
            tls,
            door: trouble.door,
            seed: 1,
        });
        tokio::select! {
            biased;
            never = weather(&stage, &trouble.events) => match never {},
            found = examine(&stage, row) => found,
        }
    })
}

async fn examine(stage: &Stage, row: &Row) -> Vec<Diagnosis> {
    let profile = || Profile::named("openai-codex").unwrap();
    let plan = Plan {
        transport: stage.transport.clone(),
        endpoint: stage.endpoint(profile(), None).into(),
        credential: std::sync::Arc::new(RenewableKey),
        others: Vec::new(),
        doors: row.trouble.door.ways(),
        models_path: None,
    };
    let (seen, sse, websocket) = tokio::join!(
        survey(&plan),
        turn(stage, profile(), Route::Sse),
        turn(stage, profile(), Route::WebSocket),
    );
    let mut seen = seen.unwrap();
    let taken = seen.doors.iter_mut().find(|door| door.is_taken).unwrap();
    taken.looks.extend([sse, websocket]);
    diagnose(&seen)
}

/// A turn by one route.
async fn turn(stage: &Stage, profile: Profile, route: Route) -> Look {
    let mut session = stage.session_at(stage.endpoint(profile, Some(vec![route])));
    let input = [Item::user("hello")];
    let mut watch = TurnWatch::of(route);
    let asked = async {
        let mut stream = session.stream(request(&input, true), stage.deadline(LIMIT * 2));
        while let Some(update) = stream.next().await {
            if let Update::Trace(trace) = update {
                watch.note(trace)?;
            }
        }
        stream.finish().await.map(drop).map_err(Box::new)
    };
    let ended = tokio::time::timeout(LIMIT, asked).await.ok();
    Look::new(Step::turn(route), watch.outcome(ended), Duration::ZERO)
}

/// Whether it is the same from the beginning to the end.
fn lasts(row: &Row) -> bool {
    let trouble = &row.trouble;
    let strikes_always = trouble.faults.iter().all(|fault| !fault.contains('@'));
    let happens_at_once = trouble.events.iter().all(|event| event.after.is_zero());
    strikes_always && happens_at_once && trouble.after_a_step.is_none() && trouble.limit.is_none()
}

/// What a fault may be diagnosed as.
fn names(cause: Cause) -> &'static [&'static str] {
    match cause {
        Cause::Challenge => &["challenge"],
        Cause::Blocked => &["blocked"],
        Cause::CaptivePortal => &["captive-portal"],
        Cause::Region => &["region"],
        Cause::Unauthorized => &["key-refused", "first-route"],
        Cause::UsageLimit => &["usage-limit", "first-route"],
        Cause::RateLimited => &["rate-limited", "first-route"],
        Cause::Quota => &["quota", "first-route"],
        Cause::ModelUnavailable => &["wrong-model", "first-route"],
        Cause::NameNotFound | Cause::NotAnApi | Cause::NoSuchEndpoint | Cause::Redirected => {
            &["wrong-base-url"]
        }
        Cause::Certificate => &["certificate", "intercepted"],
        Cause::Intercepted => &["intercepted"],
        Cause::ClockSkew => &["clock"],
        Cause::Offline => &["offline"],
        Cause::Refused => &["nothing-listens"],
        Cause::ProxyRefused | Cause::ProxyAuth => &["dead-proxy"],
        Cause::Silent | Cause::EdgeDead => &["silent", "way-blocked", "dead-proxy"],
        Cause::TimedOut | Cause::Reset => {
            &["way-blocked", "silent", "proxy-not-used", "dead-proxy"]
        }
        Cause::Cut => &["way-blocked"],
        Cause::Malformed => &["wrong-base-url", "way-blocked"],
        _ => &["backend", "way-blocked", "first-route"],
    }
}

/// What is not as it should be.
fn wrong(row: &Row, found: &Diagnosis) -> Option<String> {
    let is_fault = found.weight == Weight::Fault;
    if row.expected.outcome != Outcome::Fault {
        return is_fault.then(|| "turns are answered".to_owned());
    }
    let first = row.expected.first.map(|(_, first)| first);
    let last = row.expected.last.or(first)?.cause;
    let fits = is_fault && names(last).contains(&found.id);
    (!fits).then(|| format!("turns end as {last:?}"))
}

#[test]
fn doctor_finds_a_fault_where_turns_fail_and_none_where_they_are_answered() {
    let mut rows = 0;
    let mut told = Vec::new();
    for row in crate::table::rows().iter().filter(|row| lasts(row)) {
        for tls in row.wires.tls() {
            rows += 1;
            let all = examined(row, *tls);
            let found = &all[0];
            let (title, says) = (row.title(), &found.says);
            let is_warned = all.iter().any(|found| found.id == "unfinished");
            let why = wrong(row, found);
            match (why, WARNED.contains(&title.as_str())) {
                (Some(_), true) if is_warned => {}
                (Some(why), _) => {
                    told.push(format!(
                        "{title}, TLS {tls}: {why}; {:?} {}: {says}",
                        found.weight, found.id
                    ));
                }
                (None, true) => told.push(format!("{title}, TLS {tls} is found as it is")),
                (None, false) => {}
            }
        }
    }
    assert!(rows > 60, "{rows}");
    assert!(
        told.is_empty(),
        "{} of {rows} wrong:\n{}",
        told.len(),
        told.join("\n")
    );
}
