//! The ways side by side: a column for each door, a row for each step.

use alipes_net::{EgressSource, Way};
use alipes_transport::probe::{Door, Look, Outcome, Step, Survey};
use alipes_transport::{Fault, Scope};

use super::report::{Check, Status};
use crate::calls::line::{Page, padded};
use crate::style::seconds;

/// The narrowest and the widest column.
const NARROWEST: usize = 14;
const WIDEST: usize = 26;

/// On fewer columns the names of steps are short, so that two doors stand side by side.
const NARROW: usize = 60;

/// Rows, in the order of the way: their names, and the short ones.
const ROWS: [(Step, &str, &str); 15] = [
    (Step::Name, "name", "name"),
    (Step::Ipv4, "IPv4", "IPv4"),
    (Step::Ipv6, "IPv6", "IPv6"),
    (Step::Connect, "connect", "connect"),
    (Step::Proxy, "proxy", "proxy"),
    (Step::Tls, "TLS", "TLS"),
    (Step::TlsClassical, "TLS, classical", "TLS old"),
    (Step::Http1, "HTTP/1.1", "HTTP/1.1"),
    (Step::Http2, "HTTP/2", "HTTP/2"),
    (Step::Keepalive, "keepalive", "keepalive"),
    (Step::Sse, "SSE with key", "SSE, key"),
    (Step::WebSocket, "WebSocket", "WebSocket"),
    (Step::Models, "models", "models"),
    (Step::TurnSse, "turn, SSE", "turn SSE"),
    (Step::TurnWebSocket, "turn, WebSocket", "turn WS"),
];

/// What [`Step::Sse`] is called where nobody has a key to show.
const KEYLESS: (&str, &str) = ("SSE without key", "SSE");

/// How wide it is.
#[derive(Clone, Copy)]
struct Widths {
    /// Before the names of steps.
    indent: usize,
    /// Of the names, with what is before them.
    names: usize,
    /// Of a door's column.
    door: usize,
}

impl Widths {
    fn of(doors: usize, page: &Page) -> Self {
        let (indent, names) = match page.columns {
            ..NARROW => (0, 10),
            _ => (2, 18),
        };
        let door = page.columns.saturating_sub(names) / doors.max(1);
        Self {
            indent,
            names,
            door: door.clamp(NARROWEST, WIDEST),
        }
    }

    fn row(self, name: &str, cells: &str) -> String {
        let (indent, width) = (self.indent, self.names - self.indent);
        let name = padded(name, width - 1);
        format!("{:indent$}{name:width$}{}", "", cells.trim_end())
    }
}

/// The lines of it; where its beginning is out of sight, with the heads of the columns below them, too.
pub(super) fn lines(survey: &Survey, page: &Page, again_below: bool) -> Vec<String> {
    let doors = &survey.doors;
    let widths = Widths::of(doors.len(), page);
    // What does not fit beside the others comes below them.
    let fitting = (page.columns.saturating_sub(widths.names) / widths.door).max(1);
    doors
        .chunks(fitting)
        .flat_map(|doors| {
            let heads = heads(doors, widths, page);
            let mut lines = vec![heads.clone()];
            lines.extend(rows(doors, survey, widths, page));
            lines.extend(others(doors, survey, widths, page));
            lines.extend(again_below.then_some(heads));
            lines
        })
        .chain(doors.iter().filter_map(|door| legend(door, page)))
        .collect()
}

fn heads(doors: &[Door], widths: Widths, page: &Page) -> String {
    let heads = doors.iter().map(|door| {
        let arrow = if door.is_taken { "→ " } else { "  " };
        padded(&format!("{arrow}{}", page.clean(&name(door))), widths.door)
    });
    widths.row("", &heads.collect::<String>())
}

fn rows(doors: &[Door], survey: &Survey, widths: Widths, page: &Page) -> Vec<String> {
    let is_looked_at = |step| doors.iter().any(|door| door.look(step).is_some());
    let rows = ROWS.into_iter().filter(|(step, ..)| is_looked_at(*step));
    let rows = rows.map(|(step, name, short)| {
        let cells = doors.iter().map(|door| match door.look(step) {
            Some(look) => cell(look, mark(door, look), widths.door, page),
            None => " ".repeat(widths.door),
        });
        let (name, short) = match step {
            Step::Sse if !survey.shows_key => KEYLESS,
            _ => (name, short),
        };
        let name = if page.columns < NARROW { short } else { name };
        widths.row(name, &cells.collect::<String>())
    });
    rows.collect()
}

/// A row for each further account, in the column of the door that turns take to it.
fn others(doors: &[Door], survey: &Survey, widths: Widths, page: &Page) -> Vec<String> {
    let failed = match is_answered(survey) {
        true => "!",
        false => "✗",
    };
    let rows = survey.others.iter().filter_map(|other| {
        let mut ways = doors.iter().map(|door| &door.egress.way);
        let place = ways.position(|way| *way == other.egress.way)?;
        let before = " ".repeat(place * widths.door);
        let name = format!("as {}", page.clean(&other.name));
        let cell = cell(&other.look, failed, widths.door, page);
        Some(widths.row(&name, &format!("{before}{cell}")))
    });
    rows.collect()
}

/// Whether some account is answered.
fn is_answered(survey: &Survey) -> bool {
    let first = survey.taken().is_some_and(|door| door.passed(Step::Sse));
    first || survey.others.iter().any(|other| other.look.passed())
}

fn cell(look: &Look, failed: &'static str, width: usize, page: &Page) -> String {
    let (mark, text) = match &look.outcome {
        _ if look.was_not_reached() => ("–", String::new()),
        Outcome::Skipped(why) => ("–", (*why).to_owned()),
        Outcome::Passed(_) => ("✓", seconds(look.took)),
        Outcome::Unfinished => ("!", format!("begun {}", seconds(look.took))),
        Outcome::Failed(fault) => {
            let cause = fault.cause.as_str();
            let whole = format!("{cause} {}", seconds(look.took));
            // The mark and the gaps take three columns; what is wrong says more than how soon.
            let fits = whole.len() + 3 <= width;
            (failed, if fits { whole } else { cause.to_owned() })
        }
    };
    let cell = padded(&format!("{mark} {text}"), width - 1);
    let cell = match mark {
        "✓" => page.style.good(cell),
        "✗" => page.style.error(cell),
        "!" => page.style.warning(cell),
        _ => page.style.faint(cell),
    };
    cell + " "
}

/// A failure that turns survive is a warning: one of something that they do without, or below
/// something that was answered. The account is the same by either route.
fn mark(door: &Door, look: &Look) -> &'static str {
    let passed = |steps: &[Step]| steps.iter().any(|step| door.passed(*step));
    let about = look.fault().map(Fault::scope);
    let survives = match look.step {
        Step::Ipv4 | Step::Ipv6 | Step::TlsClassical | Step::Http2 | Step::Keepalive => true,
        Step::Models => true,
        Step::Tls => door.passed(Step::TlsClassical),
        Step::Http1 => passed(&[Step::Sse, Step::TurnSse]),
        Step::Sse => passed(&[Step::TurnSse]),
        Step::WebSocket if passed(&[Step::TurnWebSocket]) => true,
        Step::WebSocket | Step::TurnWebSocket if about == Some(Scope::Account) => false,
        Step::WebSocket | Step::TurnWebSocket => passed(&[Step::Sse, Step::Http1]),
        _ => false,
    };
    if survives { "!" } else { "✗" }
}

/// Who names the door.
fn name(door: &Door) -> String {
    match (&door.egress.way, &door.egress.source) {
        (Way::Direct, _) => "direct".to_owned(),
        (_, EgressSource::System) => "system proxy".to_owned(),
        // A place in a file is too long for the head of a column.
        (_, EgressSource::Configured(by)) if !by.starts_with("--") => "config".to_owned(),
        (_, source) => source.to_string(),
    }
}

/// Which proxy that is.
fn legend(door: &Door, page: &Page) -> Option<String> {
    match &door.egress.way {
        Way::Proxy(proxy) => {
            let line = format!("  {} is {proxy}", name(door));
            Some(page.clean(&line)).map(|line| format!("  {}", line.trim_start()))
        }
        _ => None,
    }
}

/// The looks as checks, for programs.
pub(super) fn checks(survey: &Survey) -> Vec<Check> {
    let doors = survey.doors.iter().enumerate();
    let checks = doors.flat_map(|(number, door)| {
        let place = match &door.egress.source {
            _ if door.egress.way == Way::Direct => "direct".to_owned(),
            EgressSource::Configured(_) => format!("configured{number}"),
            EgressSource::Environment(_) => format!("environment{number}"),
            EgressSource::System => format!("system{number}"),
            _ => format!("other{number}"),
        };
        let looks = door.looks.iter();
        looks.map(move |look| {
            let id = format!("network.{place}.{}", look.step.as_str());
            let stops_turns = door.is_taken && mark(door, look) == "✗";
            check(&id, look, stops_turns)
                .with("way", door.egress.to_string())
                .with("taken", door.is_taken.to_string())
        })
    });
    let is_answered = is_answered(survey);
    let others = survey.others.iter().map(|other| {
        let id = format!("network.account.{}", other.name);
        check(&id, &other.look, !is_answered)
            .with("way", other.egress.to_string())
            .with("taken", "true")
    });
    checks.chain(others).collect()
}

fn check(id: &str, look: &Look, stops_turns: bool) -> Check {
    let (status, summary) = match &look.outcome {
        Outcome::Passed(seen) => (Status::Ok, seen.clone()),
        Outcome::Skipped(why) => (Status::Ok, (*why).to_owned()),
        Outcome::Unfinished => (
            Status::Warning,
            "an answer began and was not at its end in time".to_owned(),
        ),
        Outcome::Failed(fault) => match stops_turns {
            true => (Status::Fail, fault.to_string()),
            false => (Status::Warning, fault.to_string()),
        },
    };
    let check = Check::new(id, "network", status, summary).took(look.took);
    let Some(fault) = look.fault() else {
        return check;
    };
    let evidence = &fault.evidence;
    let check = check
        .with("cause", fault.cause.as_str())
        .with("phase", fault.phase.as_str())
        .with("blame", fault.blame().as_str());
    let told = [
        ("status", evidence.status.map(|status| status.to_string())),
        ("code", evidence.code.clone()),
        ("cfRay", evidence.cf_ray.clone()),
        ("remoteAddr", evidence.remote_addr.map(|at| at.to_string())),
        ("source", evidence.source.clone()),
    ];
    let told = told.into_iter();
    let check = told.fold(check, |check, (name, value)| match value {
        Some(value) => check.with(name, value),
        None => check,
    });
    check.helped_by(fault.cause.advice())
}
