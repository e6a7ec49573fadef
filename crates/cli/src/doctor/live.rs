//! `--live`: a tiny turn by each route, which is what turns out to work or not in the end.
//!
//! Only the first attempt counts: what a real turn would try next is what the other probes are for.

use alipes_base::Deadline;
use alipes_models::{Catalog, Making, Model as _, Overrides, Prompt, StepUpdate};
use alipes_transport::probe::{LIMIT, Look, Outcome, Step};
use alipes_transport::{Cause, Fault, Phase, Route, Trace};
use alipes_wire::Item;

/// What is asked: as little as a model can be asked.
const INSTRUCTIONS: &str = "Answer with one word.";
const QUESTION: &str = "Say: ready";

/// What a turn came to.
enum Ended {
    Answered,
    Failed(Box<Fault>),
}

/// One turn by one route.
pub(super) async fn turn(
    catalog: &Catalog,
    overrides: &Overrides,
    route: Route,
    making: Making<'_>,
) -> Look {
    let clock = &making.transport.clock;
    let begun = clock.now();
    let overrides = Overrides {
        routes: Some(vec![route]),
        ..overrides.clone()
    };
    let step = Step::turn(route);
    let Ok(mut chain) = catalog.chain(&overrides, making) else {
        return Look::skipped(step, "no such route");
    };
    let question = [Item::user(QUESTION)];
    let prompt = Prompt {
        instructions: INSTRUCTIONS,
        tools: &[],
        input: &question,
        maker: None,
    };
    let mut has_answered = false;
    // The step's own limit lies behind ours, which names itself.
    let deadline = Deadline::after(clock, "doctor", LIMIT * 2);
    let asked = async {
        let mut stream = chain.step(&prompt, true, deadline);
        while let Some(update) = stream.next().await {
            match update {
                StepUpdate::Trace(Trace::AttemptFault { fault, .. }) => {
                    return Ended::Failed(fault);
                }
                StepUpdate::Trace(Trace::FirstEvent { .. }) => has_answered = true,
                _ => {}
            }
        }
        match stream.finish().await {
            Ok(_) => Ended::Answered,
            Err(fault) => Ended::Failed(Box::new(fault)),
        }
    };
    let ended = tokio::time::timeout(LIMIT, asked).await;
    let outcome = match ended {
        Ok(Ended::Answered) => Outcome::Passed("answered".to_owned()),
        Ok(Ended::Failed(fault)) => Outcome::Failed(fault),
        // A model that thinks is no fault.
        Err(_elapsed) if has_answered => Outcome::Passed("answering".to_owned()),
        Err(_elapsed) => Outcome::Failed(Box::new(silent(route))),
    };
    Look::new(step, outcome, clock.since(begun))
}

fn silent(route: Route) -> Fault {
    Fault {
        route,
        ..Fault::new(Phase::Headers, Cause::Silent)
    }
}
