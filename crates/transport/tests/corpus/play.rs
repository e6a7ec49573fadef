//! Plays a scenario over one wire, and judges what came of it.

use std::convert::Infallible;
use std::future::pending;

use alipes_transport::{Phase, Route};
use alipes_wire::Item;
use tokio::time::{sleep, sleep_until};

use crate::diagnosis::Diagnosis;
use crate::observed::{Named, Observed, step};
use crate::row::{Event, Outcome, Row};
use crate::stage::{Cast, LateKey, STEP, Stage, virtual_time};

/// The dice of every scenario.
const SEED: u64 = 1;

/// What came of a row over one wire.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    pub(crate) tls: bool,
    pub(crate) observed: Observed,
    /// What is not as it should be.
    pub(crate) wrong: Vec<String>,
}

/// Plays a row over each of its wires.
pub(crate) fn play(row: &Row) -> Vec<Played> {
    let wires = row.wires.tls().iter();
    wires
        .map(|tls| {
            let observed = virtual_time().block_on(scene(row, *tls));
            let wrong = judge(row, &observed);
            Played {
                tls: *tls,
                observed,
                wrong,
            }
        })
        .collect()
}

async fn scene(row: &Row, tls: bool) -> Observed {
    let trouble = &row.trouble;
    let stage = Stage::set(&Cast {
        faults: trouble.faults.clone(),
        pace: trouble.pace,
        tls,
        door: trouble.door,
        seed: SEED,
    });
    let mut session = match trouble.keyless.is_zero() {
        true => stage.session(),
        false => stage.session_by(LateKey::after(&stage.clock, trouble.keyless)),
    };
    let mut input = vec![Item::user("hello")];
    if let Some(idle) = trouble.after_a_step {
        let first = step(&stage, &mut session, &input, STEP).await;
        input.extend(first.items);
        input.push(Item::user("hello again"));
        sleep(idle).await;
    }
    tokio::select! {
        biased;
        never = weather(&stage, &trouble.events) => match never {},
        observed = step(&stage, &mut session, &input, trouble.limit.unwrap_or(STEP)) => observed,
    }
}

/// Lets happen to the network what shall, each in its time from now.
pub(crate) async fn weather(stage: &Stage, events: &[Event]) -> Infallible {
    let begun = stage.clock.now();
    for Event { after, happens } in events {
        if !after.is_zero() {
            sleep_until(begun + *after).await;
        }
        happens(&stage.network);
    }
    pending().await
}

impl Observed {
    /// The fault that the row is about.
    pub(crate) fn first(&self, row: &Row) -> Option<&Named> {
        let counts = |fault: &&Named| !row.trouble.sse_alone || fault.route == Route::Sse;
        self.faults.iter().find(counts)
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match (&self.answer, self.restarts) {
            (None, _) => Outcome::Fault,
            (Some(_), 0) => Outcome::Answer,
            (Some(_), _) => Outcome::Restarted,
        }
    }
}

impl Named {
    pub(crate) fn diagnosis(&self) -> Diagnosis {
        Diagnosis {
            cause: self.cause,
            scope: self.scope,
            blame: self.blame,
        }
    }
}

/// What the simulated model says to every greeting, as far as it is the same for all.
const GREETING: (&str, &str) = ("(simulated) Hello!", "describe this folder.");

fn judge(row: &Row, observed: &Observed) -> Vec<String> {
    let expected = &row.expected;
    let mut wrong = Vec::new();
    let mut compare = |what: &str, is: String, should: String| {
        if is != should {
            wrong.push(format!("{what} is {is}, should be {should}"));
        }
    };
    let first = observed
        .first(row)
        .map(|fault| (fault.phase, fault.diagnosis()));
    compare("first fault", called(first), called(expected.first));
    compare(
        "outcome",
        format!("{:?}", observed.outcome()),
        format!("{:?}", expected.outcome),
    );
    if expected.outcome == Outcome::Fault {
        let last = observed.faults.last().map(Named::diagnosis);
        let should = expected
            .last
            .or(expected.first.map(|(_, diagnosis)| diagnosis));
        compare("last fault", format!("{last:?}"), format!("{should:?}"));
    }
    compare(
        "the suspicion of an unused proxy",
        observed.suspects_proxy.to_string(),
        expected.suspects_proxy.to_string(),
    );
    if let Some(answer) = &observed.answer {
        let (begins, ends) = GREETING;
        let once = answer.matches(begins).count() == 1;
        let whole = once && answer.starts_with(begins) && answer.ends_with(ends);
        compare("the whole answer", whole.to_string(), true.to_string());
        let items: Vec<String> = observed.items.iter().map(kind).collect();
        compare(
            "what the answer is made of",
            items.join(", "),
            "message".to_owned(),
        );
    }
    let (took, longest) = (observed.took, expected.longest);
    if took > longest {
        wrong.push(format!("it took {took:?}, longer than {longest:?}"));
    }
    let (requests, most) = (observed.requests, expected.requests);
    if requests > most {
        wrong.push(format!("{requests} requests, more than {most}"));
    }
    wrong
}

fn kind(item: &Item) -> String {
    let item: serde_json::Value = serde_json::from_str(item.json()).unwrap();
    item["type"].as_str().unwrap_or_default().to_owned()
}

fn called(fault: Option<(Phase, Diagnosis)>) -> String {
    let Some((phase, diagnosis)) = fault else {
        return "none".to_owned();
    };
    let (phase, cause) = (phase.as_str(), diagnosis.cause.as_str());
    let (scope, blame) = (diagnosis.scope.as_str(), diagnosis.blame.as_str());
    format!("{phase}/{cause} ({scope}, {blame})")
}
