//! JSON text with a few values replaced, and every other byte as it was.

use crate::fields::Fields;

/// Values of a JSON text that are to be others.
#[derive(Debug)]
pub(super) struct Rewrite<'a> {
    text: &'a str,
    /// Where a value stands, in order, and what stands there instead.
    edits: Vec<(usize, usize, String)>,
}

impl<'a> Rewrite<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            edits: Vec::new(),
        }
    }

    /// Replaces a value that was read out of this very text.
    pub(super) fn replace(&mut self, value: &str, instead: String) {
        let start = (value.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        let span = start.and_then(|start| Some((start, start.checked_add(value.len())?)));
        if let Some((start, end)) = span.filter(|(_, end)| *end <= self.text.len()) {
            self.edits.push((start, end, instead));
        }
    }

    /// Replaces the members of `object` that `instead` has something for.
    pub(super) fn members(
        &mut self,
        object: &Fields<'a>,
        instead: impl Fn(&str, &str) -> Option<String>,
    ) {
        for (name, json) in object.members() {
            if let Some(instead) = instead(name, json) {
                self.replace(json, instead);
            }
        }
    }

    /// Puts a member at the front of the text's object.
    pub(super) fn put_first(&mut self, name: &str, json: &str) {
        if let Some(brace) = self.text.find('{') {
            let member = format!("\"{name}\":{json},");
            self.edits.push((brace + 1, brace + 1, member));
        }
    }

    pub(super) fn end(mut self) -> String {
        self.edits.sort_by_key(|(start, ..)| *start);
        let grown: usize = self.edits.iter().map(|(.., instead)| instead.len()).sum();
        let mut text = String::with_capacity(self.text.len() + grown);
        let mut at = 0;
        for (start, end, instead) in &self.edits {
            text.push_str(self.text.get(at..*start).unwrap_or_default());
            text.push_str(instead);
            at = *end;
        }
        text.push_str(self.text.get(at..).unwrap_or_default());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_byte_stays() {
        let text = r#" { "a" : 1e2, "id":"x","in": {"id" :"y", "z":[ 1.50 ]},"id":"w"} "#;
        let fields = Fields::of(text.as_bytes()).unwrap();
        let inner = fields.object("in").unwrap();
        let mut rewrite = Rewrite::new(text);
        let id = |name: &str, _: &str| (name == "id").then(|| "7".to_owned());
        rewrite.members(&fields, id);
        rewrite.members(&inner, id);
        rewrite.put_first("n", "0");
        let expected = r#" {"n":0, "a" : 1e2, "id":7,"in": {"id" :7, "z":[ 1.50 ]},"id":7} "#;
        assert_eq!(rewrite.end(), expected);
        let mut elsewhere = Rewrite::new("{}");
        elsewhere.replace(&String::from("{}"), "[]".to_owned());
        assert_eq!(
            elsewhere.end(),
            "{}",
            "a text from elsewhere is no part of it"
        );
    }
}
