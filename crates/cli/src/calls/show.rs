//! A call drawn: its attempts one below the other, each phase a bar on the axis of the whole call.

use std::time::{Duration, SystemTime};

use alipes_store::{AttemptEnd, AttemptRecord, CallRecord, FaultRecord};
use alipes_transport::Cause;

use super::bar::bar;
use super::line::{Page, called, fit, padded};
use super::list::outcome;
use crate::sessions::short;
use crate::style::{counted, seconds};

/// How wide the names of phases and their lengths are drawn.
const NAME: usize = 12;
const LENGTH: usize = 7;

/// The narrowest axis, in cells.
const NARROWEST: usize = 8;

/// The longest of a provider's own words, in characters.
const LONGEST: usize = 400;

/// The lines.
pub(super) fn lines(call: &CallRecord, page: &Page) -> Vec<String> {
    let mut lines = head(call, page);
    let total = call
        .attempts
        .iter()
        .map(|attempt| attempt.begun_us.saturating_add(attempt.took_us))
        .fold(call.took_us, u64::max);
    let cells = page.columns.saturating_sub(2 + NAME + 1 + LENGTH + 2);
    let axis = (total, cells.max(NARROWEST));
    let mut before: Option<&AttemptRecord> = None;
    for attempt in &call.attempts {
        lines.push(String::new());
        if before.is_none_or(|before| before.asked != attempt.asked) {
            lines.extend(asked(call, attempt.asked, page));
        }
        lines.extend(drawn(attempt, axis, page));
        before = Some(attempt);
    }
    let left_out = u64::from(call.attempts_left_out);
    if left_out > 0 {
        lines.push(format!("and {} more", counted(left_out, "attempt")));
    }
    if let Some(fault) = call.final_fault() {
        lines.push(String::new());
        lines.extend(verdict(fault, page));
    }
    lines
}

/// What is true of the call as a whole.
fn head(call: &CallRecord, page: &Page) -> Vec<String> {
    let begun = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(call.begun_ms));
    // A date beyond the year 9999 cannot be spelt, and comes from a store that somebody else wrote.
    let begun = begun.filter(|_| call.begun_ms < 253_402_300_800_000);
    let begun = begun.map_or_else(|| "at no date".to_owned(), httpdate::fmt_http_date);
    let mut who = call.front.clone();
    if let Some(client) = &call.client {
        who.push_str(&format!(" for {client}"));
    }
    if call.auxiliary {
        who.push_str(", beside the turn");
    }
    if !call.conversation.is_empty() {
        who.push_str(&format!(", conversation {}", short(&call.conversation)));
    }
    let mut facts = vec![
        ("call", call.id.clone()),
        ("begun", begun),
        ("asked by", who),
        (
            "ended",
            format!("{} in {}", outcome(call), micros(call.took_us)),
        ),
    ];
    let first = [
        ("sign of life", call.first_event_us),
        ("output", call.first_output_us),
    ];
    let first = first
        .iter()
        .filter_map(|(what, at)| Some(format!("{what} after {}", micros((*at)?))));
    facts.push(("first", first.collect::<Vec<_>>().join(", ")));
    if call.bytes_received > 0 {
        facts.push((
            "received",
            format!("{} bytes of events", call.bytes_received),
        ));
    }
    if let Some(usage) = &call.usage {
        facts.push((
            "tokens",
            format!(
                "{} in ({} cached), {} out ({} of it reasoning)",
                usage.input_tokens,
                usage.cached_input_tokens,
                usage.output_tokens,
                usage.reasoning_tokens
            ),
        ));
    }
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    facts
        .flat_map(|(name, value)| page.wrapped(&page.clean(&format!("{name:<9} {value}")), 10))
        .collect()
}

/// Who was asked.
fn asked(call: &CallRecord, index: usize, page: &Page) -> Vec<String> {
    let Some(asked) = call.asked.get(index) else {
        return Vec::new();
    };
    let account = match asked.account.as_str() {
        "" => String::new(),
        account => format!(" as {account}"),
    };
    let url = match asked.url.as_str() {
        "" => String::new(),
        url => format!(", {url}"),
    };
    let text = format!("{}{account}{url}", asked.model);
    let lines = page.wrapped(&page.clean(&text), 2);
    lines
        .into_iter()
        .map(|line| page.style.strong(line))
        .collect()
}

/// One attempt with its phases.
fn drawn(attempt: &AttemptRecord, axis: (u64, usize), page: &Page) -> Vec<String> {
    let mut lines = page.wrapped(&page.clean(&title(attempt)), 2);
    let failed_in = attempt.fault.as_ref().map(|fault| &fault.phase);
    let last = attempt.phases.len().saturating_sub(1);
    for (index, span) in attempt.phases.iter().enumerate() {
        let name = padded(&page.clean(&span.phase), NAME);
        let length = fit(&micros(span.took_us), LENGTH);
        let drawn = bar(span.begun_us, span.took_us, axis);
        let failed = index == last && failed_in.is_some();
        let drawn = match failed {
            true => page.style.error(drawn),
            false => drawn,
        };
        lines.push(format!("  {name} {length:>LENGTH$}  {drawn}"));
    }
    match &attempt.fault {
        Some(fault) => lines.extend(fault_lines(attempt, fault, page)),
        None => {
            let mark = match attempt.end {
                AttemptEnd::Done => "✓ done",
                AttemptEnd::Lost => "– left: another one answered",
                _ => "– cut short: whoever asked went away",
            };
            lines.push(format!("  {mark}"));
        }
    }
    if attempt.held_back {
        let told = "  ! the answer came all at once: something on the way held it back";
        lines.extend(page.wrapped(told, 4));
    }
    lines
}

/// `attempt 2 by sse, 104.18.0.1:443, direct, HTTP/2, TLSv1_3, sent 812 bytes`
fn title(attempt: &AttemptRecord) -> String {
    let mut facts = match attempt.number {
        0 => format!("not tried by {}", attempt.route),
        number => format!("attempt {number} by {}", attempt.route),
    };
    if let Some(beside) = attempt.beside {
        facts.push_str(&format!(", beside attempt {beside}"));
    }
    if let Some(connection) = &attempt.connection {
        let way = [
            connection.remote_addr.as_str(),
            connection.egress.as_str(),
            connection.protocol.as_str(),
            connection.tls.as_str(),
            connection.key_exchange.as_str(),
            if connection.reused {
                "connection kept from before"
            } else {
                ""
            },
        ];
        for fact in way.into_iter().filter(|fact| !fact.is_empty()) {
            facts.push_str(&format!(", {fact}"));
        }
    }
    if let Some(sent) = &attempt.sent {
        facts.push_str(&format!(
            ", sent {} bytes",
            sent.compressed.unwrap_or(sent.bytes)
        ));
        if sent.delta {
            facts.push_str(" of new input only");
        }
    }
    facts
}

fn fault_lines(attempt: &AttemptRecord, fault: &FaultRecord, page: &Page) -> Vec<String> {
    let evidence = [
        fault.status.map(|status| format!("status {status}")),
        fault.code.as_ref().map(|code| format!("code {code}")),
        fault.close_code.map(|code| format!("close code {code}")),
        fault.cf_ray.as_ref().map(|ray| format!("cf-ray {ray}")),
        fault
            .cf_mitigated
            .as_ref()
            .map(|word| format!("cf-mitigated {word}")),
        fault
            .server
            .as_ref()
            .map(|server| format!("server {server}")),
        fault
            .request_id
            .as_ref()
            .map(|id| format!("request id {id}")),
        fault
            .limit
            .as_ref()
            .map(|limit| format!("limit {limit} of {}", micros(fault.limit_us.unwrap_or(0)))),
        fault
            .retry_after_us
            .map(|wait| format!("asks to wait {}", micros(wait))),
    ];
    let evidence: Vec<String> = evidence.into_iter().flatten().collect();
    let called = called([&fault.cause, &fault.phase, &fault.blame, &fault.scope]);
    let mut texts = vec![format!("  ✗ {called}")];
    texts.extend((!evidence.is_empty()).then(|| format!("    {}", evidence.join(", "))));
    let words = [&fault.message, &fault.source, &fault.unused_proxy];
    for words in words.into_iter().flatten() {
        texts.push(format!("    {}", crate::style::one_line(words, LONGEST)));
    }
    if let Some(reaction) = &attempt.reaction {
        let pause = attempt.pause_us.filter(|pause| *pause > 0);
        let pause = pause.map_or_else(String::new, |pause| format!(" within {}", micros(pause)));
        texts.push(format!("  → {}{pause}", done_about_it(reaction)));
    }
    let lines = texts
        .iter()
        .flat_map(|text| page.wrapped(&page.clean(text), 4));
    lines.collect()
}

/// What a call failed by, in words, and what can be done.
fn verdict(fault: &FaultRecord, page: &Page) -> Vec<String> {
    let Some(cause) = Cause::named(&fault.cause) else {
        return Vec::new();
    };
    let mut lines = page.wrapped(&format!("{}: {}", cause.as_str(), cause.meaning()), 2);
    let help = page.wrapped(&format!("help: {}", cause.advice()), 6);
    lines.extend(help);
    lines
}

/// A reaction's name as people say it.
fn done_about_it(reaction: &str) -> &str {
    match reaction {
        "same-route" => "tried again",
        "wait" => "waited, and tried again",
        "other-route" => "went the other way",
        "refresh-credential" => "asked for a newer key",
        "drop-reasoning" => "asked again without the reasoning",
        "next-account" => "asked with the next account",
        "next-provider" => "asked the next provider",
        "stop" => "nothing more to try",
        other => other,
    }
}

fn micros(length: u64) -> String {
    seconds(Duration::from_micros(length))
}
