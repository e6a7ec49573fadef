//! The providers that ship with the program, one commented file each.
//!
//! A file names what is known and where that is written; `custom` is the ground of every other one.

use std::sync::OnceLock;

use alipes_config::{Checked, Document, Reader, Section};

use crate::ProviderSection;
use crate::section::read_fields;

/// The provider that every other one stands on.
pub(crate) const GROUND: &str = "custom";

/// A file of the binary as a pair of name and text.
macro_rules! bundled {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../../providers/", $name, ".toml")))),*]
    };
}

/// Name and file of each, in the order in which people see them.
const BUNDLED: [(&str, &str); 23] = bundled!(
    "openai-codex" "codex-app-server" "openai" "anthropic" "openrouter" "xai" "gemini" "deepseek" "mistral" "groq"
    "together" "fireworks" "moonshot" "zai" "qwen" "nous" "github-copilot" "azure" "ollama"
    "lmstudio" "llama.cpp" "vllm" "custom"
);

/// Their names, for `like`.
pub(crate) fn choices() -> [(&'static str, &'static str); BUNDLED.len()] {
    BUNDLED.map(|(name, _)| (name, name))
}

/// Their names, without the ground's: nobody can ask that.
pub(crate) fn names<'n>() -> impl Iterator<Item = &'n str> {
    let names = BUNDLED.iter().map(|(name, _)| *name);
    names.filter(|name| *name != GROUND)
}

/// What the files say, each read when it is first asked for: a server asks at many a request.
static SECTIONS: [OnceLock<Option<ProviderSection>>; BUNDLED.len()] =
    [const { OnceLock::new() }; BUNDLED.len()];

/// What a file says; `None` if there is none of that name.
pub(crate) fn section(name: &str) -> Option<ProviderSection> {
    let mut files = BUNDLED.iter().zip(&SECTIONS);
    let ((name, text), section) = files.find(|((known, _), _)| *known == name)?;
    section.get_or_init(|| read(name, text)).clone()
}

fn read(name: &str, text: &str) -> Option<ProviderSection> {
    // A test reads every file, so that none can be wrong in a release.
    let document = Document::parse(format!("{name}.toml"), text).ok()?;
    document.section().ok().map(|File(section)| section)
}

/// `[provider]` of a file.
struct File(ProviderSection);

impl Section for File {
    const NAME: &'static str = "provider";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let base_url = reader.optional("base_url");
        let fields = read_fields(&mut reader, base_url);
        let bundled_models = reader.optional("bundled_models").strings();
        reader.finish(|| {
            Some(Self(ProviderSection {
                bundled_models: bundled_models.unwrap_or_default(),
                ..fields
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::provider::Provider;
    use alipes_transport::Endpoint;

    #[test]
    fn every_file_is_whole_and_says_where_its_facts_are_from() {
        for (name, text) in BUNDLED {
            let document = Document::parse(format!("{name}.toml"), text).unwrap();
            document.check_sections(&["provider"]).unwrap();
            let File(section) = document.section().unwrap();
            assert!(
                section.like.is_none() && section.api_key.is_none(),
                "{name}"
            );
            let sourced = text.contains("# Source: ") || text.contains("not verified");
            assert!(sourced || name == GROUND, "{name}");
            let provider = Provider::resolved(name, None).unwrap();
            if let Some(base_url) = &provider.base_url {
                Endpoint::host_of(base_url).unwrap();
            }
        }
        let without_address = |name: &&str| section(name).unwrap().base_url.is_none();
        assert_eq!(
            names().filter(without_address).collect::<Vec<_>>(),
            ["codex-app-server", "azure"]
        );
    }

    #[test]
    fn every_file_says_how_its_keys_begin_and_such_a_key_is_blanked() {
        let redactor = alipes_base::Redactor::new();
        for (name, text) in BUNDLED {
            let mut lines = text.lines();
            let told = lines.find_map(|line| line.strip_prefix("# Its keys begin with "));
            let has_key = section(name).unwrap().key_variable.is_some();
            assert_eq!(told.is_some(), has_key, "{name}");
            for prefix in told.unwrap_or_default().split('`').skip(1).step_by(2) {
                let shown = redactor.redact(&format!("{prefix}{}", "0aB1cD2eF3".repeat(9)));
                assert!(shown.ends_with("[redacted]"), "{name}: {shown}");
            }
        }
    }

    #[test]
    fn a_provider_without_a_list_has_some_names_and_every_name_can_be_asked() {
        for name in names() {
            let provider = Provider::resolved(name, None).unwrap();
            for model in &provider.bundled_models {
                let full = format!("{name}/{model}");
                assert!(full.parse::<crate::ModelName>().is_ok(), "{full}");
            }
            let is_listed = provider.models_path().is_some() || provider.base_url.is_none();
            assert!(is_listed || !provider.bundled_models.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_looked_for_by_itself_is_on_this_machine_and_on_its_usual_port() {
        let local = |name: &&str| section(name).unwrap().local == Some(true);
        let found: Vec<_> = names()
            .filter(local)
            .map(|name| (name, section(name).unwrap().base_url.unwrap()))
            .collect();
        let expected = [
            ("ollama", 11434),
            ("lmstudio", 1234),
            ("llama.cpp", 8080),
            ("vllm", 8000),
        ];
        let expected = expected.map(|(name, port)| (name, format!("http://127.0.0.1:{port}/v1")));
        assert_eq!(found, expected);
    }
}
