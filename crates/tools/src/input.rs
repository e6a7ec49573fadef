//! Reads a call's input, which a model wrote, against the tool's own schema.
//!
//! The schema that the model was shown is the one place that names the fields. Every complaint
//! names the field and what was expected, because the model's next attempt depends on it.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::{ToolError, ToolSpec, text};

/// Longest piece of the input that a message repeats, in characters.
const QUOTED_CHARS: usize = 60;

/// The fields of one call.
pub(crate) struct Input {
    tool: &'static str,
    fields: Map<String, Value>,
}

impl Input {
    /// Takes the input apart; `null` counts as not given.
    pub(crate) fn new(spec: &ToolSpec, input: Value) -> Result<Self, ToolError> {
        let tool = spec.name;
        let Value::Object(mut fields) = input else {
            return Err(bad(
                tool,
                format!("the input must be an object, not {}", name_of(&input)),
            ));
        };
        let known: Vec<&str> = spec.parameters["properties"]
            .as_object()
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        if let Some(stranger) = fields.keys().find(|name| !known.contains(&name.as_str())) {
            let stranger = text::one_line(stranger, QUOTED_CHARS);
            let known = known.join(", ");
            return Err(bad(
                tool,
                format!("unknown field `{stranger}`; the fields are {known}"),
            ));
        }
        fields.retain(|_, value| !value.is_null());
        Ok(Self { tool, fields })
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<String, ToolError> {
        self.optional_text(name)?
            .ok_or_else(|| bad(self.tool, format!("the field `{name}` is missing")))
    }

    /// A text.
    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>, ToolError> {
        match self.fields.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.unfit(name, "a string", &other)),
        }
    }

    /// `true` or `false`; `false` if not given.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, ToolError> {
        match self.fields.remove(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(self.unfit(name, "true or false", &other)),
        }
    }

    /// A whole number within the range.
    pub(crate) fn optional_number(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ToolError> {
        let Some(value) = self.fields.remove(name) else {
            return Ok(None);
        };
        match whole(&value) {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let expected = match (range.start(), range.end()) {
                    (start, &u64::MAX) => format!("a whole number from {start}"),
                    (start, end) => format!("a whole number from {start} to {end}"),
                };
                Err(self.unfit(name, &expected, &value))
            }
        }
    }

    /// Whether a field was given and not taken yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// A complaint about this input.
    pub(crate) fn bad(&self, problem: String) -> ToolError {
        bad(self.tool, problem)
    }

    fn unfit(&self, name: &str, expected: &str, value: &Value) -> ToolError {
        let found = name_of(value);
        bad(
            self.tool,
            format!("`{name}` must be {expected}, not {found}"),
        )
    }
}

fn bad(tool: &'static str, problem: String) -> ToolError {
    ToolError::BadInput { tool, problem }
}

/// A whole number; models also write `3.0`.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        // Below 2^53 every whole number is exact.
        let fits = number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number);
        fits.then_some(number as u64)
    })
}

/// A value as a message calls it.
fn name_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text::one_line(&value.to_string(), QUOTED_CHARS)
        }
    }
}

/// A text field for a summary, which shows what it can of any input.
pub(crate) fn peek<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(value: Value) -> Result<Input, ToolError> {
        let spec = ToolSpec {
            name: "example",
            description: "",
            parameters: json!({"properties": {"path": {}, "limit": {}, "literal": {}}}),
        };
        Input::new(&spec, value)
    }

    fn message<T>(result: Result<T, ToolError>) -> String {
        result.map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn what_fits_is_taken_and_null_counts_as_not_given() {
        let mut fields = input(json!({"path": "a", "limit": 3.0, "literal": null})).unwrap();
        assert_eq!(fields.text("path").unwrap(), "a");
        assert_eq!(fields.optional_number("limit", 1..=9).unwrap(), Some(3));
        assert!(!fields.flag("literal").unwrap());
    }

    #[test]
    fn every_complaint_names_the_field_and_what_was_expected() {
        let mut fields = input(json!({"path": 7, "limit": 0, "literal": ["x"]})).unwrap();
        assert_eq!(
            message(fields.text("path")),
            "example: `path` must be a string, not 7"
        );
        assert_eq!(
            message(fields.optional_number("limit", 1..=9)),
            "example: `limit` must be a whole number from 1 to 9, not 0"
        );
        assert_eq!(
            message(fields.flag("literal")),
            "example: `literal` must be true or false, not an array"
        );
        assert_eq!(
            message(fields.text("path")),
            "example: the field `path` is missing"
        );
    }

    #[test]
    fn numbers_that_only_look_whole_are_refused() {
        for value in [json!("3"), json!(-1), json!(2.5), json!(1e300), json!(true)] {
            let mut fields = input(json!({"limit": value})).unwrap();
            assert!(
                fields.optional_number("limit", 1..=u64::MAX).is_err(),
                "{value}"
            );
        }
    }

    #[test]
    fn an_unknown_field_is_named_with_the_known_ones() {
        assert_eq!(
            message(input(json!({"path": "a", "file\n": 1}))),
            "example: unknown field `file\\n`; the fields are path, limit, literal"
        );
        assert_eq!(
            message(input(json!("a"))),
            "example: the input must be an object, not \"a\""
        );
        assert_eq!(
            message(input(Value::Null)),
            "example: the input must be an object, not null"
        );
    }

    #[test]
    fn a_complaint_is_bounded() {
        let long = "x".repeat(1_000_000);
        assert!(message(input(json!({long.as_str(): 1}))).len() < 200);
        let mut fields = input(json!({"limit": long})).unwrap();
        assert!(message(fields.optional_number("limit", 1..=9)).len() < 200);
    }
}
