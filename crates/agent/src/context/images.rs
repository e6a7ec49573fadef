//! The images that a request shows: all of them together have a bound.
//!
//! A conversation shows every image again with every step, and providers refuse a request that is too
//! large whatever it holds. So where they come to too much the older ones are left out, and in their place
//! is said so. Half of what may stay goes at once: the beginning of a conversation changes seldom then, and
//! stays in the provider's cache. The same items make the same request, always.

use std::borrow::Cow;
use std::ops::Range;

use alipes_wire::Item;
use serde_json::{Value, json};

/// The most bytes of all images of a request, encoded. Anthropic takes requests of 32 MB (API overview,
/// request size limits), and what is said needs room, too.
const MOST: usize = 20_000_000;

/// How an image in an item begins.
pub(super) const IMAGE: &str = r#""image_url":"data:"#;

/// What stands where an image was.
const LEFT_OUT: &str = "[an image that was shown before is left out here]";

/// The items with no more images than may be shown.
pub(crate) fn within_bounds(items: &[Item]) -> Cow<'_, [Item]> {
    bounded(items, MOST)
}

fn bounded(items: &[Item], most: usize) -> Cow<'_, [Item]> {
    let mut shown: Vec<(usize, usize)> = Vec::new();
    let (mut total, mut from) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        for image in images(item) {
            shown.push((at, image.len()));
            total += image.len();
            if total <= most {
                continue;
            }
            // The newest one stays, however large it is.
            while total > most / 2 && from + 1 < shown.len() {
                total -= shown[from].1;
                from += 1;
            }
        }
    }
    let Some(left_out) = shown.get(..from).filter(|left_out| !left_out.is_empty()) else {
        return Cow::Borrowed(items);
    };
    let mut items = items.to_vec();
    for group in left_out.chunk_by(|one, next| one.0 == next.0) {
        let item = &mut items[group[0].0];
        *item = without(item, group.len());
    }
    Cow::Owned(items)
}

/// Where the images of an item stand in its JSON, each from behind [`IMAGE`].
pub(super) fn images(item: &Item) -> impl Iterator<Item = Range<usize>> {
    let json = item.json();
    json.match_indices(IMAGE).map_while(|(at, _)| {
        let begins = at + IMAGE.len();
        let length = json[begins..].find('"')?;
        Some(begins..begins + length)
    })
}

/// An item without the first so many of its images.
fn without(item: &Item, count: usize) -> Item {
    let Ok(mut value) = serde_json::from_str::<Value>(item.json()) else {
        return item.clone();
    };
    let parts = ["content", "output"].into_iter().find_map(|member| {
        let parts = value.get(member)?;
        parts.is_array().then_some(member)
    });
    let parts = parts.and_then(|member| value[member].as_array_mut());
    let shows = |part: &&mut Value| {
        let address = part["image_url"].as_str();
        address.is_some_and(|address| address.starts_with("data:"))
    };
    for part in parts.into_iter().flatten().filter(shows).take(count) {
        *part = json!({"type": "input_text", "text": LEFT_OUT});
    }
    Item::parse(&value.to_string()).unwrap_or_else(|_| item.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(name: &str, bytes: usize) -> Item {
        let image = format!("data:image/png;base64,{}", name.repeat(bytes));
        Item::user_showing("look", &[image])
    }

    fn shown(items: &[Item]) -> String {
        let texts = items.iter().map(|item| match item.json() {
            json if json.contains(LEFT_OUT) => '-',
            _ => '+',
        });
        texts.collect()
    }

    #[test]
    fn the_newest_images_stay_and_what_is_said_with_the_others() {
        let items: Vec<Item> = ["A", "B", "C", "D", "E"]
            .map(|name| shows(name, 1_000))
            .into();
        for (count, expected) in [(3, "+++"), (4, "---+"), (5, "---++")] {
            let bounded = bounded(&items[..count], 3_500);
            assert_eq!(shown(&bounded), expected);
            assert!(bounded[0].json().contains("look"));
        }
        assert!(matches!(bounded(&items, 9_000), Cow::Borrowed(_)));
    }

    #[test]
    fn an_image_that_is_too_large_alone_is_shown_all_the_same() {
        let items = [shows("A", 100), shows("B", 9_000)];
        assert_eq!(shown(&bounded(&items, 3_500)), "-+");
    }

    #[test]
    fn of_several_images_in_one_message_the_first_go_first() {
        let image = |name: &str| format!("data:image/png;base64,{}", name.repeat(1_000));
        let items = [
            Item::user_showing("look", &[image("A"), image("B")]),
            shows("C", 1_000),
        ];
        let bounded = bounded(&items, 2_500);
        let json = bounded[0].json();
        assert_eq!(json.matches(LEFT_OUT).count(), 2, "{json}");
        assert!(bounded[1].json().contains("CCC"));
    }
}
