//! A client's items as those that every dialect knows: calls of functions with one name, and their
//! outputs.

use super::names::elsewhere;
use super::{Offer, local_shell, search, text};
use crate::cannot_carry::LeftOut;
use crate::fields::Fields;
use crate::json::Object;
use crate::{Item, NotARequest};

impl Offer {
    /// The next item of the input; `None` if all it does is to bring tools along.
    pub(in crate::responses) fn plain(
        &mut self,
        item: Item,
        left_out: &mut LeftOut,
    ) -> Result<Option<Item>, NotARequest> {
        let fields = Fields::of(item.json().as_bytes()).unwrap_or_default();
        let text_of = |name: &str| fields.string(name).unwrap_or_default();
        let plain = match text_of("type").as_str() {
            "function_call" => renamed(&fields),
            "custom_tool_call" => {
                let arguments = text::arguments(&text_of(text::INPUT));
                Some(call(&fields, &text_of("name"), &arguments))
            }
            "custom_tool_call_output" => Some(output().merge(Some(&fields))),
            "local_shell_call" => {
                self.shell_calls.insert(text_of("id"), text_of("call_id"));
                let arguments = local_shell::arguments(&fields);
                Some(call(&fields, local_shell::TYPE, &arguments))
            }
            "local_shell_call_output" => {
                let call_id = self.shell_call_of(&fields);
                Some(output().put("call_id", call_id).merge(Some(&fields)))
            }
            // One that the provider has made is its own business.
            "tool_search_call" if fields.json("call_id").is_some() => {
                let arguments = fields.json("arguments").unwrap_or("{}");
                let arguments = fields.string("arguments").unwrap_or(arguments.to_owned());
                Some(call(&fields, search::TYPE, &arguments))
            }
            search::OUTPUT => {
                let found = self.read_later(&fields, left_out)?;
                let is_ours = fields.json("call_id").is_some();
                is_ours.then(|| {
                    let call_id = fields.string("call_id");
                    output().put("call_id", call_id).put("output", found)
                })
            }
            search::ADDITIONAL => {
                self.read_later(&fields, left_out)?;
                return Ok(None);
            }
            _ => None,
        };
        Ok(Some(match plain {
            Some(plain) => Item::written(&plain.end()),
            None => item,
        }))
    }

    /// The call that an output of the client's shell answers: clients name it by either of its ids.
    fn shell_call_of(&self, output: &Fields<'_>) -> Option<String> {
        let said = output.string("call_id").or_else(|| output.string("id"))?;
        let call = self.shell_calls.get(&said).cloned();
        Some(call.unwrap_or(said))
    }
}

/// A call by the name that the tool has elsewhere, if that is another one.
fn renamed(fields: &Fields<'_>) -> Option<Object> {
    let namespace = fields.string("namespace");
    let own = fields.string("name").unwrap_or_default();
    let name = elsewhere(namespace.as_deref(), &own);
    (fields.json("namespace").is_some() || own != name).then(|| {
        let kept = fields.iter().filter(|(name, _)| *name != "namespace");
        Object::new().put("name", name).distinct(kept)
    })
}

fn call(fields: &Fields<'_>, name: &str, arguments: &str) -> Object {
    let namespace = fields.string("namespace");
    Object::of_type("function_call")
        .put("name", elsewhere(namespace.as_deref(), name))
        .put("call_id", fields.string("call_id"))
        .put("arguments", arguments)
}

fn output() -> Object {
    Object::of_type("function_call_output")
}
