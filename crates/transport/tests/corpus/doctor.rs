//! The whole corpus under `doctor --live`: where turns are answered it finds no fault, and where they are
//! not it finds one, or warns where its time is too short to tell; in the phase, by the cause, with the scope and
//! the blame that turns have for it, or that the row names.
//!
//! Only what lasts is looked at: a doctor who comes when it is over finds nothing.

use std::sync::OnceLock;
use std::time::Duration;

use alipes_transport::probe::{
    Called, Diagnosis, LIMIT, Look, Plan, Step, TurnWatch, Weight, diagnose, survey,
};
use alipes_transport::{Cause, Phase, Profile, Reader, Route, Update};
use alipes_wire::Item;

use crate::diagnosis::Diagnosis as Named;
use crate::play::weather;
use crate::row::{Examined, Outcome, Row};
use crate::stage::{Cast, RenewableKey, Stage, request, virtual_time};

/// What doctor makes of a scenario over one wire.
pub(crate) struct Examination {
    pub(crate) title: String,
    pub(crate) tls: bool,
    /// What it finds; nothing if only what the row begins with.
    pub(crate) found: Vec<Diagnosis>,
}

/// Every scenario that lasts, looked at once for all tests.
pub(crate) fn examinations() -> &'static [Examination] {
    static ALL: OnceLock<Vec<Examination>> = OnceLock::new();
    ALL.get_or_init(|| {
        let rows = crate::table::rows();
        let rows = rows.iter().filter(|row| lasts(row));
        let wires = rows.flat_map(|row| row.wires.tls().iter().map(move |tls| (row, *tls)));
        wires
            .map(|(row, tls)| Examination {
                title: row.title(),
                tls,
                found: examined(row, tls),
            })
            .collect()
    })
}

/// What a row without another way than SSE begins with.
const REFUSED_BEFOREHAND: Called = Called {
    phase: Phase::Upgrade,
    cause: Cause::UpgradeRefused,
};

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
    let mut found = diagnose(&seen);
    // The upgrade is refused so that there is nothing but SSE: that it finds, too.
    if row.trouble.sse_alone {
        found.retain(|known| known.called != Some(REFUSED_BEFOREHAND));
    }
    found
}

/// A turn by one route.
async fn turn(stage: &Stage, profile: Profile, route: Route) -> Look {
    let mut session = stage.session_at(stage.endpoint(profile, Some(vec![route])));
    let input = [Item::user("hello")];
    let mut watch = TurnWatch::of(route);
    let asked = async {
        let mut stream =
            session.stream(request(&input, Reader::Replaces), stage.deadline(LIMIT * 2));
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
    let is_whole = trouble.after_a_step.is_none() && trouble.limit.is_none();
    strikes_always && happens_at_once && is_whole && trouble.keyless.is_zero()
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
        Cause::ResolverFailed => &["way-blocked", "dead-proxy"],
        Cause::Malformed => &["wrong-base-url", "way-blocked"],
        _ => &["backend", "way-blocked", "first-route"],
    }
}

/// What doctor shall call it, with what that condemns and whom it blames.
fn expected(row: &Row) -> Option<(Phase, Named)> {
    let (phase, first) = row.expected.first.unzip();
    let ended = row.expected.last.or(first);
    match row.expected.examined {
        Examined::AsTurnsDo => phase.zip(ended),
        Examined::At(phase) => ended.map(|ended| (phase, ended)),
        Examined::As(phase, named) => Some((phase, named)),
        Examined::AsNothing | Examined::AsUnfinished => None,
    }
}

fn called(called: Called) -> (Phase, Named) {
    let Called { phase, cause } = called;
    let (scope, blame) = (called.scope(), called.blame());
    let named = Named {
        cause,
        scope,
        blame,
    };
    (phase, named)
}

/// What is not as it should be.
fn wrong(row: &Row, found: Option<&Diagnosis>) -> Option<String> {
    let is_unfinished = row.expected.examined == Examined::AsUnfinished;
    let is_fault = row.expected.outcome == Outcome::Fault && !is_unfinished;
    if is_fault != found.is_some_and(|found| found.weight == Weight::Fault) {
        return Some(format!("turns end as {:?}", row.expected.outcome));
    }
    if is_unfinished != found.is_some_and(|found| found.id == "unfinished") {
        return Some("it begins and does not end in time".to_owned());
    }
    let called_so = found.and_then(|found| found.called);
    let (is, should) = (called_so.map(called), expected(row));
    if is != should {
        return Some(format!("called {is:?}, should be {should:?}"));
    }
    let (_, named) = should.filter(|_| is_fault)?;
    let fits = found.is_some_and(|found| names(named.cause).contains(&found.id));
    (!fits).then(|| format!("called {:?}", named.cause))
}

#[test]
fn doctor_calls_every_scenario_that_lasts_by_its_phase_its_cause_and_who_is_to_blame() {
    let rows = crate::table::rows();
    let row = |title: &str| rows.iter().find(|row| row.title() == title).unwrap();
    let told = examinations().iter().filter_map(|examined| {
        let Examination { title, tls, found } = examined;
        let why = wrong(row(title), found.first())?;
        Some(format!("{title}, TLS {tls}: {why}; {found:?}"))
    });
    let (told, all): (Vec<_>, _) = (told.collect(), examinations().len());
    assert!(all > 60, "{all}");
    assert!(
        told.is_empty(),
        "{} of {all} wrong:\n{}",
        told.len(),
        told.join("\n")
    );
}
