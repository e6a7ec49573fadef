//! A scenario played before the chain of providers, and the record that is left of the call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_base::{Environment, Redactor, Rng};
use alipes_config::Document;
use alipes_models::{Catalog, Chain, Making, Model as _, Overrides, Prompt, Records};
use alipes_store::{CallRecord, Recorder, Unwritten};
use alipes_wire::Item;
use tokio::time::sleep;

use crate::play::weather;
use crate::row::Row;
use crate::stage::{Cast, STEP, Stage, virtual_time};

/// The dice of every scenario.
const SEED: u64 = 1;

/// Keeps calls in memory, written down at once.
#[derive(Default)]
struct Book(Mutex<Vec<CallRecord>>);

impl Recorder for Book {
    fn record(&self, call: Unwritten) {
        let (call, _) = (call.write)();
        self.0.lock().unwrap().push(call);
    }
}

/// Plays a scenario over this wire.
pub(crate) fn call(row: &Row, tls: bool) -> CallRecord {
    let book = Arc::new(Book::default());
    virtual_time().block_on(scene(row, tls, &book));
    let mut calls = book.0.lock().unwrap();
    calls.pop().unwrap()
}

async fn scene(row: &Row, tls: bool, book: &Arc<Book>) {
    let trouble = &row.trouble;
    let stage = Stage::set(&Cast {
        faults: trouble.faults.clone(),
        pace: trouble.pace,
        tls,
        door: trouble.door,
        seed: SEED,
    });
    let mut chain = chain(&stage, book);
    let mut input = vec![Item::user("hello")];
    if let Some(idle) = trouble.after_a_step {
        input.extend(ask(&stage, &mut chain, &input, STEP).await);
        input.push(Item::user("hello again"));
        sleep(idle).await;
    }
    let limit = trouble.limit.unwrap_or(STEP);
    tokio::select! {
        biased;
        never = weather(&stage, &trouble.events) => match never {},
        _answer = ask(&stage, &mut chain, &input, limit) => {}
    }
}

/// The simulator as the ChatGPT backend, and nobody behind it.
fn chain(stage: &Stage, book: &Arc<Book>) -> Chain {
    let text = format!(
        "[providers.corpus]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\n\
         api_key = {{ env = \"KEY\" }}\n[model]\ndefault = \"corpus/simulated\"\n",
        stage.simulator.base_url()
    );
    let records = Records {
        recorder: Arc::clone(book) as _,
        front: "test",
        rng: Rng::from_entropy(),
        redactor: Redactor::new(),
        bodies: false,
    };
    let catalog = Catalog::read(&Document::parse("config.toml", &text).unwrap()).unwrap();
    let making = Making {
        environment: &Environment::new([("KEY", "sk-corpus")], "/".into()),
        transport: &stage.transport,
        session_id: "session-1",
    };
    let catalog = catalog.recorded(records);
    catalog.chain(&Overrides::default(), making).unwrap()
}

/// Asks, and reads to the end; what the answer adds to the conversation.
async fn ask(stage: &Stage, chain: &mut Chain, input: &[Item], limit: Duration) -> Vec<Item> {
    let prompt = Prompt {
        instructions: "test",
        tools: &[],
        input,
        maker: None,
    };
    let mut step = chain.step(&prompt, true, stage.deadline(limit));
    while step.next().await.is_some() {}
    let answer = step.finish().await;
    answer.map_or_else(|_fault| Vec::new(), |step| step.items)
}
