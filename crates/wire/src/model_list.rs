//! Lists of models, in the shapes they come in: OpenAI's (`data[].id`, also that of most compatible
//! servers and of Anthropic) and the ChatGPT backend's (`models[].slug`, codex-protocol §6.1).
//!
//! Lenient: a field or an entry of another kind costs only itself, because a new kind of model must
//! not hide the others.

use serde_json::Value;

/// One model of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// The name to ask it by.
    pub name: String,
    /// Its name for people, where the list has one.
    pub title: Option<String>,
}

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
    })
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
