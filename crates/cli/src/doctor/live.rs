//! `--live`: a tiny turn by each route, with the provider's own model, as turns ask for it.

use alipes_base::Deadline;
use alipes_models::{Catalog, Making, Model as _, Overrides, Prompt, StepUpdate};
use alipes_transport::Route;
use alipes_transport::probe::{LIMIT, Look, Step, TurnWatch};
use alipes_wire::Item;

/// What is asked: as little as a model can be asked.
const INSTRUCTIONS: &str = "Answer with one word.";
const QUESTION: &str = "Say: ready";

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
    let mut watch = TurnWatch::of(route);
    // The step's own limit lies behind ours, which names itself.
    let deadline = Deadline::after(clock, "doctor", LIMIT * 2);
    let asked = async {
        let mut stream = chain.step(&prompt, true, deadline);
        while let Some(update) = stream.next().await {
            if let StepUpdate::Trace(trace) = update {
                watch.note(trace)?;
            }
        }
        stream.finish().await.map(drop).map_err(Box::new)
    };
    let ended = tokio::time::timeout(LIMIT, asked).await.ok();
    Look::new(step, watch.outcome(ended), clock.since(begun))
}
