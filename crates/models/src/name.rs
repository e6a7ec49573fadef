//! A model's full name: `provider/model`.

use std::fmt;
use std::str::FromStr;

/// A provider and one of its models. The model may hold further slashes (`openrouter/openai/gpt-x`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelName {
    /// The provider, as `[providers.NAME]` calls it.
    pub provider: String,
    /// The model, as the provider calls it.
    pub model: String,
}

/// The longest name; a longer one is a mistake, and would only be refused by the provider.
const LONGEST: usize = 256;

/// The text is no full name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a model is named PROVIDER/NAME, for example work/gpt-x")]
pub struct NotAModelName;

impl FromStr for ModelName {
    type Err = NotAModelName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (provider, model) = text.trim().split_once('/').ok_or(NotAModelName)?;
        let printable = !text.chars().any(char::is_control);
        if provider.is_empty() || model.is_empty() || text.len() > LONGEST || !printable {
            return Err(NotAModelName);
        }
        Ok(Self {
            provider: provider.to_owned(),
            model: model.to_owned(),
        })
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_two_parts() {
        let name: ModelName = "openrouter/openai/gpt-x".parse().unwrap();
        assert_eq!(
            (name.provider.as_str(), name.model.as_str()),
            ("openrouter", "openai/gpt-x")
        );
        let long = format!("a/{}", "m".repeat(300));
        for text in ["", "gpt-x", "/m", "p/", "a/b\nc", "a/b\0", &long] {
            assert!(text.parse::<ModelName>().is_err(), "{text:?}");
        }
    }
}
