//! The profiles that ship with the program, and which host gets which.

use std::net::IpAddr;
use std::sync::OnceLock;

use alipes_config::{Document, nearest};

use super::{Profile, ProfileLayer};

/// The profile that has every field.
const GROUND: &str = "openai-compatible";

/// The built-in profiles: name and file.
pub const BUILTIN: [(&str, &str); 6] = [
    (
        "openai-codex",
        include_str!("../../profiles/openai-codex.toml"),
    ),
    ("openai", include_str!("../../profiles/openai.toml")),
    (
        GROUND,
        include_str!("../../profiles/openai-compatible.toml"),
    ),
    ("anthropic", include_str!("../../profiles/anthropic.toml")),
    ("openrouter", include_str!("../../profiles/openrouter.toml")),
    ("local", include_str!("../../profiles/local.toml")),
];

/// Public hosts with a profile of their own.
const HOSTS: [(&str, &str); 4] = [
    ("chatgpt.com", "openai-codex"),
    ("api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"),
    ("openrouter.ai", "openrouter"),
];

/// There is no profile of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no endpoint profile {name:?}{hint}")]
pub struct UnknownProfile {
    name: String,
    hint: String,
}

pub(super) fn profile(name: &str, overrides: ProfileLayer) -> Result<Profile, UnknownProfile> {
    let layers = layer(name).zip(layer(GROUND));
    let whole = layers.and_then(|(own, ground)| overrides.over(own).over(ground).complete(name));
    whole.ok_or_else(|| UnknownProfile {
        name: name.to_owned(),
        hint: match nearest(name, BUILTIN.iter().map(|(known, _)| *known)) {
            Some(nearest) => format!("; did you mean {nearest:?}?"),
            None => String::new(),
        },
    })
}

/// What the files say, each read when it is first asked for: a server makes a session for many a request.
static LAYERS: [OnceLock<Option<ProfileLayer>>; BUILTIN.len()] =
    [const { OnceLock::new() }; BUILTIN.len()];

/// The fields that a built-in file names.
fn layer(name: &str) -> Option<ProfileLayer> {
    let mut files = BUILTIN.iter().zip(&LAYERS);
    let ((name, text), layer) = files.find(|((known, _), _)| *known == name)?;
    layer.get_or_init(|| read(name, text)).clone()
}

fn read(name: &str, text: &str) -> Option<ProfileLayer> {
    // A test reads every file, so that none can be wrong in a release.
    let document = Document::parse(format!("{name}.toml"), text).ok()?;
    let layer: ProfileLayer = document.section().ok()?;
    Some(layer.shipped_as(name))
}

pub(super) fn for_host(host: &str) -> &'static str {
    if is_near(host) {
        return "local";
    }
    let known = HOSTS.iter().find(|(known, _)| *known == host);
    known.map_or(GROUND, |(_, profile)| profile)
}

/// Loopback and private addresses (RFC 1918, RFC 4193, RFC 3927).
pub(crate) fn is_near(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    match host.parse() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        Ok(IpAddr::V6(v6)) => {
            v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Route;
    use std::time::Duration;

    #[test]
    fn every_built_in_profile_is_whole() {
        for (name, text) in BUILTIN {
            let document = Document::parse(format!("{name}.toml"), text).unwrap();
            document.section::<ProfileLayer>().unwrap();
            document.check_sections(&["endpoint"]).unwrap();
            assert_eq!(Profile::named(name).unwrap().name, name);
        }
        let error = Profile::named("openai-codx").unwrap_err();
        assert!(error.to_string().contains("\"openai-codex\""), "{error}");
    }

    #[test]
    fn a_host_chooses_its_profile() {
        let table = [
            ("chatgpt.com", "openai-codex"),
            ("api.openai.com", "openai"),
            ("example.org", "openai-compatible"),
            ("notchatgpt.com", "openai-compatible"),
            ("localhost", "local"),
            ("127.0.0.9", "local"),
            ("192.168.1.5", "local"),
            ("[::1]", "local"),
            ("[fd00::1]", "local"),
            ("8.8.8.8", "openai-compatible"),
        ];
        for (host, profile) in table {
            assert_eq!(Profile::name_for_host(host), profile, "{host}");
        }
    }

    #[test]
    fn single_fields_are_overridden_and_each_tells_its_origin() {
        let text = "[endpoint]\noutput_timeout = \"7s\"\n";
        let layer: ProfileLayer = Document::parse("config.toml", text)
            .unwrap()
            .section()
            .unwrap();
        let profile = Profile::with("openai-codex", layer).unwrap();
        assert_eq!(profile.output_timeout, Duration::from_secs(7));
        assert_eq!(profile.routes, [Route::WebSocket, Route::Sse]);
        let origin = |name: &str| {
            let field = profile.fields().iter().find(|field| field.name == name);
            field.map(|field| field.origin.to_string())
        };
        assert_eq!(origin("output_timeout").as_deref(), Some("config.toml:2"));
        assert_eq!(
            origin("routes").as_deref(),
            Some("the built-in profile openai-codex")
        );
        assert_eq!(
            origin("first_event_timeout").as_deref(),
            Some("the built-in profile openai-compatible")
        );
    }

    #[test]
    fn nonsense_values_are_named() {
        for text in [
            "output_timeout = \"soon\"",
            "output_timeout = 7",
            "replays = -1",
            "routes = [\"pigeon\"]",
            "outputtimeout = \"7s\"",
        ] {
            let text = format!("[endpoint]\n{text}\n");
            let document = Document::parse("config.toml", &text).unwrap();
            let error = document.section::<ProfileLayer>().unwrap_err().to_string();
            assert!(error.contains("config.toml:2"), "{error}");
        }
    }
}
