//! Lists of conversations: one line each.

use std::io;
use std::time::{Duration, SystemTime};

use alipes_store::{Hit, Standing, Summary};
use serde_json::json;

use super::export::head;
use super::{short, title};
use crate::setup::Machine;
use crate::streams::{print, print_json, say};
use crate::style::{Style, counted, one_line};

/// The longest excerpt, in characters.
const EXCERPT: usize = 140;

/// In seconds.
const DAY: u64 = 86_400;
const YEAR: u64 = 365 * DAY;

/// Conversations as JSON lines, each what an export begins with.
pub(super) fn summaries_as_json(list: &[Summary], machine: &Machine) -> io::Result<()> {
    let mut lines = list.iter().map(|summary| head(summary).to_string());
    lines.try_for_each(|line| print_json(&machine.redactor.redact(&line)))
}

/// What was found as JSON lines.
pub(super) fn hits_as_json(hits: &[Hit], machine: &Machine) -> io::Result<()> {
    let mut lines = hits.iter().map(|hit| {
        let line = json!({
            "kind": "found", "id": hit.id, "title": hit.title, "at_ms": hit.at_ms,
            "excerpt": hit.excerpt,
        });
        line.to_string()
    });
    lines.try_for_each(|line| print_json(&machine.redactor.redact(&line)))
}

pub(super) fn summaries(list: &[Summary], most: usize, machine: &Machine) -> io::Result<()> {
    let style = Style::of_stdout(&machine.environment);
    let now = machine.clock.unix_ms();
    for summary in list {
        let standing = match summary.standing {
            Standing::Ended => String::new(),
            Standing::Open => style.good(" (open)"),
            Standing::AtWork => style.good(" (at work)"),
            Standing::Interrupted => style.warning(" (interrupted)"),
        };
        let turns = counted(summary.turns, "turn");
        let title = title(&summary.title, &machine.redactor);
        print(&format!(
            "{}  {:>10}  {turns:>8}  {title}{standing}",
            style.strong(short(&summary.id)),
            ago(now, summary.used_ms),
        ))?;
    }
    if list.is_empty() {
        say("there are no conversations yet");
    } else if list.len() == most {
        say(&style_of_talk(machine).faint("there may be more: --all, or -n N"));
    }
    Ok(())
}

pub(super) fn hits(hits: &[Hit], most: usize, machine: &Machine) -> io::Result<()> {
    let style = Style::of_stdout(&machine.environment);
    let now = machine.clock.unix_ms();
    for hit in hits {
        let title = title(&hit.title, &machine.redactor);
        print(&format!(
            "{}  {:>10}  {title}",
            style.strong(short(&hit.id)),
            ago(now, hit.at_ms),
        ))?;
        let excerpt = one_line(&machine.redactor.redact(&hit.excerpt), EXCERPT);
        print(&format!("          {}", style.faint(excerpt)))?;
    }
    if hits.is_empty() {
        say("nothing was found");
    } else if hits.len() == most {
        say(&style_of_talk(machine).faint("there may be more: -n N"));
    }
    Ok(())
}

fn style_of_talk(machine: &Machine) -> Style {
    Style::of_stderr(&machine.environment)
}

/// When something was last used, in as few letters as tell: how long ago on the same day, else the day. Days
/// are those of UTC: nobody here knows the person's.
pub(crate) fn last_used(now_ms: u64, then_ms: u64) -> String {
    let age = now_ms.saturating_sub(then_ms) / 1_000;
    match age {
        0..60 => "now".to_owned(),
        60..3_600 => format!("{} min", age / 60),
        3_600..DAY => format!("{} h", age / 3_600),
        _ if now_ms / 1_000 / DAY - then_ms / 1_000 / DAY == 1 => "yesterday".to_owned(),
        _ => {
            // "Sat, 21 Nov 2026 08:00:00 GMT"
            let then = SystemTime::UNIX_EPOCH + Duration::from_millis(then_ms);
            let date = httpdate::fmt_http_date(then);
            let part = if age < YEAR { 5..11 } else { 8..16 };
            let told = date.get(part).unwrap_or(&date);
            told.trim_start_matches('0').to_owned()
        }
    }
}

/// How long ago something was, in one word; a clock may have gone back since.
pub(crate) fn ago(now_ms: u64, then_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(then_ms) / 1_000;
    match seconds {
        0..60 => "now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_something_was_used_is_told_in_a_few_letters() {
        // Sat, 21 Nov 2026 08:02:03 GMT
        let now = 1_795_248_123;
        for (seconds, text) in [
            (59, "now"),
            (180, "3 min"),
            (7_200, "2 h"),
            (86_399, "23 h"),
            (86_400, "yesterday"),
            (86_400 + 8 * 3_600, "yesterday"),
            (86_400 + 9 * 3_600, "19 Nov"),
            (9 * 86_400, "12 Nov"),
            (20 * 86_400, "1 Nov"),
            (400 * 86_400, "Oct 2025"),
        ] {
            assert_eq!(last_used(now * 1_000, (now - seconds) * 1_000), text);
        }
        assert_eq!(last_used(0, 5_000), "now");
    }

    #[test]
    fn ages_read_well() {
        let table = [
            (0, "now"),
            (59, "now"),
            (60, "1 min ago"),
            (7_200, "2 h ago"),
            (400 * 86_400, "400 d ago"),
        ];
        for (seconds, text) in table {
            assert_eq!(
                ago(1_000_000_000_000, 1_000_000_000_000 - seconds * 1_000),
                text
            );
        }
        assert_eq!(ago(0, 5_000), "now");
    }
}
