//! Calls that only read run side by side, a bounded number of them, and are answered in the order in
//! which the model made them, whichever is ready first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alipes_base::Redactor;
use alipes_tools::{Context, Effect, Output, Tool, ToolError, ToolSpec, Toolbox};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::script::{Script, call, response, says};
use crate::work::{Setup, Work};

/// So many calls read at once.
const AT_ONCE: usize = 8;

/// A tool whose calls, within a group, can only end in reverse order.
struct LastFirst {
    spec: ToolSpec,
    turn: watch::Sender<usize>,
    running: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl LastFirst {
    fn new(most: Arc<AtomicUsize>) -> Self {
        Self {
            spec: ToolSpec {
                name: "last_first",
                description: "",
                parameters: json!({"type": "object"}),
            },
            turn: watch::Sender::new(AT_ONCE - 1),
            running: AtomicUsize::new(0),
            most,
        }
    }
}

impl Tool for LastFirst {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effect(&self) -> Effect {
        Effect::Reads
    }

    fn summary(&self, _input: &Value, _redactor: &Redactor) -> String {
        "wait for the next".to_owned()
    }

    fn run<'a>(
        &'a self,
        input: Value,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Output, ToolError>> {
        Box::pin(async move {
            let number = usize::try_from(input["number"].as_u64().unwrap()).unwrap();
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            let mut turn = self.turn.subscribe();
            turn.wait_for(|turn| *turn == number % AT_ONCE)
                .await
                .unwrap();
            self.running.fetch_sub(1, Ordering::SeqCst);
            let next = (number % AT_ONCE).checked_sub(1).unwrap_or(AT_ONCE - 1);
            self.turn.send_replace(next);
            Ok(Output {
                text: format!("number {number}"),
                truncated: false,
                changes: None,
            })
        })
    }
}

#[tokio::test]
async fn reads_run_eight_at_once_and_are_answered_in_the_models_order() {
    let calls: Vec<Value> = (0..2 * AT_ONCE)
        .map(|number| {
            let arguments = json!({"number": number}).to_string();
            call(&format!("c{number}"), "last_first", &arguments)
        })
        .collect();
    let script = Script::of(&[response(&calls), response(&[says("done")])]).await;
    let most = Arc::default();
    let setup = Setup {
        toolbox: Toolbox::new([Box::new(LastFirst::new(Arc::clone(&most))) as Box<dyn Tool>]),
        ..Setup::default()
    };
    let mut work = Work::set_up(&script.base_url, setup);
    work.answer("go").await;
    let expected: Vec<_> = (0..2 * AT_ONCE)
        .map(|number| (format!("c{number}"), format!("number {number}")))
        .collect();
    assert_eq!(script.outputs(1), expected);
    assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
    assert!(work.agent.transcript().open().is_empty());
}
