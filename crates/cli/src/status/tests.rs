//! What needs the person, by table, and that nobody's words steer the screen, by field.

use alipes_base::{Environment, Redactor};
use alipes_models::Key;
use alipes_store::{EndpointHealth, FaultRecord};
use alipes_transport::Cause;
use unicode_width::UnicodeWidthStr as _;

use super::faults::Seen;
use super::gather::{Endpoint, Kept, Report};
use super::{json, needs, screen};
use crate::calls::line::Page;
use crate::style::{Style, harmless_json};

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
        problem: None,
        order: vec!["sim/m".parse().unwrap()],
        endpoints: vec![endpoint],
        left_out: 0,
        kept: Ok(Kept::default()),
        unwritable: None,
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
    let answered = |endpoint: &mut Endpoint| endpoint.health.answered_since_fault = true;
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

fn page(columns: usize) -> Page {
    Page {
        columns,
        style: Style::of_stdout(&Environment::new([("NO_COLOR", "1")], "/".into())),
        redactor: Redactor::new(),
        now_ms: NOW,
    }
}

/// The screen of a report where nothing needs the person, however its lines were broken.
fn told(report: &Report) -> String {
    let lines = screen::lines(report, &[], &page(80), None).join(" ");
    lines.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn whether_there_was_an_answer_since_a_fault_is_the_records_word_and_not_a_dates() {
    for (since, answered_ms) in [(true, NOW - HOUR), (false, NOW)] {
        // The clock was set in between.
        let told = told(&report(Cause::Silent, HOUR / 2, |endpoint| {
            endpoint.health.last_answered_ms = Some(answered_ms);
            endpoint.health.answered_since_fault = since;
        }));
        assert_eq!(told.contains("silent, answered since ("), since, "{told}");
    }
}

#[test]
fn of_ipv6_that_was_slower_no_more_is_said_than_that() {
    let told = told(&report(Cause::Cancelled, 0, |endpoint| {
        endpoint.ipv6_is_silent = true;
    }));
    let known = "IPv6 to this host did not answer before IPv4 did; IPv4 is used first; see `alipes doctor sim`";
    assert!(told.contains(known), "{told}");
}

/// A field of the report that may hold anybody's words.
type Field = fn(&mut Report, String);

const FIELDS: [Field; 22] = [
    |report, evil| report.serving = vec![evil],
    |report, evil| report.endpoints[0].name = evil,
    |report, evil| report.endpoints[0].problem = Some(evil),
    |report, evil| report.endpoints[0].health.endpoint = evil,
    |report, evil| provider(report).name = evil,
    |report, evil| provider(report).base_url = Some(evil),
    |report, evil| provider(report).key = Key::Variable(evil),
    |report, evil| provider(report).key = Key::Login(evil),
    |report, evil| fault(report).call = evil,
    |report, evil| fault(report).model = evil,
    |report, evil| fault(report).account = evil,
    |report, evil| fault(report).url = evil,
    |report, evil| fault(report).fault.cause = evil,
    |report, evil| fault(report).fault.phase = evil,
    |report, evil| fault(report).fault.message = Some(evil),
    |report, evil| fault(report).fault.source = Some(evil),
    |report, evil| fault(report).fault.code = Some(evil),
    |report, evil| fault(report).fault.cf_ray = Some(evil),
    |report, evil| fault(report).fault.unused_proxy = Some(evil),
    |report, evil| fault(report).fault.body = Some(evil),
    |report, evil| fault(report).fault.egress = Some(evil),
    |report, evil| fault(report).fault.server = Some(evil),
];

fn provider(report: &mut Report) -> &mut alipes_models::Provider {
    report.endpoints[0].provider.as_mut().unwrap()
}

fn fault(report: &mut Report) -> &mut Seen {
    seen(&mut report.endpoints[0])
}

#[test]
fn nobodys_words_steer_the_terminal_or_fill_it_in_whatever_field_they_come() {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}');
    let long = "wide 日本 ".repeat(1 << 17);
    let evils = ["\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\r\n\u{9b}31m\0", &long];
    for cause in [
        Cause::Unauthorized,
        Cause::Reset,
        Cause::NotAnApi,
        Cause::ModelUnavailable,
    ] {
        for (index, field) in FIELDS.iter().enumerate() {
            for evil in evils {
                let mut report = report(cause, 0, |_| {});
                field(&mut report, evil.to_owned());
                let needs = needs::of(&report);
                for columns in [40, 80] {
                    let lines = screen::lines(&report, &needs, &page(columns), Some(20));
                    assert!(lines.len() < 150, "{index}: {} lines", lines.len());
                    for line in lines {
                        assert!(!line.contains(harmful), "{index}: {line:?}");
                        assert!(line.width() <= columns, "{index}: {line}");
                    }
                }
                // For programs nothing is cut.
                if evil == long {
                    continue;
                }
                let told = harmless_json(&json::of(&report, &needs).to_string());
                assert!(!told.contains(harmful), "{index}: {told}");
                serde_json::from_str::<serde_json::Value>(&told).unwrap();
            }
        }
    }
}
