//! What goes wrong, row by row, and how well we mean to take it: the targets of `bench recovery`, as data.
//!
//! "Once" (`@1`) where a healthy answer is there to be found at the second try, always where it is not. A hedge goes
//! out when the cold patience of 20 s is spent; its answer has 2 s more.

use std::time::Duration;

/// Where a row stands in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Healthy,
    Silence,
    Refusals,
    Outages,
    Breaks,
    Upgrades,
}

/// What strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Nothing,
    /// A fault as `alipes simulate --fault` takes it.
    Fault(&'static str),
    /// The server resets the first connection and goes away: its port refuses all others.
    Gone,
}

/// Which way the clients are told to go. Hermes Agent knows no WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Sse,
    /// WebSocket first; each client may fall back to SSE as it sees fit.
    WebSocket,
}

/// What is asked of the model, and how its answer is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) text: &'static str,
    /// Stands at the beginning of the answer and nowhere else: seen twice, text was repeated.
    pub(super) opening: &'static str,
    /// Stands at the end of the answer.
    pub(super) ending: &'static str,
}

/// An answer at the first step.
const HELLO: Prompt = Prompt {
    text: "say hello",
    opening: "(simulated) Hello!",
    ending: "or to describe this folder.",
};

/// The only file in the folder in which the clients run.
pub(super) const ONLY_FILE: &str = "the-only-file.txt";

/// One tool call, then an answer.
const LIST: Prompt = Prompt {
    text: "list the files",
    opening: "(simulated) `",
    ending: ONLY_FILE,
};

/// How our own program shall do; each part only where it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The user has been told by then.
    pub(super) told: Option<Duration>,
    pub(super) end: Option<End>,
    pub(super) requests: Option<usize>,
    /// What the user was told contains this.
    pub(super) says: Option<&'static str>,
}

/// How it shall end, at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Answer(Duration),
    Error(Duration),
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) group: Group,
    pub(super) trouble: Trouble,
    pub(super) way: Way,
    pub(super) tls: bool,
    /// The trouble is over so long after the first connection; without it, it stays.
    pub(super) outage: Option<Duration>,
    /// Behind the provider in trouble stands one that is well. Only ours is set up so.
    pub(super) has_reserve: bool,
    pub(super) prompt: &'static Prompt,
    pub(super) target: Target,
}

use self::Group::{Breaks, Healthy, Outages, Refusals, Silence, Upgrades};
use self::Trouble::{Fault, Gone, Nothing};
use self::Way::{Sse, WebSocket};

/// One row each: group, way, trouble, then what is set. A macro, so that it reads as a table.
macro_rules! table {
    ($($group:ident $way:ident $trouble:expr $(, $part:ident $($value:expr)?)*;)*) => {
        &[$(row($group, $way, $trouble)$(.$part($($value)?))*),*]
    };
}

/// All rows, in the order of the page. Times in ms, outages in seconds.
pub(super) const ROWS: &[Row] = table! {
    Healthy  Sse       Nothing;
    Healthy  WebSocket Nothing;
    Healthy  Sse       Nothing,                                          tls;
    Silence  Sse       Fault("sse-stall-before-headers@1"),              told 3_000, answers 22_000;
    Silence  Sse       Fault("sse-stall-before-headers"),                told 3_000;
    Silence  Sse       Fault("sse-freeze-before-headers@1"),             tls, told 8_000, answers 10_000;
    Silence  Sse       Fault("sse-freeze-after-created@1"),              tls, told 8_000, answers 10_000;
    Silence  WebSocket Fault("websocket-freeze-after-created@1"),        told 8_000, answers 10_000;
    Silence  WebSocket Fault("websocket-freeze-after-created@1"),        tls, told 8_000, answers 10_000;
    Silence  WebSocket Fault("websocket-freeze-after-text@1"),           told 8_000, answers 10_000;
    Silence  Sse       Fault("sse-freeze-after-created@1"),              told 3_000, answers 22_000;
    Silence  Sse       Fault("sse-stall-after-created@1"),               tls, told 3_000, answers 22_000;
    Silence  WebSocket Fault("websocket-stall-after-created@1"),         told 3_000, answers 22_000;
    Refusals Sse       Fault("sse-challenge"),                           told 1_000, fails 1_000, says "cf-ray";
    Refusals WebSocket Fault("challenge"),                               told 1_000, fails 1_000, says "cf-ray", requests 2;
    Refusals Sse       Fault("sse-500"),                                 told 1_000, fails 16_000, requests 8;
    Refusals Sse       Fault("sse-500"),                                 reserve, told 1_000, answers 2_000;
    Refusals WebSocket Fault("usage-limit"),                             told 600, fails 600;
    Refusals WebSocket Fault("401"),                                     told 1_000, fails 2_000, requests 2;
    Outages  Sse       Fault("sse-500"),                                 lasts 3;
    Outages  Sse       Fault("sse-500"),                                 lasts 7;
    Outages  Sse       Gone,                                             lasts 3;
    Outages  Sse       Gone,                                             lasts 7;
    Outages  Sse       Fault("connection-reset"),                        lasts 3;
    Outages  Sse       Fault("connection-reset"),                        lasts 7;
    Outages  Sse       Fault("connection-reset"),                        tls, lasts 3;
    Outages  Sse       Fault("connection-reset"),                        tls, lasts 7;
    Outages  WebSocket Fault("connection-reset"),                        tls, told 2_000, fails 16_000, says "direct";
    Breaks   Sse       Fault("sse-cut-after-text@1"),                    answers 250;
    Breaks   Sse       Fault("sse-reset-after-text@1"),                  answers 250;
    Breaks   Sse       Fault("sse-cut-after-text"),                      told 1_000, requests 6;
    Breaks   WebSocket Fault("websocket-reset-after-text"),              answers 500;
    Breaks   WebSocket Fault("websocket-close-1012-after-text"),         answers 500;
    Upgrades WebSocket Fault("websocket-refused-403"),                   answers 500;
    Upgrades WebSocket Fault("websocket-refused-404"),                   answers 500;
    Upgrades WebSocket Fault("websocket-refused-500"),                   answers 500;
    Upgrades WebSocket Fault("websocket-reset-before-upgrade"),          answers 500;
    Upgrades WebSocket Fault("websocket-stall-before-upgrade"),          told 3_000, answers 3_000;
    Upgrades WebSocket Fault("websocket-previous-response-not-found"),   tool_turn, answers 500;
    Upgrades WebSocket Fault("websocket-connection-limit"),              answers 1_000;
};

const fn row(group: Group, way: Way, trouble: Trouble) -> Row {
    Row {
        group,
        trouble,
        way,
        tls: false,
        outage: None,
        has_reserve: false,
        prompt: &HELLO,
        target: Target {
            told: None,
            end: None,
            requests: None,
            says: None,
        },
    }
}

impl Row {
    /// Nothing wrong.
    pub(super) const fn healthy(way: Way) -> Self {
        row(Group::Healthy, way, Trouble::Nothing)
    }

    const fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    const fn reserve(mut self) -> Self {
        self.has_reserve = true;
        self
    }

    const fn tool_turn(mut self) -> Self {
        self.prompt = &LIST;
        self
    }

    const fn told(mut self, ms: u64) -> Self {
        self.target.told = Some(Duration::from_millis(ms));
        self
    }

    const fn answers(mut self, ms: u64) -> Self {
        self.target.end = Some(End::Answer(Duration::from_millis(ms)));
        self
    }

    const fn fails(mut self, ms: u64) -> Self {
        self.target.end = Some(End::Error(Duration::from_millis(ms)));
        self
    }

    const fn requests(mut self, most: usize) -> Self {
        self.target.requests = Some(most);
        self
    }

    const fn says(mut self, word: &'static str) -> Self {
        self.target.says = Some(word);
        self
    }

    /// An outage: told within 3 s, and answered at most 8 s after it is over.
    const fn lasts(mut self, seconds: u64) -> Self {
        self.outage = Some(Duration::from_secs(seconds));
        self.told(3_000).answers((seconds + 8) * 1_000)
    }

    /// What tells it from all others, for the page, for `--only` and for the file of results.
    pub(super) fn name(&self) -> String {
        let mut name = match (self.trouble, self.way) {
            (Trouble::Fault(fault), _) => fault.to_owned(),
            (Trouble::Gone, _) => "refused".to_owned(),
            (Trouble::Nothing, Way::Sse) => "none, SSE".to_owned(),
            (Trouble::Nothing, Way::WebSocket) => "none, WebSocket".to_owned(),
        };
        if self.tls {
            name.push_str(" (TLS)");
        }
        if self.has_reserve {
            name.push_str(", another provider behind it");
        }
        if let Some(outage) = self.outage {
            name.push_str(&format!(" for {} s", outage.as_secs()));
        }
        name
    }

    /// Whether this strikes nobody but those who try a WebSocket.
    pub(super) fn needs_websocket(&self) -> bool {
        match self.trouble {
            Trouble::Fault(fault) => fault.starts_with("websocket-"),
            Trouble::Nothing => self.way == Way::WebSocket,
            Trouble::Gone => false,
        }
    }

    /// Whether everybody mostly waits, so that several rows at once do not disturb each other.
    pub(super) fn is_mostly_waiting(&self) -> bool {
        self.group == Group::Silence || self.outage.is_some()
    }
}

impl Group {
    /// In the order of the page.
    pub(super) const ALL: [Self; 6] = [Healthy, Silence, Refusals, Outages, Breaks, Upgrades];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Healthy => "Nothing wrong, for comparison",
            Self::Silence => "Silence",
            Self::Refusals => "Refusals that stay",
            Self::Outages => "Outages, and a handshake that never succeeds",
            Self::Breaks => "Breaks in the middle of the answer",
            Self::Upgrades => "WebSocket trouble that SSE does not have",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own_and_a_fault_that_the_simulator_knows() {
        let names: BTreeSet<_> = ROWS.iter().map(Row::name).collect();
        assert_eq!(names.len(), ROWS.len());
        for row in ROWS {
            if let Trouble::Fault(fault) = row.trouble {
                alipes_simulator::Scenario::from_flags([fault]).unwrap();
            }
        }
    }

    #[test]
    fn the_rows_stand_in_the_order_of_their_groups() {
        let order = |row: &Row| Group::ALL.iter().position(|group| *group == row.group);
        assert!(ROWS.is_sorted_by_key(order));
    }
}
