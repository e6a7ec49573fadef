//! Which models a client means by a name.
//!
//! `default` is the configured default with all its fallbacks, an alias whatever it stands for,
//! `provider/model` that one. A bare name is taken where exactly one configured provider lists it.

use alipes_config::nearest;
use alipes_models::{Catalog, ModelName};
use http::StatusCode;

use crate::ServeSection;
use crate::clients::Client;
use crate::refusal::Refusal;

/// The name of the configured default.
pub(crate) const DEFAULT: &str = "default";

/// The most of a client's own words that a message repeats, in characters.
const REPEATED: usize = 80;

/// The most names that a message lists.
const LISTED: usize = 8;

/// The models that `client` means by `name`; none stands for the default and its fallbacks.
pub(crate) fn models(
    name: &str,
    client: &Client,
    catalog: &Catalog,
    section: &ServeSection,
) -> Result<Vec<ModelName>, Refusal> {
    if name.len() > 512 || name.chars().any(char::is_control) {
        return Err(unknown(name, &[]));
    }
    if !client.may_ask(name) {
        let shown = shown(name);
        let may = listed(client.models());
        let why = format!("this key may not ask for the model {shown:?}; it may ask for: {may}");
        let refusal = Refusal::new(StatusCode::FORBIDDEN, "model_not_allowed", why);
        return Err(refusal.about("model"));
    }
    if name == DEFAULT {
        return Ok(Vec::new());
    }
    if let Some((_, models)) = section.aliases.iter().find(|(alias, _)| alias == name) {
        return Ok(models.clone());
    }
    if let Ok(name) = name.parse::<ModelName>()
        && catalog.knows(&name.provider)
    {
        return Ok(vec![name]);
    }
    let mut listed = all(catalog).filter(|known| known.model == name);
    match (listed.next(), listed.next()) {
        (Some(only), None) => Ok(vec![only]),
        _ => Err(unknown(name, &names(client, catalog, section))),
    }
}

/// The names that `client` may use, for a list of models.
pub(crate) fn names(client: &Client, catalog: &Catalog, section: &ServeSection) -> Vec<String> {
    let default = catalog.has_default().then(|| DEFAULT.to_owned());
    let aliases = section.aliases.iter().map(|(alias, _)| alias.clone());
    let models = all(catalog).map(|name| name.to_string());
    let all = default.into_iter().chain(aliases).chain(models);
    let mut names: Vec<String> = all.filter(|name| client.may_ask(name)).collect();
    // One that was given this very name may use it, whether a provider lists it or not.
    for own in client.models() {
        if !names.contains(own) && is_of_a_provider(own, catalog) {
            names.push(own.clone());
        }
    }
    names
}

/// The first of these names, and how many more there are.
fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let (first, more) = names.split_at(names.len().min(LISTED));
    let more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", first.join(", "))
}

fn is_of_a_provider(name: &str, catalog: &Catalog) -> bool {
    let parsed = name.parse::<ModelName>().ok();
    !name.ends_with('*') && parsed.is_some_and(|name| catalog.provider(&name.provider).is_ok())
}

/// The models that configured providers list, or name as their default.
fn all(catalog: &Catalog) -> impl Iterator<Item = ModelName> {
    let configured = catalog.providers().into_iter();
    let configured = configured.filter(|provider| provider.configured);
    configured.flat_map(|provider| {
        let default = provider.default_model.into_iter();
        let mut models: Vec<String> = provider.models;
        models.extend(
            default
                .filter(|default| !models.contains(default))
                .collect::<Vec<_>>(),
        );
        let provider = provider.name;
        models.into_iter().map(move |model| ModelName {
            provider: provider.clone(),
            model,
        })
    })
}

fn unknown(name: &str, known: &[String]) -> Refusal {
    let nearest = nearest(name, known.iter().map(String::as_str));
    let name = shown(name);
    let hint = match (nearest, known.first()) {
        (Some(nearest), _) => format!("did you mean {nearest:?}?"),
        (None, Some(first)) => {
            format!("GET /v1/models lists those there are, such as {first:?}")
        }
        (None, None) => "GET /v1/models lists those there are".to_owned(),
    };
    let why = format!("there is no model {name:?}; {hint}");
    Refusal::new(StatusCode::NOT_FOUND, "model_not_found", why).about("model")
}

fn shown(name: &str) -> String {
    name.chars().take(REPEATED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_message_does_not_list_are_counted() {
        let names = |count: usize| -> Vec<String> {
            (0..count).map(|number| format!("m{number}")).collect()
        };
        let eight = "m0, m1, m2, m3, m4, m5, m6, m7";
        assert_eq!(listed(&names(0)), "none");
        assert_eq!(listed(&names(8)), eight);
        assert_eq!(listed(&names(11)), format!("{eight} and 3 more"));
    }
}
