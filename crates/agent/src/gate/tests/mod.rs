//! The gate's promises, on tools that do not run: each file has one kind of them, and here is what they share.

mod always;
mod lasting;
mod shown;
mod verdicts;
mod ways_round;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_base::{Clock, Deadline, Environment, Redactor};
use alipes_tools::{Progress, Root, Sandbox, Seen, Toolbox, Workbench};
use futures_util::future::BoxFuture;
use serde_json::json;

use super::*;

/// Gives the same answer to every question, and keeps them.
#[derive(Clone)]
struct Person {
    answer: Approval,
    asked: Arc<Mutex<Vec<Question>>>,
}

impl Person {
    fn who_says(answer: Approval) -> Self {
        let asked = Arc::default();
        Self { answer, asked }
    }

    fn questions(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn last(&self) -> Question {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

impl Approver for Person {
    fn ask(&self, question: Question) -> BoxFuture<'_, Approval> {
        self.asked.lock().unwrap().push(question);
        Box::pin(std::future::ready(self.answer))
    }
}

#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<String>>>);

impl RuleBook for Book {
    fn allow(&self, rule: &str) -> Result<(), String> {
        self.0.lock().unwrap().push(rule.to_owned());
        Ok(())
    }
}

fn context(folder: &Path) -> Context {
    let clock = Clock::system();
    Context {
        root: Root::open(folder).unwrap(),
        sandbox: Sandbox::off(),
        environment: Environment::default(),
        deadline: Deadline::after(&clock, "test", Duration::from_secs(60)),
        clock,
        workbench: Workbench::new(&Environment::default()),
        progress: Progress::default(),
        seen: Seen::default(),
        redactor: Redactor::new(),
    }
}

fn rules(lines: &[(&str, Verdict)]) -> Vec<Rule> {
    let rule = |(text, verdict): &(&str, Verdict)| Rule::parse(text, *verdict, "test").unwrap();
    lines.iter().map(rule).collect()
}

fn with_rules(lines: &[(&str, Verdict)]) -> Gate {
    Gate::new(GateOptions {
        rules: rules(lines),
        hint: "ask the user".to_owned(),
        ..GateOptions::default()
    })
}

fn asking(person: &Person) -> GateOptions {
    GateOptions {
        approver: Some(Box::new(person.clone())),
        ..GateOptions::default()
    }
}

async fn call(gate: &Gate, tool: &str, input: Value, context: &Context) -> Decision {
    let toolbox = Toolbox::builtin();
    gate.decide(toolbox.get(tool).unwrap(), &input, context)
        .await
}

async fn shell(gate: &Gate, line: &str) -> Decision {
    let folder = tempfile::tempdir().unwrap();
    call(
        gate,
        "shell",
        json!({"command": line}),
        &context(folder.path()),
    )
    .await
}

async fn write(gate: &Gate, path: &str) -> Decision {
    let folder = tempfile::tempdir().unwrap();
    let input = json!({"path": path, "content": ""});
    call(gate, "write_file", input, &context(folder.path())).await
}

/// An input of this tool in which every field has a value.
fn filled<'t>(tool: &str, text: impl Fn(&str) -> &'t str) -> Value {
    let toolbox = Toolbox::builtin();
    let parameters = &toolbox.get(tool).unwrap().spec().parameters;
    let fields = parameters["properties"].as_object().unwrap().iter();
    let fields = fields.map(|(name, schema)| {
        let value = match schema["type"].as_str().unwrap() {
            "string" => json!(text(name)),
            "boolean" => json!(false),
            _ => json!(1),
        };
        (name.clone(), value)
    });
    Value::Object(fields.collect())
}

fn effect(tool: &str) -> Effect {
    Toolbox::builtin().get(tool).unwrap().effect()
}
