//! A client's request in full: the body of `POST …/responses`, or a `response.create` frame (OpenAI
//! API reference, "Create a model response").

use crate::cannot_carry::LeftOut;
use crate::client_request::{choice_by_word, text_format};
use crate::fields::Fields;
use crate::parts::{ItemFields, Kind};
use crate::{
    CannotCarry, ClientRequest, Generation, Item, ModelRequest, NotARequest, Place, Reasoning,
    TextFormat, sealed,
};

use super::tools::{self, Offer};

/// The fields that are read, or mean nothing to the model.
const READ: &[&str] = &[
    "background",
    "client_metadata",
    "conversation",
    "generate",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "metadata",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "reasoning",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "type",
];

/// Reads a body or a frame.
///
/// # Errors
/// [`NotARequest`] if it is none, or asks for what cannot be passed on.
pub(crate) fn read(body: &[u8]) -> Result<ClientRequest, NotARequest> {
    let fields = Fields::of(body).ok_or_else(|| NotARequest::no_object(body))?;
    refuse(&fields)?;
    let mut left_out = LeftOut::default();
    left_out.note_unread(&fields, READ);
    note_included(&fields, &mut left_out)?;
    let text = fields.said_object("text")?.unwrap_or_default();
    if text.json("verbosity").is_some() {
        left_out.note("the verbosity", "no other dialect has it");
    }
    let mut offer = Offer::default();
    offer.read(&fields, &mut left_out)?;
    let mut client = ClientRequest::new(ModelRequest {
        model: fields.string("model").unwrap_or_default(),
        instructions: fields.said_text("instructions")?.unwrap_or_default(),
        reasoning: reasoning(&fields)?,
        cache_key: fields.said_text("prompt_cache_key")?,
        max_output_tokens: fields.said_whole("max_output_tokens")?,
        generation: Generation {
            tool_choice: choice_by_word(&fields, tools::choice)?,
            parallel_tool_calls: fields.said_flag("parallel_tool_calls")?,
            temperature: fields.said_number("temperature")?,
            top_p: fields.said_number("top_p")?,
            stop: Vec::new(),
            format: format(&text)?,
        },
        ..ModelRequest::default()
    });
    if let Some(text) = fields.string("input") {
        client.extend([Item::user(&text)], "input");
    } else if fields.json("input").is_some() {
        for (at, item) in fields.required_list("input")?.into_iter().enumerate() {
            let place = format!("input[{at}]");
            let item = Item::parse(item.get())
                .map_err(|_| NotARequest::shape("an item is not an object").at(&place))?;
            let plain = offer.plain(unsealed(item), &mut left_out);
            client.extend(plain.map_err(|error| error.at(&place))?, &place);
        }
    }
    client.request.tools = offer.into_tools();
    Ok(ClientRequest {
        stream: fields.read("stream").unwrap_or(false),
        include_usage: true,
        left_out: left_out.into_list(),
        ..client
    })
}

/// What needs state or machinery that only the vendor has.
fn refuse(fields: &Fields<'_>) -> Result<(), CannotCarry> {
    let own = "only the provider's own end point has it";
    let table = [
        (
            "background",
            fields.read("background") == Some(true),
            "an answer in the background",
        ),
        (
            "conversation",
            fields.json("conversation").is_some(),
            "a conversation that is kept by the provider",
        ),
        (
            "prompt",
            fields.json("prompt").is_some(),
            "a prompt that is kept by the provider",
        ),
        (
            "top_logprobs",
            fields.whole("top_logprobs").is_some_and(|count| count > 0),
            "probabilities",
        ),
    ];
    let asked = table.into_iter().find(|(_, asked, _)| *asked);
    asked.map_or(Ok(()), |(param, _, what)| {
        Err(CannotCarry::new(what, own).at(Place::Param(param.to_owned())))
    })
}

/// Another provider's reasoning comes out of the encrypted content that it travelled in.
fn unsealed(item: Item) -> Item {
    let fields = ItemFields::of(&item);
    if fields.kind() != Kind::Reasoning {
        return item;
    }
    sealed::unseal(&fields.text("encrypted_content")).unwrap_or(item)
}

fn reasoning(fields: &Fields<'_>) -> Result<Option<Reasoning>, NotARequest> {
    let asked = fields.said_object("reasoning")?.unwrap_or_default();
    let said = |name: &str| asked.said_text(name).map_err(|error| error.at("reasoning"));
    let reasoning = Reasoning {
        effort: said("effort")?,
        summary: said("summary")?,
    };
    let says = reasoning.effort.is_some() || reasoning.summary.is_some();
    Ok(says.then_some(reasoning))
}

fn format(text: &Fields<'_>) -> Result<Option<TextFormat>, NotARequest> {
    let format = text.said_object("format").map_err(|e| e.at("text"))?;
    match format {
        Some(format) => text_format(&format, Some(&format), "text.format"),
        None => Ok(None),
    }
}

/// What the answer shall hold beside its text, which only the vendor can add; but reasoning comes back
/// in any case.
fn note_included(fields: &Fields<'_>, left_out: &mut LeftOut) -> Result<(), NotARequest> {
    const GIVEN: &str = "reasoning.encrypted_content";
    let asked = fields.said_texts("include", "a list of texts")?;
    let missing = asked.iter().filter(|name| *name != GIVEN);
    missing.for_each(|name| left_out.note_unknown(name, "include"));
    Ok(())
}
