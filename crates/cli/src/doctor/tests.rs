//! The report where a terminal has little room, and whatever a server, a certificate or a configuration
//! says: nothing of it steers the terminal, and no line is wider than the page, by field.

use std::time::Duration;

use alipes_base::{Environment, Redactor};
use alipes_net::{CertificateFacts, EgressKey, EgressPolicy, PlatformProxy, Target, Way};
use alipes_transport::probe::{
    Called, Diagnosis, Door, Look, Outcome, Standby, Step, Survey, Weight, diagnose,
};
use alipes_transport::{Cause, Fault, Phase, Route};
use unicode_width::UnicodeWidthStr as _;
use url::Url;

use super::report::{Check, Report, Status};
use super::{matrix, show};
use crate::calls::line::Page;
use crate::style::Style;

type Field = fn(&mut Report, String);

const FIELDS: [Field; 8] = [
    |report, evil| report.local[0].summary = evil,
    |report, evil| report.local[0].remediation = Some(evil),
    |report, evil| report.local[0].details.push(("detail", evil)),
    |report, evil| report.network[0].summary = evil,
    |report, evil| report.network[0].details.push(("detail", evil)),
    |report, evil| report.diagnoses[0].says = evil,
    |report, evil| report.diagnoses[0].helps = vec![evil; 2],
    |report, evil| report.fixed.push(evil),
];

fn report() -> Report {
    Report {
        local: vec![Check::new("config.load", "config", Status::Fail, "broken")],
        network: vec![Check::new(
            "network.direct.sse",
            "network",
            Status::Fail,
            "broken",
        )],
        diagnoses: vec![Diagnosis {
            id: "silent",
            weight: Weight::Fault,
            called: Some(Called {
                phase: Phase::Headers,
                cause: Cause::Silent,
            }),
            says: "it hangs".to_owned(),
            helps: Vec::new(),
        }],
        fixed: Vec::new(),
    }
}

/// What is asked with a key, and fails by this cause.
fn survey(cause: Cause) -> Survey {
    let url: Url = "https://api.test/v1".parse().unwrap();
    let target = Target::from_url(&url).unwrap();
    let departure = EgressPolicy::default().decide(&target);
    let phase = match cause {
        Cause::Certificate | Cause::Intercepted => Phase::Tls,
        _ => Phase::Headers,
    };
    let steps = [Step::Name, Step::Connect, Step::Tls, Step::Http1, Step::Sse];
    let looks = steps.map(|step| {
        let outcome = match step < Step::Tls || (step == Step::Tls && phase != Phase::Tls) {
            true => Outcome::Passed(String::new()),
            false => Outcome::Failed(Box::new(Fault::new(phase, cause))),
        };
        Look::new(step, outcome, Duration::from_millis(7))
    });
    let door = Door {
        egress: departure.egress.clone(),
        is_taken: true,
        key: EgressKey::from("direct"),
        looks: looks.to_vec(),
        certificate: Some(CertificateFacts {
            subject: "s".to_owned(),
            issuer: "i".to_owned(),
            not_before: None,
            not_after: None,
        }),
    };
    Survey {
        endpoint: "work".into(),
        base_url: url.to_string(),
        has_known_address: false,
        doors: vec![door],
        others: vec![Standby {
            name: "team".to_owned(),
            egress: departure.egress.clone(),
            look: Look::skipped(Step::Sse, "nobody asked"),
            key_advice: None,
        }],
        target,
        departure,
        first_route: Route::Sse,
        models_body: None,
        models: Some(vec!["m".to_owned()]),
        model: Some("m".to_owned()),
        lately: None,
        shows_key: true,
        key_advice: Some("sign in again".to_owned()),
        account: "mine".to_owned(),
    }
}

fn faults(survey: &mut Survey, change: impl Fn(&mut Fault)) {
    for look in &mut survey.doors[0].looks {
        if let Outcome::Failed(fault) = &mut look.outcome {
            change(fault);
        }
    }
}

type InSurvey = fn(&mut Survey, &str);

const OF_THE_SURVEY: [InSurvey; 17] = [
    |survey, evil| survey.endpoint = evil.into(),
    |survey, evil| survey.account = evil.to_owned(),
    |survey, evil| survey.others[0].name = evil.to_owned(),
    |survey, evil| survey.others[0].key_advice = Some(evil.to_owned()),
    |survey, evil| survey.base_url = evil.to_owned(),
    |survey, evil| survey.target.host = evil.to_owned(),
    |survey, evil| survey.model = Some(evil.to_owned()),
    |survey, evil| survey.models = Some(vec![evil.to_owned(); 2]),
    |survey, evil| survey.key_advice = Some(evil.to_owned()),
    |survey, evil| survey.doors[0].certificate.as_mut().unwrap().issuer = evil.to_owned(),
    |survey, evil| survey.doors[0].certificate.as_mut().unwrap().subject = evil.to_owned(),
    |survey, evil| faults(survey, |fault| fault.message = Some(evil.to_owned())),
    |survey, evil| faults(survey, |fault| fault.evidence.code = Some(evil.to_owned())),
    |survey, evil| {
        faults(survey, |fault| {
            fault.evidence.cf_ray = Some(evil.to_owned());
        });
    },
    |survey, evil| {
        faults(survey, |fault| {
            fault.evidence.request_id = Some(evil.to_owned());
        });
    },
    |survey, evil| {
        faults(survey, |fault| {
            fault.evidence.source = Some(evil.to_owned());
        });
    },
    |survey, evil| faults(survey, |fault| fault.endpoint = evil.into()),
];

const EVIL: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\r\n\u{9b}31m\0";

fn page(columns: usize) -> Page {
    Page {
        columns,
        style: Style::of_stdout(&Environment::new([("NO_COLOR", "1")], "/".into())),
        redactor: Redactor::new(),
        now_ms: 0,
    }
}

fn assert_harmless(report: &Report, survey: Option<&Survey>) {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}');
    for columns in [40, 80] {
        let page = page(columns);
        let lines = show::lines(report, survey, &page, Some(24));
        assert!(lines.len() < 500, "{} lines", lines.len());
        for line in lines {
            assert!(!line.contains(harmful), "{line:?}");
            assert!(line.width() <= columns, "{line}");
        }
        let json = report.as_json(&page).to_string();
        assert!(!json.contains(harmful), "{json:?}");
    }
}

fn megabyte() -> String {
    "wide 日本 ".repeat(1 << 17)
}

#[test]
fn nobodys_words_in_a_report_steer_the_terminal_or_fill_it() {
    for evil in [EVIL, &megabyte()] {
        for field in FIELDS {
            let mut report = report();
            field(&mut report, evil.to_owned());
            assert_harmless(&report, None);
        }
    }
}

#[test]
fn nobodys_words_in_what_was_seen_steer_the_terminal_or_fill_it() {
    let causes = [
        Cause::Unauthorized,
        Cause::Challenge,
        Cause::Reset,
        Cause::Certificate,
        Cause::Intercepted,
        Cause::ModelUnavailable,
        Cause::NoSuchEndpoint,
    ];
    for evil in [EVIL, &megabyte()] {
        for (cause, field) in causes
            .iter()
            .flat_map(|cause| OF_THE_SURVEY.map(|field| (cause, field)))
        {
            let mut survey = survey(*cause);
            field(&mut survey, evil);
            let report = Report {
                network: matrix::checks(&survey),
                diagnoses: diagnose(&survey),
                ..Report::default()
            };
            assert_harmless(&report, Some(&survey));
        }
    }
}

/// The same with a proxy beside it that leads to the server.
fn with_a_proxy(cause: Cause) -> Survey {
    let mut survey = survey(cause);
    let proxied = EgressPolicy::doors(
        None,
        &Environment::new([("HTTPS_PROXY", "http://p.test:1")], "/".into()),
        &PlatformProxy,
    );
    let egress = proxied.ways.into_iter().find(|way| way.way != Way::Direct);
    let door = survey.doors[0].clone();
    survey.doors.push(Door {
        egress: egress.unwrap(),
        is_taken: false,
        ..door
    });
    survey
}

#[test]
fn what_a_person_needs_comes_last_below_what_is_wrong_here_and_the_ways() {
    let mut report = report();
    let well = Check::new("disk.space", "system", Status::Ok, "room enough");
    report.local.push(well);
    let lines = show::lines(&report, Some(&survey(Cause::Silent)), &page(80), None);
    let whole = lines.join("\n");
    let places = [
        "✓ disk",
        "work at https://api.test/v1",
        "→ direct",
        "SSE with key",
        "✗ config",
        "✗ it hangs",
    ];
    let places = places.map(|text| whole.find(text).unwrap());
    assert!(places.is_sorted(), "{whole}");
}

#[test]
fn a_row_says_with_key_only_where_there_is_one() {
    for (columns, with, without) in [
        (80, "SSE with key", "SSE without key"),
        (40, "SSE, key", "SSE "),
    ] {
        let said = |shows_key| {
            let survey = Survey {
                shows_key,
                ..survey(Cause::Silent)
            };
            let lines = show::lines(&report(), Some(&survey), &page(columns), None);
            [with, without].map(|name| lines.iter().any(|line| line.trim_start().starts_with(name)))
        };
        assert_eq!(said(true), [true, false], "{columns}");
        assert_eq!(said(false), [false, true], "{columns}");
    }
}

#[test]
fn where_the_heads_of_the_ways_have_scrolled_away_they_come_again_below() {
    let heads = |rows| {
        let lines = show::lines(&report(), Some(&survey(Cause::Silent)), &page(80), rows);
        let heads = lines.iter().filter(|line| line.contains("→ direct"));
        heads.count()
    };
    assert_eq!([None, Some(24), Some(8)].map(heads), [1, 1, 2]);
}

#[test]
fn on_forty_columns_two_ways_still_stand_side_by_side() {
    let survey = with_a_proxy(Cause::Silent);
    let lines = show::lines(&report(), Some(&survey), &page(40), None);
    let both = |line: &&String| line.contains("direct") && line.contains("HTTPS_PROXY");
    assert_eq!(lines.iter().filter(both).count(), 1, "{lines:#?}");
}
