//! `docs/faults.md`, written from what the scenarios came to.

use std::fmt::Write as _;
use std::time::Duration;

use alipes_transport::probe::Called;

use crate::doctor::examinations;
use crate::matrix::matrix;
use crate::observed::Named;
use crate::play::Played;
use crate::row::{Family, Outcome, Row};

const INTRODUCTION: &str = "\
# Faults

What goes wrong on the way to a model, and what alipes makes of it: every scenario of the fault corpus
(`crates/transport/tests/corpus`), played by `cargo test`. Client and simulator run in one thread over a network in memory, \
with TLS, HTTP/1.1, HTTP/2 and WebSocket as they ship, in virtual time: the times below are exact, and cost nothing. Every \
byte takes 10 ms. The profile is the built-in `openai-codex` one.

Written by `cargo xtask docs`; a test fails when it is stale. `alipes explain` says more about each cause, and
`alipes calls show` calls each scenario as it is called here (`crates/cli/tests/corpus`).

- *scenario*: a fault as `alipes simulate --list-faults` explains it; `@1` strikes the first attempt only. Each is tried \
without TLS and with it, unless its name says which.
- *ends*: the answer; *restarted*, the answer after text that had been shown was taken back; or a fault.
- *called*: phase, cause, what else it condemns, and who is to blame: of the first fault, which is the diagnosis.
- *doctor*: what `alipes doctor --live` finds, where it lasts: *fine* or a diagnosis, with phase and cause where it does not \
call it as turns do. It looks at every way at once and for four seconds: what begins in that time and does not end is \
`unfinished`, a warning. Where nothing but SSE is looked at, that the upgrade is refused is left out.
- *time* and *requests*: until the end, the worse of the two; at most what we hold ourselves to (in brackets).
";

/// The whole page.
pub(crate) fn page(played: &[(Row, Vec<Played>)]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for family in Family::ALL {
        let _ = write!(page, "\n## {}\n\n", family.title());
        page.push_str("| scenario | what happens | ends | phase | cause | condemns | blames | doctor | time | requests |\n");
        page.push_str("|---|---|---|---|---|---|---|---|---|---|\n");
        for (row, played) in played.iter().filter(|(row, _)| row.family == family) {
            let _ = writeln!(page, "{}", line(row, played));
        }
    }
    page.push_str(&matrix(played));
    page.push_str(&not_yet(played));
    page
}

fn line(row: &Row, played: &[Played]) -> String {
    let (Some(worst), Some(most)) = (
        played.iter().max_by_key(|played| played.observed.took),
        played.iter().map(|played| played.observed.requests).max(),
    ) else {
        return String::new();
    };
    let observed = &worst.observed;
    let ends = match observed.outcome() {
        Outcome::Answer => "answer",
        Outcome::Restarted => "restarted",
        Outcome::Fault => "fault",
    };
    let first = observed.first(row);
    let called = first.map_or("– | – | – | –".to_owned(), |fault| {
        let Named { phase, cause, .. } = fault;
        let (scope, blame) = (fault.scope.as_str(), fault.blame.as_str());
        format!(
            "{} | {} | {scope} | {blame}",
            phase.as_str(),
            cause.as_str()
        )
    });
    let mark = row.known.map_or("", |_| " *(not yet)*");
    let (took, longest) = (seconds(observed.took), seconds(row.expected.longest));
    let (title, about, limit) = (row.title(), row.about, row.expected.requests);
    let doctor = doctor(&title, worst.tls, first);
    format!(
        "| {title}{mark} | {about} | {ends} | {called} | {doctor} | {took} ({longest}) | {most} ({limit}) |"
    )
}

/// What doctor finds, where the scenario lasts.
fn doctor(title: &str, tls: bool, first: Option<&Named>) -> String {
    let mut all = examinations().iter();
    let examined = all.find(|examined| examined.title == title && examined.tls == tls);
    let Some(examined) = examined else {
        return "–".to_owned();
    };
    let Some(found) = examined.found.first() else {
        return "fine".to_owned();
    };
    let is_same = |called: &Called| {
        first.is_some_and(|first| (first.phase, first.cause) == (called.phase, called.cause))
    };
    match found.called.filter(|called| !is_same(called)) {
        Some(called) => format!(
            "{} ({} {})",
            found.id,
            called.phase.as_str(),
            called.cause.as_str()
        ),
        None => found.id.to_owned(),
    }
}

/// What is known to be otherwise than it should be.
fn not_yet(played: &[(Row, Vec<Played>)]) -> String {
    let mut text = "\n## Not yet as it should be\n\n".to_owned();
    for (row, played) in played {
        let Some(why) = row.known else { continue };
        let wrong = played.iter().find_map(|played| played.wrong.first());
        let wrong = wrong.map_or("", String::as_str);
        let _ = writeln!(text, "- {}: {wrong} ({why})", row.title());
    }
    if text.ends_with("\n\n") {
        text.push_str("Nothing.\n");
    }
    text
}

/// Two digits that count.
fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..1.0 => format!("{seconds:.2} s"),
        1.0..10.0 => format!("{seconds:.1} s"),
        _ => format!("{seconds:.0} s"),
    }
}
