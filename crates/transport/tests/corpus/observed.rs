//! One step as its reader sees it: the text, the restarts, and every fault by its name.

use std::collections::HashMap;
use std::time::Duration;

use alipes_transport::{Blame, Cause, Fault, Phase, Reader, Route, Scope, Session, Trace, Update};
use alipes_wire::responses::Assembler;
use alipes_wire::{Item, ModelEvent};

use crate::stage::{Stage, request};

/// What came of a step.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// The answer's text, if there was one.
    pub(crate) answer: Option<String>,
    /// How often a reader who had seen text was told that it begins anew.
    pub(crate) restarts: usize,
    /// Every attempt that failed, in order; the last one is the step's own if there was no answer.
    pub(crate) faults: Vec<Named>,
    pub(crate) took: Duration,
    /// How often the server was asked during this step.
    pub(crate) requests: usize,
    pub(crate) items: Vec<Item>,
    /// Whether the final fault speaks of a proxy that was not used.
    pub(crate) suspects_proxy: bool,
}

/// A fault's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) route: Route,
    pub(crate) phase: Phase,
    pub(crate) cause: Cause,
    pub(crate) scope: Scope,
    pub(crate) blame: Blame,
}

impl Named {
    fn of(fault: &Fault) -> Self {
        Self {
            route: fault.route,
            phase: fault.phase,
            cause: fault.cause,
            scope: fault.scope(),
            blame: fault.blame(),
        }
    }
}

/// Gathers the names of what goes wrong.
#[derive(Default)]
struct Names {
    faults: Vec<Named>,
    /// The route of each attempt.
    routes: HashMap<u32, Route>,
}

impl Names {
    fn take(&mut self, trace: &Trace) {
        match trace {
            Trace::AttemptStarted { attempt, route, .. } => {
                self.routes.insert(*attempt, *route);
            }
            Trace::AttemptFault { fault, .. }
            | Trace::AttemptLost {
                fault: Some(fault), ..
            } => self.faults.push(Named::of(fault)),
            Trace::Hedged { beside, limit, .. } => {
                let route = self.routes.get(beside).copied().unwrap_or(Route::Sse);
                self.faults.extend(doubt(limit, route));
            }
            _ => {}
        }
    }
}

/// A second request goes out because of what was not heard: that is a diagnosis, too, before any attempt has
/// ended.
fn doubt(limit: &str, route: Route) -> Option<Named> {
    let (phase, cause) = match limit {
        "first_event" => (Phase::Headers, Cause::Silent),
        "first_output" => (Phase::FirstOutput, Cause::Silent),
        "reasoning" => (Phase::Stream, Cause::Stalled),
        _ => return None,
    };
    Some(Named {
        route,
        phase,
        cause,
        scope: cause.scope(),
        blame: cause.blame(),
    })
}

/// Asks for an answer to `input` and reads to the end, as a reader who can replace what was shown.
pub(crate) async fn step(
    stage: &Stage,
    session: &mut Session,
    input: &[Item],
    limit: Duration,
) -> Observed {
    let (begun, before) = (stage.clock.now(), stage.requests());
    let mut stream = session.stream(request(input, Reader::Replaces), stage.deadline(limit));
    let mut assembler = Assembler::new();
    let (mut text, mut restarts, mut names) = (String::new(), 0, Names::default());
    while let Some(update) = stream.next().await {
        match update {
            Update::Event(event) => {
                if let Some(ModelEvent::TextDelta { delta }) = assembler.push(&event) {
                    text.push_str(&delta);
                }
            }
            Update::Restarted { delivered } => {
                assembler = Assembler::new();
                text.clear();
                restarts += usize::from(delivered);
            }
            Update::Trace(trace) => names.take(&trace),
            _ => {}
        }
    }
    let outcome = stream.finish().await;
    Observed {
        answer: outcome.is_ok().then_some(text),
        restarts,
        faults: names.faults,
        took: stage.clock.since(begun),
        requests: stage.requests() - before,
        items: assembler.into_items(),
        suspects_proxy: outcome.is_err_and(|fault| fault.to_string().contains("was not used")),
    }
}
