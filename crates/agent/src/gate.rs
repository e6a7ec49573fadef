//! The one gate that every tool call passes.
//!
//! Reading beneath the root is allowed. Writing and running need an approval: granted beforehand, or
//! given by somebody who is asked now. Where nobody can be asked the answer is no, with a reason
//! that the model can read and work with.

use alipes_tools::{Effect, Tool};
use futures_util::future::BoxFuture;
use serde_json::Value;

/// What somebody is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The tool's name.
    pub tool: String,
    /// What the call will do, in one line.
    pub summary: String,
    /// What must be known before saying yes.
    pub caution: Option<&'static str>,
    /// What it does to the world.
    pub effect: Effect,
}

/// Somebody who can be asked.
pub trait Approver: Send + Sync {
    /// Whether the call may run.
    fn ask(&self, question: Question) -> BoxFuture<'_, bool>;
}

/// The gate's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may run.
    Allow,
    /// It may not; the reason is for the model.
    Deny(String),
}

/// What is allowed without asking, and whom to ask about the rest.
#[derive(Default)]
pub struct Gate {
    granted: Vec<Effect>,
    approver: Option<Box<dyn Approver>>,
    hint: String,
}

impl Gate {
    /// A gate that allows reading and what is `granted`, and asks `approver` about the rest. Where
    /// nobody can be asked, `hint` tells the model what the user could do.
    #[must_use]
    pub fn new(granted: Vec<Effect>, approver: Option<Box<dyn Approver>>, hint: &str) -> Self {
        Self {
            granted,
            approver,
            hint: hint.to_owned(),
        }
    }

    /// Whether this call may run.
    pub async fn decide(&self, tool: &dyn Tool, input: &Value) -> Decision {
        let effect = tool.effect();
        if effect == Effect::Reads || self.granted.contains(&effect) {
            return Decision::Allow;
        }
        let name = tool.spec().name;
        let Some(approver) = &self.approver else {
            return Decision::Deny(format!(
                "not allowed: {name} {} and nobody can be asked here. Go on without it. {}",
                effect.as_str(),
                self.hint,
            ));
        };
        let question = Question {
            tool: name.to_owned(),
            summary: tool.summary(input),
            caution: tool.caution(),
            effect,
        };
        if approver.ask(question).await {
            Decision::Allow
        } else {
            Decision::Deny(format!(
                "not allowed: the user declined {name}. Go on without it."
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_tools::Toolbox;
    use serde_json::json;
    use std::sync::{Arc, Mutex};

    struct Answers(bool, Arc<Mutex<Vec<Question>>>);

    impl Approver for Answers {
        fn ask(&self, question: Question) -> BoxFuture<'_, bool> {
            self.1.lock().unwrap().push(question);
            Box::pin(std::future::ready(self.0))
        }
    }

    async fn decide(gate: &Gate, tool: &str) -> Decision {
        let toolbox = Toolbox::builtin();
        gate.decide(
            toolbox.get(tool).unwrap(),
            &json!({"command": "ls", "path": "x"}),
        )
        .await
    }

    #[tokio::test]
    async fn without_anyone_to_ask_only_reading_is_allowed() {
        let gate = Gate::default();
        for tool in ["list_files", "read_file", "search"] {
            assert_eq!(decide(&gate, tool).await, Decision::Allow);
        }
        let gate = Gate::new(Vec::new(), None, "ask the user");
        for tool in ["write_file", "shell"] {
            let Decision::Deny(reason) = decide(&gate, tool).await else {
                panic!("{tool} was allowed");
            };
            assert!(reason.contains("ask the user"), "{reason}");
        }
    }

    #[tokio::test]
    async fn a_grant_opens_one_effect_and_no_other() {
        let gate = Gate::new(vec![Effect::Writes], None, "");
        assert_eq!(decide(&gate, "write_file").await, Decision::Allow);
        assert!(matches!(decide(&gate, "shell").await, Decision::Deny(_)));
    }

    #[tokio::test]
    async fn whoever_is_asked_decides_and_hears_what_it_is_about() {
        for yes in [true, false] {
            let asked = Arc::default();
            let gate = Gate::new(
                Vec::new(),
                Some(Box::new(Answers(yes, Arc::clone(&asked)))),
                "",
            );
            assert_eq!(decide(&gate, "shell").await == Decision::Allow, yes);
            let questions = asked.lock().unwrap();
            assert!(questions[0].summary.contains("ls"));
        }
    }
}
