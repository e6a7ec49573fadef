//! What can be told of the images in an item to whoever is shown its text alone.

use std::fmt;

use crate::Item;
use crate::parts::{Content, ItemFields, Part, Source};

/// Characters of an address: one may be an image in itself that is not in base64.
const LONGEST: usize = 200;

/// An image that a message or a tool's output shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// It is in the item itself.
    Here {
        /// Such as `image/png`.
        media_type: String,
        /// How many bytes it has.
        bytes: u64,
    },
    /// The provider looks for it there.
    Elsewhere {
        /// An address, or the name of a file that the provider keeps.
        place: String,
    },
}

impl Item {
    /// The images it shows, in order.
    #[must_use]
    pub fn pictures(&self) -> Vec<Picture> {
        let fields = ItemFields::of(self);
        let parts = fields.content().into_iter().chain(fields.output());
        parts.filter_map(picture).collect()
    }
}

fn picture(part: Part<'_>) -> Option<Picture> {
    let Content::Image(source) = part.content else {
        return None;
    };
    Some(match source {
        Source::Data { media_type, base64 } => Picture::Here {
            media_type,
            bytes: decoded_length(&base64),
        },
        Source::Url(place) | Source::FileId(place) => Picture::Elsewhere {
            place: place.chars().take(LONGEST).collect(),
        },
    })
}

/// Four characters stand for three bytes, but for the padding (RFC 4648, section 4).
fn decoded_length(base64: &str) -> u64 {
    base64.trim_end_matches('=').len() as u64 * 3 / 4
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here { media_type, bytes } => {
                write!(f, "{media_type}, {} kB", bytes.div_ceil(1_000))
            }
            Self::Elsewhere { place } => write!(f, "at {place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> Vec<String> {
        let item = Item::parse(json).unwrap();
        item.pictures().iter().map(Picture::to_string).collect()
    }

    #[test]
    fn an_image_is_told_by_its_type_and_size() {
        let bytes = "A".repeat(4_000);
        let shown = ["QUJD", "QQ==", &bytes].map(|data| format!("data:image/png;base64,{data}"));
        let item = Item::user_showing("look", &shown);
        let told: Vec<String> = item.pictures().iter().map(Picture::to_string).collect();
        let expected = ["image/png, 1 kB", "image/png, 1 kB", "image/png, 3 kB"];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_image_that_is_elsewhere_is_told_by_where_and_text_is_none() {
        let json = r#"{"type":"function_call_output","call_id":"c","output":[
            {"type":"input_text","text":"data:image/png;base64,QUJD"},
            {"type":"input_image","file_id":"f-7"},{"type":"input_image"},
            {"type":"input_image","image_url":"https://x.example/p.png"}]}"#;
        assert_eq!(told(json), ["at f-7", "at https://x.example/p.png"]);
        let long = format!(
            r#"{{"role":"user","content":[{{"type":"input_image","image_url":"data:,{}"}}]}}"#,
            "A".repeat(100_000)
        );
        assert!(told(&long)[0].len() < 300);
        for none in [
            r#"{"role":"user","content":"hi"}"#,
            r#"{"type":"reasoning"}"#,
        ] {
            assert!(told(none).is_empty());
        }
    }
}
