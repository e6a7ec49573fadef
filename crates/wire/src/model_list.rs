//! Lists of models, in the shapes they come in: OpenAI's (`data[].id`, also that of most compatible
//! servers and of Anthropic) and the ChatGPT backend's (`models[].slug`, codex-protocol §6.1).
//!
//! Lenient: a field or an entry of another kind costs only itself, because a new kind of model must
//! not hide the others.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Price;

/// The most kinds of input that are read of one model.
const KINDS: usize = 16;

/// One model of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedModel {
    /// The name to ask it by.
    pub name: String,
    /// Its name for people, where the list has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How much it can be shown at once, in tokens, where the list says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
    /// What it can be shown, such as `text` and `image`; empty where the list does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// What it costs, where the list says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// Where lists tell the window: the ChatGPT backend and Groq, `OpenRouter` and Together, Mistral,
/// vLLM, Anthropic, GitHub Copilot; as JSON pointers (RFC 6901).
const WINDOWS: &[&str] = &[
    "/context_window",
    "/context_length",
    "/max_context_length",
    "/max_model_len",
    "/max_input_tokens",
    "/capabilities/limits/max_context_window_tokens",
];

/// Where they list the kinds of input: the ChatGPT backend (codex-protocol §6.1), `OpenRouter`.
const INPUTS: &[&str] = &["/input_modalities", "/architecture/input_modalities"];

/// Where they only say whether images are one: Mistral, GitHub Copilot, Moonshot.
const IMAGES: &[&str] = &[
    "/capabilities/vision",
    "/capabilities/supports/vision",
    "/supports_image_in",
];

/// The models of an answer, in its order, without those it hides; `None` if it is no such list.
#[must_use]
pub fn listed_models(body: &[u8]) -> Option<Vec<ListedModel>> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let list = ["models", "data"]
        .iter()
        .find_map(|key| answer[*key].as_array());
    Some(list?.iter().filter_map(listed).collect())
}

fn listed(entry: &Value) -> Option<ListedModel> {
    let text = |key: &str| entry[key].as_str().filter(|text| !text.trim().is_empty());
    // `hide` and `none` are for models that others lead to.
    if text("visibility").is_some_and(|visibility| matches!(visibility, "hide" | "none")) {
        return None;
    }
    Some(ListedModel {
        name: text("slug").or(text("id"))?.to_owned(),
        title: text("display_name").map(ToOwned::to_owned),
        window: WINDOWS.iter().find_map(|at| window(entry.pointer(at)?)),
        inputs: inputs(entry),
        price: Price::listed(&entry["pricing"]),
    })
}

/// A number of tokens, also spelt `200000.0`; nothing has room for none.
fn window(value: &Value) -> Option<u64> {
    let whole = || value.as_f64().filter(|number| number.fract() == 0.0);
    let tokens = value.as_u64().or_else(|| whole().map(|whole| whole as u64));
    tokens.filter(|tokens| *tokens > 0)
}

fn inputs(entry: &Value) -> Vec<String> {
    let kinds = INPUTS.iter().find_map(|at| entry.pointer(at)?.as_array());
    if let Some(kinds) = kinds {
        let kinds = kinds.iter().filter_map(Value::as_str).take(KINDS);
        return kinds.map(ToOwned::to_owned).collect();
    }
    let images = IMAGES.iter().find_map(|at| entry.pointer(at)?.as_bool());
    let kinds: &[&str] = match images {
        Some(true) => &["text", "image"],
        Some(false) => &["text"],
        None => &[],
    };
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> Option<Vec<String>> {
        let models = listed_models(body.as_bytes())?;
        Some(models.into_iter().map(|model| model.name).collect())
    }

    #[test]
    fn both_shapes_are_read_and_one_odd_entry_costs_only_itself() {
        let openai =
            r#"{"object":"list","data":[{"id":"a"},7,{"id":""},{"id":3},{"id":"b","x":{}}]}"#;
        assert_eq!(names(openai).unwrap(), ["a", "b"]);
        let codex = r#"{"models":[{"slug":"a","display_name":"A","visibility":"list"},
            {"slug":"b","visibility":"hide"},{"slug":"c","visibility":"new"},{"slug":"d","visibility":1}]}"#;
        assert_eq!(names(codex).unwrap(), ["a", "c", "d"]);
        assert_eq!(
            listed_models(codex.as_bytes()).unwrap()[0].title.as_deref(),
            Some("A")
        );
        assert_eq!(names(r#"{"data":[]}"#).unwrap(), [""; 0]);
    }

    #[test]
    fn a_window_and_the_kinds_of_input_are_read_where_each_vendor_writes_them() {
        for (entry, window, inputs) in [
            (
                r#"{"slug":"a","context_window":272000,"input_modalities":["text","image"]}"#,
                Some(272_000),
                "text image",
            ),
            (
                r#"{"id":"a","context_length":8192.0,"architecture":{"input_modalities":["text","file"]}}"#,
                Some(8_192),
                "text file",
            ),
            (
                r#"{"id":"a","max_context_length":32768,"capabilities":{"vision":false}}"#,
                Some(32_768),
                "text",
            ),
            (
                r#"{"id":"a","capabilities":{"limits":{"max_context_window_tokens":64000},"supports":{"vision":true}}}"#,
                Some(64_000),
                "text image",
            ),
            (r#"{"id":"a","max_model_len":4096}"#, Some(4_096), ""),
            (
                r#"{"id":"a","context_length":0,"context_window":null,"max_model_len":"many","input_modalities":7}"#,
                None,
                "",
            ),
        ] {
            let list = format!(r#"{{"data":[{entry}]}}"#);
            let models = listed_models(list.as_bytes()).unwrap();
            let [model] = models.as_slice() else {
                panic!("{entry}");
            };
            assert_eq!(
                (model.window, model.inputs.join(" ").as_str()),
                (window, inputs),
                "{entry}"
            );
        }
    }

    #[test]
    fn what_is_no_list_is_none() {
        for body in [
            "",
            "[]",
            "null",
            "{}",
            r#"{"data":{}}"#,
            r#"{"models":"a"}"#,
            "<html>",
        ] {
            assert_eq!(names(body), None, "{body}");
        }
    }
}
