//! A conversation told in plain text, in at most so many bytes: what a model is shown in order to sum
//! it up, and, told much shorter, what stands for it where no model can be asked.
//!
//! The same items make the same text, always: a request that is repeated must be the same request.

use alipes_store::Origin;
use alipes_wire::{Item, ItemView};

/// How many bytes of each kind of part are told, from the most generous to the most scant: messages,
/// arguments of calls, outputs.
const LEVELS: [(usize, usize, usize); 5] = [
    (8_000, 2_000, 2_000),
    (4_000, 1_000, 800),
    (1_500, 400, 240),
    (500, 160, 80),
    (200, 80, 0),
];

/// An earlier summary stands for much, and may be so many times as long as a message.
const SUMMARY_WEIGHS: usize = 4;

/// What one part of the beginning is against all that is told, where the middle must be left out.
const BEGINNING: usize = 4;

/// Tells items, each of its origin, in at most `most` bytes.
pub(crate) fn retold<'i>(
    items: impl Iterator<Item = (&'i Item, Origin)> + Clone,
    most: usize,
) -> String {
    let mut parts = Vec::new();
    for level in LEVELS {
        parts = items
            .clone()
            .filter_map(|told| part(told, level))
            .collect::<Vec<String>>();
        let length: usize = parts.iter().map(|part| part.len() + 1).sum();
        if length <= most {
            return parts.join("\n");
        }
    }
    without_the_middle(&parts, most)
}

fn part(
    (item, origin): (&Item, Origin),
    (message, arguments, output): (usize, usize, usize),
) -> Option<String> {
    Some(match item.view() {
        ItemView::Message {
            role,
            text,
            refusal,
            ..
        } => {
            let most = match origin {
                Origin::Summary => message * SUMMARY_WEIGHS,
                _ => message,
            };
            let said = clipped(&refusal.unwrap_or(text), most);
            format!("[{role}] {said}{}", shown(item))
        }
        ItemView::FunctionCall {
            name,
            arguments: given,
            ..
        } => format!("[call] {name} {}", clipped(&given, arguments)),
        ItemView::FunctionCallOutput { output: said, .. } if output > 0 => {
            format!("[output] {}{}", clipped(&said, output), shown(item))
        }
        _ => return None,
    })
}

/// That there was an image, which the text beside it may speak of.
fn shown(item: &Item) -> String {
    let pictures = item.pictures().into_iter();
    pictures
        .map(|picture| format!(" [image: {picture}]"))
        .collect()
}

/// The beginning and the end of a text, and how much is missing between.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let head = &text[..text.floor_char_boundary(most / 4 * 3)];
    let tail = &text[text.ceil_char_boundary(text.len() - most / 4)..];
    let left_out = text.len() - head.len() - tail.len();
    format!("{head} […{left_out} bytes…] {tail}")
}

fn without_the_middle(parts: &[String], most: usize) -> String {
    let fits = |parts: &mut dyn Iterator<Item = &String>, most: usize| {
        let mut left = most;
        parts
            .take_while(|part| match left.checked_sub(part.len() + 1) {
                Some(rest) => {
                    left = rest;
                    true
                }
                None => false,
            })
            .count()
    };
    let first = fits(&mut parts.iter(), most / BEGINNING);
    let last = fits(&mut parts[first..].iter().rev(), most - most / BEGINNING);
    let gap = format!(
        "[… {} parts are left out here …]",
        parts.len() - first - last
    );
    let (head, tail) = (&parts[..first], &parts[parts.len() - last..]);
    [head, &[gap], tail].concat().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(items: &[Item], most: usize) -> String {
        let said = items.iter().map(|item| (item, Origin::Model));
        retold(said, most)
    }

    fn call(id: &str) -> Item {
        let json = format!(
            r#"{{"type":"function_call","call_id":"{id}","name":"shell","arguments":"make {id}"}}"#
        );
        Item::parse(&json).unwrap()
    }

    #[test]
    fn who_said_and_did_what_is_told_and_reasoning_is_not() {
        let reasoning = r#"{"type":"reasoning","encrypted_content":"gAAA","summary":[]}"#;
        let items = [
            Item::user("build it"),
            Item::parse(reasoning).unwrap(),
            call("c1"),
            Item::function_call_output("c1", "done"),
            Item::assistant("Built."),
        ];
        assert_eq!(
            told(&items, 1_000),
            "[user] build it\n[call] shell make c1\n[output] done\n[assistant] Built."
        );
    }

    #[test]
    fn an_earlier_summary_is_told_at_length_and_what_only_begins_like_one_is_not() {
        let long = format!("What was said and done before this, {}", "x".repeat(30_000));
        let item = Item::user(&long);
        let length = |origin| retold(std::iter::once((&item, origin)), 40_000).len();
        assert!(length(Origin::Summary) > 30_000);
        assert!(length(Origin::Person) < 10_000);
    }

    #[test]
    fn an_image_is_told_without_what_it_shows() {
        let image = format!("data:image/png;base64,{}", "A".repeat(40_000));
        let items = [Item::user_showing("what is on pic.png?", &[image])];
        assert_eq!(
            told(&items, 1_000),
            "[user] what is on pic.png? [image: image/png, 30 kB]"
        );
    }

    #[test]
    fn however_much_there_is_it_fits_and_both_ends_are_told() {
        let items: Vec<Item> = (0..400)
            .flat_map(|number| {
                let id = format!("n{number}");
                let said = format!("{id} {}", "é".repeat(600));
                [
                    Item::user(&said),
                    call(&id),
                    Item::function_call_output(&id, &said),
                ]
            })
            .collect();
        for most in [2_000, 20_000, 100_000] {
            let text = told(&items, most);
            assert!(text.len() <= most + 100, "{most}: {}", text.len());
            assert!(text.starts_with("[user] n0 "), "{most}");
            assert!(text.contains("make n399"), "{most}");
            assert_eq!(text, told(&items, most));
        }
    }
}
