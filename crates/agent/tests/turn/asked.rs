//! Whoever is asked is shown what will be done, as things stand when it is done.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_agent::{Approval, Approver, Question, Rule, TurnError, TurnEvent, Verdict};
use alipes_base::{Clock, Deadline};
use alipes_tools::Detail;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::script::{Script, call, response, says};
use crate::work::{Setup, Work};

/// Says yes to everything, and keeps the questions.
#[derive(Clone, Default)]
struct SaysYes(Arc<Mutex<Vec<Question>>>);

impl Approver for SaysYes {
    fn ask(&self, question: Question) -> BoxFuture<'_, Approval> {
        self.0.lock().unwrap().push(question);
        Box::pin(std::future::ready(Approval::Once))
    }
}

fn read(id: &str) -> Value {
    call(id, "read_file", r#"{"path":"a.txt"}"#)
}

fn write(id: &str) -> Value {
    let arguments = json!({"path": "a.txt", "content": "three\n"});
    call(id, "write_file", &arguments.to_string())
}

#[tokio::test]
async fn what_a_response_reads_is_read_before_anybody_is_asked_what_it_writes() {
    let ask = Rule::parse("write_file", Verdict::Ask, "test").unwrap();
    for rules in [Vec::new(), vec![ask]] {
        let script = Script::of(&[
            response(&[read("c0")]),
            response(&[says("read")]),
            response(&[read("c1"), write("c2")]),
            response(&[says("done")]),
        ])
        .await;
        let person = SaysYes::default();
        let setup = Setup {
            rules,
            approver: Some(Box::new(person.clone())),
            ..Setup::default()
        };
        let mut work = Work::set_up(&script.base_url, setup);
        work.file("a.txt", "one\n");
        work.answer("read it").await;
        // What the model knows is no longer so.
        work.file("a.txt", "two\n");
        work.answer("replace it").await;
        let outputs = script.outputs(3);
        assert!(outputs[1].1.contains("two"), "{outputs:?}");
        assert!(outputs[2].1.contains("replaced a.txt"), "{outputs:?}");
        let asked = person.0.lock().unwrap();
        let Some(Detail::Diff(diff)) = &asked[0].detail else {
            panic!("{asked:?}");
        };
        assert!(diff.ends_with("-two\n+three\n"), "{diff}");
    }
}

/// Somebody who has gone out.
struct SaysNothing;

impl Approver for SaysNothing {
    fn ask(&self, _question: Question) -> BoxFuture<'_, Approval> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn the_limit_of_a_turn_ends_an_open_question_and_is_named_as_what_did() {
    let script = Script::of(&[response(&[write("c1")]), response(&[says("done")])]).await;
    let setup = Setup {
        approver: Some(Box::new(SaysNothing)),
        ..Setup::default()
    };
    let mut work = Work::set_up(&script.base_url, setup);
    let (events, mut heard) = tokio::sync::mpsc::channel(64);
    let limit = Duration::from_millis(300);
    let deadline = Deadline::after(&Clock::system(), "--timeout", limit);
    let failed = work.agent.turn("go", true, deadline, &events).await;
    let failed = failed.unwrap_err();
    assert!(matches!(failed, TurnError::OutOfTime(_)), "{failed}");
    let said = "the limit --timeout of 300ms has passed";
    assert!(failed.to_string().starts_with(said), "{failed}");
    assert_eq!(script.asked(), 1);
    assert!(!work.path("a.txt").exists());
    drop(events);
    let mut outputs = Vec::new();
    while let Some(event) = heard.recv().await {
        if let TurnEvent::ToolCompleted { output, .. } = event {
            outputs.push(output);
        }
    }
    assert_eq!(
        outputs,
        [format!("not allowed: nobody has answered yet, and {said}")]
    );
}
