//! One answer of the simulated model, written as the events of a response.

use std::collections::HashSet;

use alipes_wire::responses::{CreateRequest, ResponseWriter};
use alipes_wire::{Echo, Frame, Item, ItemView, Label, Usage};
use serde_json::Value;

use crate::answers::Refusal;
use crate::backend::Backend;
use crate::planner::{self, Plan};

/// An answer in all its forms.
#[derive(Debug)]
pub(crate) struct Turn {
    /// The response's id.
    pub(crate) id: String,
    /// Its events, from `response.created` to the terminal one.
    pub(crate) events: Vec<String>,
    /// The whole as one object, for who does not stream.
    pub(crate) object: Value,
    /// The conversation with the answer at its end.
    pub(crate) conversation: Vec<Item>,
}

/// Answers `request`, whose input continues to be `conversation` in full; the envelope says `echo`.
pub(crate) fn answer(
    backend: &Backend,
    (request, echo): (&CreateRequest, Echo),
    conversation: Vec<Item>,
) -> Turn {
    let id = backend.id("resp");
    let mut writer = ResponseWriter::labelled(Label {
        id: id.clone(),
        model: request.model.clone(),
        created_at: backend.now(),
        previous_response_id: request.previous_response_id.clone(),
        echo,
        ..Label::default()
    });
    let mut frames = writer.open();
    if request.generate != Some(false) {
        match planner::plan(&request.tools, &conversation) {
            Plan::Answer(text) => {
                frames.extend(message(backend, &mut writer, "final_answer", &text));
            }
            Plan::Calls(preamble, calls) => {
                frames.extend(message(backend, &mut writer, "commentary", &preamble));
                for call in calls {
                    let arguments = call.arguments.to_string();
                    let ids = (backend.id("fc"), backend.id("call"));
                    frames.extend(writer.function_call(&ids.0, &ids.1, call.name, &[&arguments]));
                }
            }
        }
    }
    let usage = usage(request, &conversation, &writer.items());
    frames.push(writer.complete(Some(usage), None));
    let object = writer.object().unwrap_or_default();
    Turn {
        id,
        events: frames.into_iter().map(|frame| frame.data).collect(),
        object: serde_json::from_str(object).unwrap_or_default(),
        conversation: [conversation, writer.items()].concat(),
    }
}

/// Every tool output must answer a call, and every call must have been answered (codex-protocol
/// §8.1; the backend's own words for the first).
pub(crate) fn check(conversation: &[Item]) -> Result<(), Refusal> {
    let (mut calls, mut outputs) = (HashSet::new(), HashSet::new());
    for item in conversation {
        match item.view() {
            ItemView::FunctionCall { call_id, .. } => {
                calls.insert(call_id.into_owned());
            }
            ItemView::FunctionCallOutput { call_id, .. } => {
                outputs.insert(call_id.into_owned());
            }
            _ => {}
        }
    }
    if let Some(id) = outputs.difference(&calls).min() {
        let message = format!("No tool call found for function call output with call_id {id}.");
        return Err(Refusal::new(message));
    }
    match calls.difference(&outputs).min() {
        Some(id) => Err(Refusal::new(format!(
            "No tool output found for function call {id}."
        ))),
        None => Ok(()),
    }
}

/// A message in small deltas, word by word.
fn message(backend: &Backend, writer: &mut ResponseWriter, phase: &str, text: &str) -> Vec<Frame> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    writer.message(&backend.id("msg"), Some(phase), &words)
}

/// Roughly: four bytes to a token.
fn usage(request: &CreateRequest, input: &[Item], output: &[Item]) -> Usage {
    let tokens = |items: &[Item]| {
        let bytes: usize = items.iter().map(|item| item.json().len()).sum();
        (bytes / 4) as u64
    };
    let tools: usize = request
        .tools
        .iter()
        .map(|tool| tool.parameters.to_string().len())
        .sum();
    Usage {
        input_tokens: tokens(input) + ((request.instructions.len() + tools) / 4) as u64,
        output_tokens: tokens(output),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use alipes_base::{Clock, Rng};
    use alipes_wire::{ModelRequest, ToolDefinition};
    use serde_json::json;

    use super::*;
    use crate::Options;

    fn backend() -> Backend {
        Backend::new(Options::local(Clock::system(), Rng::seeded(1)))
    }

    fn request(prompt: &str) -> CreateRequest {
        let tool = ToolDefinition {
            name: "list_files".to_owned(),
            description: String::new(),
            parameters: json!({}),
        };
        let request = ModelRequest {
            model: "m".to_owned(),
            input: vec![Item::user(prompt)],
            tools: vec![tool],
            ..ModelRequest::default()
        };
        let body = alipes_wire::responses::EncodedRequest::new(&request).body();
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn a_tool_call_comes_after_a_commentary_and_an_answer_is_marked_final() {
        for (prompt, phase, items) in [
            ("list the files", "commentary", 2),
            ("hi", "final_answer", 1),
        ] {
            let request = request(prompt);
            let turn = answer(
                &backend(),
                (&request, Echo::default()),
                request.input.clone(),
            );
            let output = turn.object["output"].as_array().unwrap();
            assert_eq!(output.len(), items, "{prompt}");
            assert_eq!(output[0]["phase"], json!(phase), "{prompt}");
            assert!(turn.object["usage"]["output_tokens"].as_u64() > Some(0));
            assert_eq!(turn.conversation.len(), 1 + items);
        }
    }

    #[test]
    fn a_request_that_only_prepares_gets_no_output() {
        let mut request = request("hi");
        request.generate = Some(false);
        let turn = answer(
            &backend(),
            (&request, Echo::default()),
            request.input.clone(),
        );
        assert_eq!(turn.events.len(), 3);
        assert_eq!(turn.object["output"], json!([]));
    }

    #[test]
    fn calls_and_outputs_must_belong_together() {
        let call =
            Item::parse(r#"{"type":"function_call","call_id":"a","name":"f","arguments":"{}"}"#);
        let (call, output) = (call.unwrap(), Item::function_call_output("a", ""));
        assert!(check(&[call.clone(), output.clone()]).is_ok());
        let orphan = check(&[output]).unwrap_err();
        assert_eq!(
            orphan.message,
            "No tool call found for function call output with call_id a."
        );
        assert!(
            check(&[call])
                .unwrap_err()
                .message
                .contains("No tool output found")
        );
    }
}
