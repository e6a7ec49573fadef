//! What the program knows of the conversation, and what it still has to be told.
//!
//! A thread is its memory. The next turn goes on with it when the conversation only goes on from where
//! the last turn ended, item for item as JSON, under the same terms; otherwise there is a new thread
//! with all of it. A thread lives as long as the program does and is written to no file.

use std::path::Path;

use alipes_wire::{Item, ItemView, ModelRequest, Usage};
use serde_json::{Value, json};

/// The model's name that leaves the choice to the program's own configuration.
const ITS_OWN: &str = "default";

/// A conversation in the program.
pub(super) struct Thread {
    pub(super) id: String,
    terms: Value,
    known: Vec<Item>,
    /// Tokens of all its turns.
    pub(super) spent: Usage,
}

impl Thread {
    /// The thread that an answer to `thread/start` names.
    pub(super) fn started(answer: &Value, terms: Value) -> Option<Self> {
        Some(Self {
            id: answer["thread"]["id"].as_str()?.to_owned(),
            terms,
            known: Vec::new(),
            spent: Usage::default(),
        })
    }

    /// Whether this conversation goes on from where the thread is.
    pub(super) fn leads_to(&self, terms: &Value, conversation: &[Item]) -> bool {
        self.terms == *terms && conversation.starts_with(&self.known)
    }

    /// Whether it has had a turn.
    pub(super) fn has_begun(&self) -> bool {
        !self.known.is_empty()
    }

    /// What it has not been told of this conversation: what was said before, and what is said now,
    /// nothing where it ends with something else than the user's words.
    pub(super) fn opening<'c>(&self, conversation: &'c [Item]) -> (&'c [Item], Option<String>) {
        let news = conversation.get(self.known.len()..).unwrap_or_default();
        let last = news.split_last();
        let words = last.and_then(|(last, history)| Some((history, users_words(last)?)));
        words.map_or((news, None), |(history, words)| (history, Some(words)))
    }

    /// Now it knows this conversation and the answer that it gave.
    pub(super) fn learnt(&mut self, conversation: Vec<Item>, answer: Vec<Item>, spent: Usage) {
        self.known = conversation;
        self.known.extend(answer);
        self.spent = spent;
    }
}

/// The conversation without reasoning: it is encrypted for somebody else.
pub(super) fn readable(request: &ModelRequest) -> Vec<Item> {
    let input = request.input.iter();
    let readable = input.filter(|item| !matches!(item.view(), ItemView::Reasoning { .. }));
    readable.cloned().collect()
}

/// The parameters of `thread/start`: it may look at files and do nothing. What it asks for is declined
/// (`untrusted`: it asks for whatever is not known to be harmless), its commands see none of the
/// person's variables, and the tool servers of the person's own configuration are off.
pub(super) fn terms(request: &ModelRequest, folder: &Path, tool_servers: &[String]) -> Value {
    let off = |name: &String| (name.clone(), json!({"enabled": false}));
    let servers: serde_json::Map<String, Value> = tool_servers.iter().map(off).collect();
    let mut terms = json!({
        "cwd": folder,
        "sandbox": "read-only",
        "approvalPolicy": "untrusted",
        "ephemeral": true,
        "developerInstructions": request.instructions,
        "config": {
            "shell_environment_policy": {"inherit": "core"},
            "mcp_servers": servers,
        },
    });
    if request.model != ITS_OWN {
        terms["model"] = json!(request.model);
    }
    terms
}

/// The parameters of `turn/start`.
pub(super) fn turn_start(thread: &str, prompt: Option<&str>, request: &ModelRequest) -> Value {
    let words = |text| json!({"type": "text", "text": text});
    let input: Vec<Value> = prompt.map(words).into_iter().collect();
    let mut turn = json!({"threadId": thread, "input": input});
    let effort = request.reasoning.as_ref();
    if let Some(effort) = effort.and_then(|reasoning| reasoning.effort.as_ref()) {
        turn["effort"] = json!(effort);
    }
    turn
}

/// The text of a message of the user's that is nothing but text.
fn users_words(item: &Item) -> Option<String> {
    let ItemView::Message { role, text, .. } = item.view() else {
        return None;
    };
    let json: Value = serde_json::from_str(item.json()).ok()?;
    let is_text = |part: &Value| part["type"] == "input_text";
    let only_text = match &json["content"] {
        Value::String(_) => true,
        content => content
            .as_array()
            .is_some_and(|parts| parts.iter().all(is_text)),
    };
    (role == "user" && only_text && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(known: &[Item]) -> Thread {
        let answer = json!({"thread": {"id": "t"}});
        let mut thread = Thread::started(&answer, json!({"model": "m"})).unwrap();
        thread.learnt(known.to_vec(), Vec::new(), Usage::default());
        thread
    }

    #[test]
    fn a_thread_goes_on_only_from_where_it_is() {
        let said = [Item::user("a"), Item::assistant("b")];
        let terms = json!({"model": "m"});
        let thread = thread(&said);
        let longer = [said.as_slice(), &[Item::user("c")]].concat();
        assert!(thread.leads_to(&terms, &longer));
        let (history, prompt) = thread.opening(&longer);
        assert_eq!((history.len(), prompt.as_deref()), (0, Some("c")));
        let edited = [Item::user("A"), Item::assistant("b"), Item::user("c")];
        assert!(!thread.leads_to(&terms, &edited));
        assert!(!thread.leads_to(&terms, &said[..1]));
        assert!(!thread.leads_to(&json!({"model": "n"}), &longer));
    }

    #[test]
    fn only_plain_words_of_the_user_are_a_prompt() {
        let image = r#"{"role":"user","content":[{"type":"input_text","text":"look"},{"type":"input_image","image_url":"data:"}]}"#;
        for last in [
            Item::assistant("b"),
            Item::developer("d"),
            Item::function_call_output("c", "o"),
            Item::parse(image).unwrap(),
        ] {
            let conversation = [Item::user("a"), last];
            let (history, prompt) = thread(&[]).opening(&conversation).to_owned();
            assert_eq!((history.len(), prompt), (2, None));
        }
    }

    #[test]
    fn the_terms_let_it_look_and_do_nothing() {
        let request = ModelRequest {
            model: "default".to_owned(),
            ..ModelRequest::default()
        };
        let terms = terms(&request, Path::new("/w"), &["files".to_owned()]);
        assert_eq!(terms["sandbox"], "read-only");
        assert_eq!(terms["approvalPolicy"], "untrusted");
        assert_eq!(terms["config"]["mcp_servers"]["files"]["enabled"], false);
        assert_eq!(
            terms["config"]["shell_environment_policy"]["inherit"],
            "core"
        );
        assert!(terms.get("model").is_none());
    }
}
