//! Parts of content as this dialect writes them.

use super::quirks::Quirks;
use crate::CannotCarry;
use crate::cannot_carry::LeftOut;
use crate::json::{Object, list, quoted};
use crate::parts::{CHAT, Content, MESSAGES, Part, Source};

/// One part.
#[derive(Debug)]
pub(super) struct PartOut {
    pub(super) json: String,
    /// Its text, if it is nothing but text.
    text: Option<String>,
}

/// The parts of one message.
#[derive(Debug, Default)]
pub(super) struct PartsOut(Vec<PartOut>);

impl PartsOut {
    pub(super) fn push(&mut self, part: Option<PartOut>) {
        self.0.extend(part);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A string where there is one plain text; servers that know no parts take that. Else a list.
    pub(super) fn json(&self) -> String {
        match self.0.as_slice() {
            [] => quoted(""),
            [part] => match &part.text {
                Some(text) => quoted(text),
                None => self.list(),
            },
            _ => self.list(),
        }
    }

    /// A string where there are only plain texts, as messages of assistants and tools mostly have
    /// to be.
    pub(super) fn joined(&self, separator: &str) -> String {
        let texts: Option<Vec<&str>> = self.0.iter().map(|part| part.text.as_deref()).collect();
        texts.map_or_else(|| self.list(), |texts| quoted(&texts.join(separator)))
    }

    /// A list of `before` and these.
    pub(super) fn behind(&self, mut before: Vec<String>) -> String {
        before.extend(self.0.iter().map(|part| part.json.clone()));
        list(&before)
    }

    fn list(&self) -> String {
        let parts: Vec<String> = self.0.iter().map(|part| part.json.clone()).collect();
        list(&parts)
    }
}

pub(super) fn content(
    parts: &[Part<'_>],
    quirks: &Quirks,
    left_out: &mut LeftOut,
) -> Result<PartsOut, CannotCarry> {
    let mut content = PartsOut::default();
    for each in parts {
        content.push(part(each, quirks, left_out)?);
    }
    Ok(content)
}

/// One part; `None` if it was left out.
pub(super) fn part(
    part: &Part<'_>,
    quirks: &Quirks,
    left_out: &mut LeftOut,
) -> Result<Option<PartOut>, CannotCarry> {
    let extras = part.extras(CHAT);
    let foreign = part.extras(MESSAGES);
    if let (Content::Foreign, Some(foreign)) = (&part.content, &foreign) {
        let what = foreign.string("type").unwrap_or_default();
        let what = format!("content of type {what:?}");
        return Err(CannotCarry::new(what, "only the Messages dialect has it"));
    }
    let marker = foreign.as_ref().and_then(|own| own.json("cache_control"));
    let marker = marker.filter(|_| quirks.cache_control);
    let is_all = marker.is_some()
        && foreign
            .as_ref()
            .and_then(|own| own.rest(&["cache_control"]))
            .is_none();
    left_out.note_foreign(MESSAGES, foreign.as_ref().filter(|_| !is_all));
    let object = match &part.content {
        Content::Text(text) | Content::Refusal(text) => Object::of_type("text").put("text", text),
        Content::Image(source) => image(part, source)?,
        Content::File(source, name) => file(source, name.as_deref())?,
        Content::Audio { data, format } => {
            let audio = Object::new().put("data", data).put("format", format).end();
            Object::of_type("input_audio").raw("input_audio", &audio)
        }
        Content::Foreign => Object::new(),
        Content::Unknown(what) => {
            let why = "only the Responses dialect knows what it means";
            return Err(CannotCarry::new(what.clone(), why));
        }
    };
    let text = match &part.content {
        Content::Text(text) | Content::Refusal(text) if extras.is_none() && marker.is_none() => {
            Some(text.clone())
        }
        _ => None,
    };
    let json = object
        .merge(extras.as_ref())
        .raw_some("cache_control", marker)
        .end();
    Ok(Some(PartOut { json, text }))
}

fn image(part: &Part<'_>, source: &Source) -> Result<Object, CannotCarry> {
    let url = match source {
        Source::Url(url) => url.clone(),
        Source::Data { media_type, base64 } => format!("data:{media_type};base64,{base64}"),
        Source::FileId(_) => {
            let why = "this dialect takes addresses and data";
            return Err(CannotCarry::new("an image given by file id", why));
        }
    };
    let image = Object::new().put("url", url);
    let image = image.put_some("detail", part.detail()).end();
    Ok(Object::of_type("image_url").raw("image_url", &image))
}

fn file(source: &Source, name: Option<&str>) -> Result<Object, CannotCarry> {
    let file = match source {
        Source::Data { media_type, base64 } => {
            let data = format!("data:{media_type};base64,{base64}");
            Object::new()
                .put_some("filename", name)
                .put("file_data", data)
        }
        Source::FileId(id) => Object::new().put("file_id", id).put_some("filename", name),
        Source::Url(_) => {
            let why = "this dialect takes data and file ids";
            return Err(CannotCarry::new("a file given by its address", why));
        }
    };
    Ok(Object::of_type("file").raw("file", &file.end()))
}
