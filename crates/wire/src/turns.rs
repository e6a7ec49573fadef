//! A conversation as turns: who speaks, with every tool result right behind the calls it answers.
//!
//! The Responses dialect only wants each output to have its call somewhere before it. Chat
//! Completions and Messages want the results right behind the message that made the calls, all of
//! them (OpenAI API reference, `messages`; Anthropic docs, "Handle tool calls").

use std::collections::HashMap;

use crate::parts::{ItemFields, Kind};
use crate::{CannotCarry, Item, Place};

/// What one side says before the other does.
#[derive(Debug)]
pub(crate) enum Turn<'a> {
    System(ItemFields<'a>),
    User(ItemFields<'a>),
    /// Messages, reasoning and calls of one model step.
    Assistant(Vec<ItemFields<'a>>),
    /// The results of the calls in the turn before.
    Results(Vec<ItemFields<'a>>),
}

/// Groups `input` into turns.
///
/// # Errors
/// [`CannotCarry`] for a call without a result, a result without a call, or an item whose meaning
/// is not known.
pub(crate) fn turns(input: &[Item]) -> Result<Vec<Turn<'_>>, CannotCarry> {
    let mut items: Vec<Option<ItemFields<'_>>> = input
        .iter()
        .enumerate()
        .map(|(at, item)| Some(ItemFields::of(item).in_input(at)))
        .collect();
    let answers = pair(&items)?;
    let mut turns = Vec::new();
    let mut step = Vec::new();
    let mut results = Vec::new();
    for at in 0..items.len() {
        let Some(item) = items[at].take() else {
            // A result that has gone to its call already ends the step it was part of.
            finish(&mut step, &mut results, &mut items, &mut turns);
            continue;
        };
        match item.kind() {
            Kind::Call => {
                results.extend(answers[at]);
                step.push(item);
            }
            Kind::Assistant | Kind::Reasoning => step.push(item),
            Kind::ProviderBound if item.role() != "user" => step.push(item),
            Kind::Output => {
                items[at] = Some(item);
                finish(&mut step, &mut results, &mut items, &mut turns);
            }
            kind => {
                finish(&mut step, &mut results, &mut items, &mut turns);
                turns.push(match kind {
                    Kind::System => Turn::System(item),
                    Kind::Unknown => return Err(unknown(&item)),
                    _ => Turn::User(item),
                });
            }
        }
    }
    finish(&mut step, &mut results, &mut items, &mut turns);
    Ok(turns)
}

/// Ends a model step: its items are one turn, the results of its calls the next.
fn finish<'a>(
    step: &mut Vec<ItemFields<'a>>,
    results: &mut Vec<usize>,
    items: &mut [Option<ItemFields<'a>>],
    turns: &mut Vec<Turn<'a>>,
) {
    if !step.is_empty() {
        turns.push(Turn::Assistant(std::mem::take(step)));
    }
    results.sort_unstable();
    let outputs: Vec<_> = results
        .drain(..)
        .filter_map(|at| items[at].take())
        .collect();
    if !outputs.is_empty() {
        turns.push(Turn::Results(outputs));
    }
}

/// For each call, where its result is. An id may come again in a later step, so a result belongs to
/// the nearest open call before it.
fn pair(items: &[Option<ItemFields<'_>>]) -> Result<Vec<Option<usize>>, CannotCarry> {
    let mut answers = vec![None; items.len()];
    let mut open: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        let Some(item) = item else { continue };
        match item.kind() {
            Kind::Call => open.entry(item.text("call_id")).or_default().push(at),
            Kind::Output => {
                let id = item.text("call_id");
                let Some(call) = open.get_mut(&id).and_then(Vec::pop) else {
                    let what = format!("the result of tool call {id:?}");
                    let orphan = CannotCarry::new(what, "no such call stands before it");
                    return Err(orphan.at(item.place()));
                };
                answers[call] = Some(at);
            }
            _ => {}
        }
    }
    let unanswered = open.into_iter().filter(|(_, calls)| !calls.is_empty());
    match unanswered.min_by_key(|(_, calls)| calls[0]) {
        Some((id, calls)) => {
            let what = format!("tool call {id:?}");
            Err(CannotCarry::new(what, "it has no result").at(Place::Item(calls[0])))
        }
        None => Ok(answers),
    }
}

fn unknown(item: &ItemFields<'_>) -> CannotCarry {
    let what = match item.kind_name().as_str() {
        "" | "message" => format!("a message of role {:?}", item.role()),
        kind => format!("an item of type {kind:?}"),
    };
    CannotCarry::new(what, "only the Responses dialect knows what it means").at(item.place())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(kinds: &[&str]) -> Vec<Item> {
        let item = |kind: &&str| {
            let (kind, id) = kind.split_once(' ').unwrap_or((kind, ""));
            let json = match kind {
                "call" => format!(r#"{{"type":"function_call","call_id":"{id}"}}"#),
                "output" => format!(r#"{{"type":"function_call_output","call_id":"{id}"}}"#),
                "user" | "assistant" | "developer" => format!(r#"{{"role":"{kind}"}}"#),
                _ => format!(r#"{{"type":"{kind}"}}"#),
            };
            Item::parse(&json).unwrap()
        };
        kinds.iter().map(item).collect()
    }

    fn shape(kinds: &[&str]) -> String {
        let input = conversation(kinds);
        let told = match turns(&input) {
            Ok(turns) => turns,
            Err(error) => return error.to_string(),
        };
        let told = told.iter().map(|turn| match turn {
            Turn::System(_) => "s".to_owned(),
            Turn::User(_) => "u".to_owned(),
            Turn::Assistant(items) => format!("a{}", items.len()),
            Turn::Results(items) => {
                let ids = items.iter().map(|item| item.text("call_id"));
                format!("r{}", ids.collect::<String>())
            }
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn results_stand_right_behind_their_calls() {
        let table: &[(&[&str], &str)] = &[
            (&["developer", "user", "assistant"], "s u a1"),
            (
                &[
                    "user",
                    "reasoning",
                    "call a",
                    "call b",
                    "output b",
                    "output a",
                    "assistant",
                ],
                "u a3 rba a1",
            ),
            (&["call a", "user", "output a", "user"], "a1 ra u u"),
            (&["call a", "output a", "call a", "output a"], "a1 ra a1 ra"),
            (
                &["call a", "call b", "output a", "assistant", "output b"],
                "a2 rab a1",
            ),
        ];
        for (kinds, expected) in table {
            assert_eq!(shape(kinds), *expected, "{kinds:?}");
        }
    }

    #[test]
    fn what_has_no_partner_is_named() {
        assert!(shape(&["call a", "user"]).contains("tool call \"a\" cannot be sent"));
        assert!(shape(&["output a"]).contains("result of tool call \"a\""));
        assert!(shape(&["item_reference"]).contains("item of type \"item_reference\""));
    }
}
