//! Plays a plan and looks for what must never be.

use std::sync::OnceLock;
use std::time::Duration;

use alipes_transport::{Profile, Reaction, Reader, Replay, Session, Trace, Update};
use alipes_wire::responses::Assembler;
use alipes_wire::{Item, ModelEvent, Signal};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use super::plan::{Plan, Step};
use crate::observed::step;
use crate::play::weather;
use crate::stage::{Cast, STEP, Stage, request, virtual_time};

/// The most that may be on its way at a time: both directions of a hedge's two connections, and of as many
/// behind a proxy, and some that are being closed.
const MOST_QUEUED: usize = 16 * 64 * 1024;

/// The clock of timers counts in milliseconds.
const TICK: Duration = Duration::from_millis(2);

/// What was wrong.
pub(super) fn run(plan: &Plan) -> Vec<String> {
    // A runtime does not start in another one.
    let _healthy = greeting();
    virtual_time().block_on(async {
        let mut problems = Vec::new();
        let stage = Stage::set(&plan.cast);
        tokio::select! {
            biased;
            never = weather(&stage, &plan.weather) => match never {},
            () = conversation(&stage, &plan.steps, &mut problems) => {}
        }
        leave(stage, &mut problems).await;
        problems
    })
}

async fn conversation(stage: &Stage, steps: &[Step], problems: &mut Vec<String>) {
    let mut session = stage.session();
    let mut input = Vec::new();
    let mut sent = Sent::default();
    for (number, plan) in steps.iter().enumerate() {
        sleep(plan.idle_before).await;
        input.push(Item::user("hello"));
        session.begin_turn();
        let mut found = Vec::new();
        sent.requests.push(stage.clock.now());
        let seen = &mut Seen {
            sent: &mut sent,
            problems: &mut found,
        };
        match one(stage, &mut session, *plan, &input, seen).await {
            Some(items) => input.extend(items),
            // The turn has failed, and its prompt goes with it.
            None => drop(input.pop()),
        }
        problems.extend(
            found
                .iter()
                .map(|problem| format!("step {number}: {problem}")),
        );
    }
    if let Some(problem) = sent.beyond_the_share() {
        problems.push(problem);
    }
}

/// What is noted of a step.
struct Seen<'a> {
    sent: &'a mut Sent,
    problems: &'a mut Vec<String>,
}

/// When requests went out: new ones, and those that were sent before and sent again.
#[derive(Default)]
struct Sent {
    requests: Vec<Instant>,
    repeated: Vec<Instant>,
}

impl Sent {
    /// A minute in which more was repeated than one request in five, and 21 (`retry_share`).
    fn beyond_the_share(&self) -> Option<String> {
        let minute = Duration::from_secs(60);
        self.repeated.iter().find_map(|end| {
            let within = |all: &[Instant], window: Duration| {
                let fits = |at: &&Instant| *at <= end && *end - **at < window;
                all.iter().filter(fits).count()
            };
            let repeated = within(&self.repeated, minute);
            let most = 21 + within(&self.requests, minute * 2) / 5;
            (repeated > most).then(|| format!("{repeated} repetitions in a minute"))
        })
    }
}

/// Reads one step; the answer's items, if it came.
async fn one(
    stage: &Stage,
    session: &mut Session,
    plan: Step,
    input: &[Item],
    seen: &mut Seen<'_>,
) -> Option<Vec<Item>> {
    let (begun, before) = (stage.clock.now(), stage.requests());
    let reading = read(stage, session, plan, input, seen);
    let patience = plan.leaves_after.unwrap_or(Duration::MAX);
    let outcome = timeout(patience, reading).await;
    let took = stage.clock.since(begun);
    let problems = &mut *seen.problems;
    if took > plan.limit + TICK {
        problems.push(format!("it took {took:?} of {:?}", plan.limit));
    }
    let requests = stage.requests() - before;
    let most = most_requests();
    if requests > most {
        problems.push(format!("{requests} requests, more than {most}"));
    }
    outcome.ok().flatten()
}

async fn read(
    stage: &Stage,
    session: &mut Session,
    plan: Step,
    input: &[Item],
    seen: &mut Seen<'_>,
) -> Option<Vec<Item>> {
    let problems = &mut *seen.problems;
    let deadline = stage.deadline(plan.limit);
    let mut stream = session.stream(request(input, plan.reader), deadline);
    let mut assembler = Assembler::new();
    let (mut text, mut shown) = (String::new(), false);
    while let Some(update) = stream.next().await {
        match update {
            Update::Event(event) => {
                shown |= counts(plan.reader, Signal::of(&event));
                if let Some(ModelEvent::TextDelta { delta }) = assembler.push(&event) {
                    text.push_str(&delta);
                }
            }
            Update::Restarted { .. } => {
                if std::mem::take(&mut shown) && plan.reader != Reader::Replaces {
                    problems.push("it began anew for who cannot give back what it has".to_owned());
                }
                assembler = Assembler::new();
                // Who cannot take text back keeps it; then nothing of it may come again.
                if plan.reader == Reader::Replaces {
                    text.clear();
                }
            }
            Update::Trace(trace) if is_repetition(&trace) => {
                seen.sent.repeated.push(stage.clock.now());
            }
            _ => {}
        }
        if !greeting().text.starts_with(&text) {
            problems.push(format!("the text is {text:?}"));
            return None;
        }
    }
    let outcome = stream.outcome().await;
    outcome.ok()?;
    let items = assembler.into_items();
    if text != greeting().text || said(&items) != greeting().said {
        problems.push(format!("the answer is {text:?}, {items:?}"));
    }
    Some(items)
}

/// Whether this reader counts that as shown.
fn counts(reader: Reader, signal: Signal) -> bool {
    let is_text = signal == Signal::Delivered;
    is_text || (reader == Reader::KeepsOutput && (signal.is_output() || signal == Signal::Terminal))
}

/// The items without what is another's in every answer.
fn said(items: &[Item]) -> Vec<Value> {
    let said = items.iter().map(|item| {
        let mut said: Value = serde_json::from_str(item.json()).unwrap();
        said.as_object_mut().unwrap().remove("id");
        said
    });
    said.collect()
}

/// Whether a request that was sent is sent again.
fn is_repetition(trace: &Trace) -> bool {
    let Trace::AttemptFault {
        fault, reaction, ..
    } = trace
    else {
        return false;
    };
    let again = matches!(
        reaction,
        Reaction::SameRoute { .. } | Reaction::Wait { .. } | Reaction::OtherRoute
    );
    again && fault.replay != Replay::Free
}

/// Drops everything and looks for what is left.
async fn leave(stage: Stage, problems: &mut Vec<String>) {
    let Stage {
        network,
        simulator,
        transport,
        behind_the_door,
        ..
    } = stage;
    let queued = network.most_queued();
    if queued > MOST_QUEUED {
        problems.push(format!("{queued} bytes were on their way at a time"));
    }
    drop(transport);
    // The proxy's own connections end with it; what the client holds would stay.
    drop(behind_the_door);
    // What was aborted is dropped when the runtime comes by.
    sleep(TICK).await;
    let sockets = network.client_ends();
    if sockets > 0 {
        problems.push(format!("{sockets} sockets were left behind"));
    }
    simulator.stop().await;
    sleep(TICK).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    if tasks > 0 {
        problems.push(format!("{tasks} tasks were left behind"));
    }
    if network.open_ends() > 0 {
        problems.push(format!("{} ends are open", network.open_ends()));
    }
}

/// The budget, the first one, and one for each route.
fn most_requests() -> usize {
    let profile = Profile::named("openai-codex").unwrap();
    profile.replays + 1 + profile.routes.len()
}

/// What the model says when nothing goes wrong.
struct Greeting {
    text: String,
    said: Vec<Value>,
}

fn greeting() -> &'static Greeting {
    static GREETING: OnceLock<Greeting> = OnceLock::new();
    GREETING.get_or_init(|| {
        virtual_time().block_on(async {
            let stage = Stage::set(&Cast::default());
            let hello = [Item::user("hello")];
            let healthy = step(&stage, &mut stage.session(), &hello, STEP).await;
            Greeting {
                text: healthy.answer.unwrap(),
                said: said(&healthy.items),
            }
        })
    })
}
