//! What is counted of attempts at providers, by endpoint, and of its accounts by their numbers: a name
//! may be a person's address.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use alipes_transport::{Cause, Reaction, Route};

use super::histogram::Histogram;
use super::page::Page;

/// Endpoints that are told apart. They come from the configuration, never from a client; more than so
/// many, over as many changes of it, are counted together.
const MOST: usize = 64;

/// The longest name of one, in bytes. What is longer, or steers a terminal, is counted with the others:
/// two that are cut could be the same, and a page with one series twice is none.
const LONGEST: usize = 200;

/// Accounts of an endpoint that are told apart.
const MOST_ACCOUNTS: usize = 32;

/// What the others are counted as.
const OTHERS: &str = "other";

/// An account's place in the configuration, from 1.
type Account = usize;

/// All endpoints.
#[derive(Debug, Default)]
pub(super) struct Attempts(BTreeMap<Arc<str>, Counted>);

#[derive(Debug, Default)]
struct Counted {
    attempts: BTreeMap<(Account, &'static str), u64>,
    faults: BTreeMap<(Account, &'static str), u64>,
    reactions: BTreeMap<&'static str, u64>,
    first_events: Histogram,
}

impl Attempts {
    pub(super) fn begun(&mut self, endpoint: &Arc<str>, account: Option<NonZeroUsize>, by: Route) {
        let counted = self.of(endpoint);
        *counted
            .attempts
            .entry((place(account), by.as_str()))
            .or_default() += 1;
    }

    pub(super) fn fault(
        &mut self,
        endpoint: &Arc<str>,
        account: Option<NonZeroUsize>,
        cause: Cause,
    ) {
        let counted = self.of(endpoint);
        *counted
            .faults
            .entry((place(account), cause.as_str()))
            .or_default() += 1;
    }

    pub(super) fn reaction(&mut self, endpoint: &Arc<str>, reaction: Reaction) {
        let counted = self.of(endpoint);
        *counted.reactions.entry(reaction.as_str()).or_default() += 1;
    }

    pub(super) fn first_event(&mut self, endpoint: &Arc<str>, after: Duration) {
        self.of(endpoint).first_events.note(after);
    }

    fn of(&mut self, endpoint: &Arc<str>) -> &mut Counted {
        let has_room = self.0.len() < MOST || self.0.contains_key(endpoint);
        let is_a_name = endpoint.len() <= LONGEST && !endpoint.contains(char::is_control);
        let name = match has_room && is_a_name {
            true => Arc::clone(endpoint),
            false => OTHERS.into(),
        };
        self.0.entry(name).or_default()
    }

    pub(super) fn write(&self, page: &mut Page) {
        let total = "attempts_total";
        page.family(total, "counter", "Attempts at providers.");
        self.by_account(page, (total, "route"), |counted| &counted.attempts);
        let total = "attempt_faults_total";
        page.family(total, "counter", "Faults of attempts by cause.");
        self.by_account(page, (total, "cause"), |counted| &counted.faults);
        let total = "reactions_total";
        let about = "What was done about the faults of attempts; stop hands them on.";
        page.family(total, "counter", about);
        for (endpoint, counted) in &self.0 {
            for (reaction, count) in &counted.reactions {
                page.line(
                    total,
                    &[("endpoint", endpoint), ("reaction", reaction)],
                    count,
                );
            }
        }
        let waits = "first_event_seconds";
        let about = "From the beginning of an attempt to its first sign of life.";
        page.family(waits, "histogram", about);
        for (endpoint, counted) in &self.0 {
            counted
                .first_events
                .write(page, waits, &[("endpoint", endpoint)]);
        }
    }

    fn by_account(
        &self,
        page: &mut Page,
        (total, label): (&str, &str),
        counts: impl Fn(&Counted) -> &BTreeMap<(Account, &'static str), u64>,
    ) {
        for (endpoint, counted) in &self.0 {
            for ((account, value), count) in counts(counted) {
                let account = match account {
                    0 => OTHERS.to_owned(),
                    number => number.to_string(),
                };
                let labels = [
                    ("endpoint", &**endpoint),
                    ("account", &account),
                    (label, value),
                ];
                page.line(total, &labels, count);
            }
        }
    }
}

/// The account's number, as far as it is told apart; 0 stands for all others.
fn place(account: Option<NonZeroUsize>) -> Account {
    let number = account.map_or(0, NonZeroUsize::get);
    if number > MOST_ACCOUNTS { 0 } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(attempts: &Attempts) -> String {
        let mut page = Page::default();
        attempts.write(&mut page);
        page.into_text()
    }

    #[test]
    fn faults_are_told_by_cause_endpoint_and_account_number() {
        let mut attempts = Attempts::default();
        let sim: Arc<str> = "sim".into();
        attempts.begun(&sim, NonZeroUsize::new(2), Route::Sse);
        attempts.fault(&sim, NonZeroUsize::new(2), Cause::Challenge);
        attempts.reaction(&sim, Reaction::OtherRoute);
        attempts.first_event(&sim, Duration::from_millis(40));
        let page = page(&attempts);
        for line in [
            "attempts_total{endpoint=\"sim\",account=\"2\",route=\"sse\"} 1",
            "attempt_faults_total{endpoint=\"sim\",account=\"2\",cause=\"challenge\"} 1",
            "reactions_total{endpoint=\"sim\",reaction=\"other-route\"} 1",
            "first_event_seconds_bucket{endpoint=\"sim\",le=\"0.1\"} 1",
        ] {
            assert!(page.contains(line), "{line}\n{page}");
        }
    }

    #[test]
    fn endpoints_and_accounts_without_end_make_no_page_without_end() {
        let mut attempts = Attempts::default();
        let mut ask = |numbers: std::ops::Range<usize>| {
            for number in numbers {
                let endpoint: Arc<str> = format!("e{number}").into();
                let account = NonZeroUsize::new(number);
                attempts.begun(&endpoint, account, Route::Sse);
                attempts.begun(&"same".into(), account, Route::Sse);
            }
            page(&attempts).lines().count()
        };
        let full = ask(0..200);
        assert_eq!(ask(200..1_000), full);
    }

    #[test]
    fn names_that_are_none_are_counted_together_and_leave_no_trace() {
        let mut attempts = Attempts::default();
        let mut ask = |name: &str| {
            attempts.begun(&name.into(), None, Route::Sse);
            attempts.fault(&name.into(), None, Cause::Reset);
            page(&attempts)
        };
        let full = ask("\u{1b}[2J\u{1b}]0;owned\u{7}").lines().count();
        for number in 0..100 {
            ask(&format!("{}{number}", "x".repeat(1 << 20)));
            ask(&format!("{number}\r\nalipes_serve_attempts_total 1"));
        }
        let text = ask("\u{9b}31m");
        assert_eq!(text.lines().count(), full);
        assert!(
            text.contains("endpoint=\"other\",account=\"other\",route=\"sse\"} 202"),
            "{text}"
        );
        assert!(text.len() < 20_000 && !text.contains(|c: char| c != '\n' && c.is_control()));
    }
}
