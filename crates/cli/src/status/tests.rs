//! What needs the person, by table.

use alipes_store::{EndpointHealth, FaultRecord};
use alipes_transport::Cause;

use super::faults::Seen;
use super::gather::{Endpoint, Kept, Report};
use super::needs;

const NOW: u64 = 1_700_000_000_000;
const HOUR: u64 = 3_600_000;

/// A provider that had this fault `ago`, in milliseconds, and answered at `answered` for the last time.
fn report(cause: Cause, ago: u64, change: impl FnOnce(&mut Endpoint)) -> Report {
    let mut endpoint = Endpoint {
        name: "sim".to_owned(),
        provider: alipes_models::Catalog::default().provider("openai").ok(),
        in_order: true,
        accounts: Vec::new(),
        routes: Vec::new(),
        problem: None,
        health: EndpointHealth::default(),
        fault: Some(Seen {
            call: "call_0123456789abcdef".to_owned(),
            at_ms: NOW - ago,
            fault: FaultRecord {
                cause: cause.as_str().to_owned(),
                ..FaultRecord::default()
            },
            ..Seen::default()
        }),
        ipv6_is_silent: false,
        live: None,
    };
    change(&mut endpoint);
    Report {
        now_ms: NOW,
        order: vec!["sim/m".parse().unwrap()],
        endpoints: vec![endpoint],
        left_out: 0,
        kept: Ok(Kept::default()),
        sandbox: "none",
        serving: Vec::new(),
    }
}

/// The first thing that needs the person.
fn need(report: &Report) -> Option<String> {
    let need = needs::of(report).into_iter().next()?;
    Some(format!("{}: {}", need.what, need.help))
}

fn seen(endpoint: &mut Endpoint) -> &mut Seen {
    endpoint.fault.as_mut().unwrap()
}

#[test]
fn what_passes_by_itself_is_let_go_after_an_hour_and_what_a_person_mends_is_not() {
    for (cause, ago, needs) in [
        (Cause::Silent, HOUR / 2, true),
        (Cause::Silent, 2 * HOUR, false),
        (Cause::Challenge, 2 * HOUR, false),
        (Cause::Unauthorized, 100 * HOUR, true),
        (Cause::ModelUnavailable, 100 * HOUR, true),
        (Cause::NoSuchEndpoint, 100 * HOUR, true),
    ] {
        let report = report(cause, ago, |_| {});
        assert_eq!(need(&report).is_some(), needs, "{cause:?} {ago}");
    }
}

#[test]
fn a_fault_of_one_request_ends_with_it() {
    for cause in [Cause::Cancelled, Cause::ContextTooLong, Cause::Policy] {
        assert_eq!(need(&report(cause, 0, |_| {})), None, "{cause:?}");
    }
}

#[test]
fn an_answer_since_or_from_somebody_else_settles_what_passes_by_itself() {
    let answered = |endpoint: &mut Endpoint| endpoint.health.last_answered_ms = Some(NOW);
    for cause in Cause::ALL {
        assert_eq!(need(&report(*cause, 1_000, answered)), None, "{cause:?}");
    }
    let elsewhere = |endpoint: &mut Endpoint| seen(endpoint).was_mended = true;
    assert_eq!(need(&report(Cause::Silent, 0, elsewhere)), None);
    assert!(need(&report(Cause::Unauthorized, 0, elsewhere)).is_some());
}

#[test]
fn a_limit_needs_somebody_until_its_date() {
    let hour = |endpoint: &mut Endpoint| {
        seen(endpoint).fault.retry_after_us = Some(HOUR * 1_000);
    };
    let told = need(&report(Cause::UsageLimit, HOUR / 2, hour)).unwrap();
    assert!(told.contains("wait for 30 minutes"), "{told}");
    assert_eq!(need(&report(Cause::UsageLimit, HOUR, hour)), None);
}

#[test]
fn whatever_the_cause_something_helps() {
    for cause in Cause::ALL {
        let told = need(&report(*cause, 0, |_| {}));
        let told = told.unwrap_or_else(|| "one request's: `".to_owned());
        assert!(told.contains('`'), "{cause:?}: {told}");
    }
}

#[test]
fn what_is_only_in_the_records_is_let_go_after_an_hour() {
    let stranger = |endpoint: &mut Endpoint| endpoint.provider = None;
    assert!(need(&report(Cause::Unauthorized, 0, stranger)).is_some());
    assert_eq!(need(&report(Cause::Unauthorized, 2 * HOUR, stranger)), None);
}
