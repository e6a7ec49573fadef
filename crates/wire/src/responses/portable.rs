//! A request that came in another dialect, made fit for this one.
//!
//! Endpoints of this dialect refuse members they do not know, so what only the others know is taken
//! off: cache markers and signatures are left out, content that only they have is an error.

use crate::cannot_carry::LeftOut;
use crate::fields::Fields;
use crate::json::{Object, list};
use crate::parts::{CHAT, Content, ItemFields, Kind, MESSAGES};
use crate::sealed::OF_ANOTHER_PROVIDER;
use crate::{CannotCarry, Item, ModelRequest, Place};

/// A request that any endpoint of this dialect understands.
#[derive(Clone, Debug)]
pub struct Portable {
    /// The request.
    pub request: ModelRequest,
    /// What was taken off.
    pub left_out: Vec<CannotCarry>,
}

/// Makes a request fit for this dialect.
///
/// # Errors
/// [`CannotCarry`] if it says something that this dialect cannot.
pub fn portable(request: &ModelRequest) -> Result<Portable, CannotCarry> {
    if !request.generation.stop.is_empty() {
        let why = "this dialect has no stop texts";
        return Err(CannotCarry::new("texts that end the answer", why));
    }
    let mut left_out = LeftOut::default();
    let mut input = Vec::with_capacity(request.input.len());
    for (at, item) in request.input.iter().enumerate() {
        // Nearly every item is this dialect's own, and stays the text it is.
        let is_own = !item.json().contains(CHAT) && !item.json().contains(MESSAGES);
        match is_own {
            true => input.push(item.clone()),
            false => {
                let plain = plain(item, &mut left_out);
                input.extend(plain.map_err(|refused| refused.at(Place::Item(at)))?);
            }
        }
    }
    let mut request = ModelRequest {
        input,
        ..request.clone()
    };
    lift_instructions(&mut request);
    Ok(Portable {
        request,
        left_out: left_out.into_list(),
    })
}

/// An item without what only another dialect knows; `None` if nothing is left of it.
fn plain(item: &Item, left_out: &mut LeftOut) -> Result<Option<Item>, CannotCarry> {
    let fields = ItemFields::of(item);
    let is_foreign = fields.extras(CHAT).is_some() || fields.extras(MESSAGES).is_some();
    match fields.kind() {
        Kind::Reasoning if is_foreign => {
            left_out.note(OF_ANOTHER_PROVIDER.0, OF_ANOTHER_PROVIDER.1);
            return Ok(None);
        }
        Kind::ProviderBound if is_foreign => {
            let why = "only the provider that made them can read them";
            left_out.note("items of a provider's own tools", why);
            return Ok(None);
        }
        _ => {}
    }
    let Some(all) = Fields::of(item.json().as_bytes()) else {
        return Ok(Some(item.clone()));
    };
    let mut object = Object::new();
    for (name, json) in all.iter() {
        object = match name {
            CHAT | MESSAGES => object,
            "content" | "output" if json.starts_with('[') => {
                object.raw(name, &parts(&all.objects(name), left_out)?)
            }
            name => object.raw(name, json),
        };
    }
    left_out.note_foreign(CHAT, fields.extras(CHAT).as_ref());
    left_out.note_foreign(MESSAGES, fields.extras(MESSAGES).as_ref());
    Ok(Some(Item::written(&object.end())))
}

fn parts(parts: &[Fields<'_>], left_out: &mut LeftOut) -> Result<String, CannotCarry> {
    let mut plain = Vec::with_capacity(parts.len());
    for part in parts {
        let kind = part.string("type").unwrap_or_default();
        if let Some(own) = part
            .object(&kind)
            .filter(|_| [CHAT, MESSAGES].contains(&kind.as_str()))
        {
            let what = format!(
                "content of type {:?}",
                own.string("type").unwrap_or_default()
            );
            return Err(CannotCarry::new(what, "only the dialect it came in has it"));
        }
        left_out.note_foreign(CHAT, part.object(CHAT).as_ref());
        left_out.note_foreign(MESSAGES, part.object(MESSAGES).as_ref());
        plain.push(
            part.rest(&[CHAT, MESSAGES])
                .unwrap_or_else(|| "{}".to_owned()),
        );
    }
    Ok(list(&plain))
}

/// A first system message is the instructions, which some endpoints demand.
fn lift_instructions(request: &mut ModelRequest) {
    let text = request.input.first().and_then(text_of_system);
    if let (true, Some(text)) = (request.instructions.is_empty(), text) {
        request.input.remove(0);
        request.instructions = text;
    }
}

fn text_of_system(item: &Item) -> Option<String> {
    let fields = ItemFields::of(item);
    let parts = fields.content();
    let texts: Option<Vec<&str>> = parts
        .iter()
        .map(|part| match &part.content {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    texts
        .filter(|_| fields.role() == "system")
        .map(|texts| texts.join("\n\n"))
}
