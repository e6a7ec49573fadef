//! The results as Markdown, for docs/benchmarks.md, and as short lines for the terminal.

use std::time::Duration;

use anyhow::Result;

use super::observed::{Ending, Observed};
use super::results::{Results, RowResult};
use super::rows::{End, Group, Row, Target};
use super::system::System;
use super::verdict::{self, seconds};
use crate::bench::facts::Facts;

const HEAD: &str = "| fault | system | told | end | requests | exit | repeated | said | target |\n\
                    |---|---|---|---|---|---|---|---|---|";

/// The systems that have a line of their own.
const LINES: [System; 3] = [System::Alipes, System::Codex, System::Hermes];

/// Longest quotation of what a user was told.
const LONGEST: usize = 160;

/// One line about a row that has been measured.
pub(super) fn line(row: &Row, result: &RowResult) -> String {
    let ends: Vec<_> = LINES
        .iter()
        .filter_map(|system| Some((system, result.get(*system)?)))
        .map(|(system, seen)| format!("{} {}", system.name(), end(seen)))
        .collect();
    let verdict = match missed(row, result) {
        Some(missed) if !missed.is_empty() => "MISSED",
        _ => "ok    ",
    };
    format!("{verdict}  {}: {}", row.name(), ends.join(", "))
}

/// The rows in which ours misses its target, and by what.
pub(super) fn misses(rows: &[&Row], results: &Results) -> Vec<String> {
    let missed = |row: &&Row| {
        let missed = missed(row, results.get(&row.name())?)?;
        (!missed.is_empty()).then(|| format!("{}: {}", row.name(), missed.join(", ")))
    };
    rows.iter().filter_map(missed).collect()
}

/// All tables.
pub(super) fn page(
    rows: &[&Row],
    results: &Results,
    versions: &[String],
    cap: Duration,
) -> Result<String> {
    let facts = Facts::gather()?;
    let head = format!(
        "{}, {facts}. Stopped after {} s where neither answer nor error had come. \
         Again: `cargo xtask bench recovery --write`.",
        versions.join(", "),
        cap.as_secs()
    );
    let tables = Group::ALL
        .iter()
        .filter_map(|group| table(*group, rows, results));
    Ok(std::iter::once(head)
        .chain(tables)
        .collect::<Vec<_>>()
        .join("\n\n"))
}

fn table(group: Group, rows: &[&Row], results: &Results) -> Option<String> {
    let lines: Vec<_> = rows
        .iter()
        .filter(|row| row.group == group)
        .filter_map(|row| Some(lines_of(row, results.get(&row.name())?)))
        .flatten()
        .collect();
    (!lines.is_empty()).then(|| format!("### {}\n\n{HEAD}\n{}", group.title(), lines.join("\n")))
}

/// A row's lines, one a system; the fault is named in the first.
fn lines_of(row: &Row, result: &RowResult) -> Vec<String> {
    let mut name = row.name();
    let json = result.get(System::AlipesJson);
    LINES
        .iter()
        .map(|system| {
            let fault = std::mem::take(&mut name);
            let Some(seen) = result.get(*system) else {
                let why = match system {
                    System::Hermes if row.needs_websocket() => "has no WebSocket",
                    _ if row.has_reserve => "only ours is set up with another provider",
                    _ => "not measured",
                };
                return format!("| {fault} | {} | | | | | | {why} | |", system.name());
            };
            let target = match (system, missed(row, result)) {
                (System::Alipes, Some(missed)) => verdict_of(&row.target, &missed),
                _ => String::new(),
            };
            let cause = json.filter(|_| *system == System::Alipes);
            format!(
                "| {fault} | {} | {} | {} | {} | {} | {} | {} | {target} |",
                system.name(),
                seen.told.map_or("–".to_owned(), seconds),
                end(seen),
                seen.requests,
                seen.exit.map_or("–".to_owned(), |code| code.to_string()),
                if seen.shown > 1 {
                    format!("{} ×", seen.shown)
                } else {
                    "no".to_owned()
                },
                said(seen, cause),
            )
        })
        .collect()
}

fn missed(row: &Row, result: &RowResult) -> Option<Vec<String>> {
    let others = [System::Codex, System::Hermes].map(|system| result.get(system));
    let others: Vec<_> = others.into_iter().flatten().collect();
    Some(verdict::missed(
        &row.target,
        result.get(System::Alipes)?,
        &others,
    ))
}

fn end(seen: &Observed) -> String {
    match seen.ending {
        Ending::Answer(at) => format!("answer {}", seconds(at)),
        Ending::Error(at) => format!("error {}", seconds(at)),
        Ending::Neither => "neither".to_owned(),
    }
}

fn verdict_of(target: &Target, missed: &[String]) -> String {
    let wanted = wanted(target);
    match (wanted.is_empty(), missed.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("met: {wanted}"),
        (true, false) => format!("**missed**: {}", missed.join(", ")),
        (false, false) => format!("**missed** ({wanted}): {}", missed.join(", ")),
    }
}

fn wanted(target: &Target) -> String {
    let end = target.end.map(|end| match end {
        End::Answer(limit) => format!("answer ≤ {}", limit_of(limit)),
        End::Error(limit) => format!("error ≤ {}", limit_of(limit)),
    });
    let told = target
        .told
        .map(|limit| format!("told ≤ {}", limit_of(limit)));
    let requests = target.requests.map(|most| format!("≤ {most} requests"));
    let says = target.says.map(|word| format!("says `{word}`"));
    [told, end, requests, says]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

fn limit_of(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

/// What the user was told, shortened; for ours also the fault as `--json` names it, and when.
fn said(seen: &Observed, json: Option<&Observed>) -> String {
    let gist = seen.gist().map(quoted);
    let fault = json.and_then(|json| Some((json.said.first()?, json.told?)));
    let fault = fault.map(|(fault, at)| format!("`{fault}` at {}", seconds(at)));
    match (gist, fault) {
        (Some(gist), Some(fault)) => format!("{gist} ({fault})"),
        (Some(gist), None) => gist,
        (None, Some(fault)) => format!("nothing ({fault})"),
        (None, None) => "–".to_owned(),
    }
}

/// Somebody's words in a cell.
fn quoted(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = words.chars().take(LONGEST).collect();
    let more = if cut.len() < words.len() { " …" } else { "" };
    format!("“{}{more}”", cut.replace('|', "\\|").replace('<', "&lt;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_was_told_cannot_break_the_table() {
        assert_eq!(quoted("a | b\n  <html>"), "“a \\| b &lt;html>”");
        assert!(quoted(&"x".repeat(LONGEST + 1)).ends_with(" …”"));
    }

    #[test]
    fn a_target_is_told_with_its_verdict() {
        let target = Target {
            told: Some(Duration::from_secs(1)),
            end: Some(End::Answer(Duration::from_millis(250))),
            requests: Some(2),
            says: None,
        };
        let wanted = "told ≤ 1 s, answer ≤ 0.25 s, ≤ 2 requests";
        assert_eq!(verdict_of(&target, &[]), format!("met: {wanted}"));
        let missed = verdict_of(&target, &["never told".to_owned()]);
        assert_eq!(missed, format!("**missed** ({wanted}): never told"));
    }
}
