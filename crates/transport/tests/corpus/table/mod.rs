//! All scenarios, one file for each place where something can go wrong.
//!
//! The numbers are those of transport, "What we measure ourselves against", where it has a row; the rest
//! follows from its limits: 20 s of patience before the first output, 30 s inside text, 7 s
//! until an edge that does not pong is left, 10 to 12 s of pauses.

/// One row each: fault, what it shall be called (nothing, where nobody shall notice), and how it shall end. A macro, so
/// that it reads as a table.
macro_rules! table {
    ($($name:literal $($phase:ident $diagnosis:ident)?: $($part:ident($($value:tt)*))*;)*) => {
        &[$(
            super::fault($name)
                $(.named(alipes_transport::Phase::$phase, crate::diagnosis::$diagnosis))?
                $(.$part($($value)*))*
        ),*]
    };
}

mod connections;
mod dialing;
mod handshakes;
mod proxies;
mod sse;
mod upgrades;
mod websocket;

use alipes_simulator::faults;
use alipes_transport::Phase;

use crate::diagnosis::Diagnosis;
use crate::row::{Examined, Family, Outcome, Row, Wires};

/// Every scenario, in the order of the page.
pub(crate) fn rows() -> Vec<Row> {
    let healthy = vec![
        Row::new(Family::Healthy, "nothing", "nothing goes wrong"),
        Row::new(
            Family::Healthy,
            "nothing, by SSE",
            "an endpoint without WebSocket",
        )
        .sse_alone()
        .ends(Outcome::Answer, 500, 2),
    ];
    [
        healthy,
        dialing::rows(),
        proxies::rows(),
        handshakes::rows(),
        connections::rows(),
        upgrades::rows(),
        websocket::rows(),
        sse::rows(),
    ]
    .concat()
}

/// How it ends, after how many milliseconds and requests at the most.
type End = (Outcome, u64, usize);

/// A fault of the simulator in both its forms: striking once, and striking always.
#[derive(Clone, Copy)]
struct Struck {
    name: &'static str,
    first: Option<(Phase, Diagnosis)>,
    last: Option<Diagnosis>,
    examined: Examined,
    wires: Wires,
    once: Option<End>,
    always: Option<End>,
}

/// A fault that nobody shall notice.
const fn fault(name: &'static str) -> Struck {
    Struck {
        name,
        first: None,
        last: None,
        examined: Examined::AsTurnsDo,
        wires: Wires::Both,
        once: None,
        always: None,
    }
}

impl Struck {
    /// What it shall be called.
    const fn named(mut self, phase: Phase, diagnosis: Diagnosis) -> Self {
        self.first = Some((phase, diagnosis));
        self
    }

    const fn once(mut self, outcome: Outcome, ms: u64, requests: usize) -> Self {
        self.once = Some((outcome, ms, requests));
        self
    }

    const fn always(mut self, outcome: Outcome, ms: u64, requests: usize) -> Self {
        self.always = Some((outcome, ms, requests));
        self
    }

    /// The same whether it strikes once or always.
    const fn either(self, outcome: Outcome, ms: u64, requests: usize) -> Self {
        self.once(outcome, ms, requests)
            .always(outcome, ms, requests)
    }

    const fn over(mut self, wires: Wires) -> Self {
        self.wires = wires;
        self
    }

    const fn ends_as(mut self, diagnosis: Diagnosis) -> Self {
        self.last = Some(diagnosis);
        self
    }

    /// Where doctor shall meet it.
    const fn examined_at(mut self, phase: Phase) -> Self {
        self.examined = Examined::At(phase);
        self
    }

    /// What doctor shall call it.
    const fn examined(mut self, phase: Phase, diagnosis: Diagnosis) -> Self {
        self.examined = Examined::As(phase, diagnosis);
        self
    }

    /// Doctor takes it for an answer that takes its time.
    const fn unfinished(mut self) -> Self {
        self.examined = Examined::AsUnfinished;
        self
    }

    fn rows(self, family: Family) -> impl Iterator<Item = Row> {
        let info = faults().iter().find(|fault| fault.name == self.name);
        let about = info.map_or("", |fault| fault.about);
        let ends = [("@1", self.once), ("", self.always)];
        ends.into_iter().filter_map(move |(on, end)| {
            let (outcome, ms, requests) = end?;
            let name = format!("{}{on}", self.name);
            let row = Row::new(family, &name, about);
            let mut row = match family {
                // The upgrade that is refused beforehand is a request, too.
                Family::Sse => row.sse_alone().ends(outcome, ms, requests + 1),
                _ => row.ends(outcome, ms, requests),
            }
            .fault(&name)
            .over(self.wires);
            row.expected.first = self.first;
            row.expected.last = self.last;
            row.expected.examined = self.examined;
            Some(row)
        })
    }
}

/// Both forms of each.
fn struck(family: Family, faults: &[Struck]) -> Vec<Row> {
    faults.iter().flat_map(|fault| fault.rows(family)).collect()
}
