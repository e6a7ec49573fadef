//! Who may ask, with which key, for which models and how often.

use std::sync::Arc;

use alipes_base::{Clock, Environment, Secret};

use crate::rate::Rate;
use crate::section::{ClientKey, ClientSection};
use crate::watched_key::WatchedKey;
use crate::{KeyFile, ServeSection};

/// The name of whoever has the server's own key; nobody else is called so.
pub(crate) const OWNER: &str = "owner";

/// Everybody who may ask.
#[derive(Debug, Default)]
pub(crate) struct Clients(Vec<Arc<Client>>);

/// Somebody who may ask.
#[derive(Debug)]
pub(crate) struct Client {
    /// Its name in the configuration.
    pub(crate) name: String,
    key: Key,
    /// The models it may ask, as it names them; `None`: any.
    models: Option<Vec<String>>,
    /// How often it may ask.
    pub(crate) rate: Arc<Rate>,
}

#[derive(Debug)]
enum Key {
    /// Looked at at each use.
    File(WatchedKey),
    /// A variable of this process cannot change.
    Known(Option<Secret>),
}

impl Clients {
    /// The owner with the server's own key, and those of the configuration.
    pub(crate) fn new(
        own: KeyFile,
        section: &ServeSection,
        environment: &Environment,
        clock: &Clock,
    ) -> Self {
        let owner = Client {
            name: OWNER.to_owned(),
            key: Key::File(WatchedKey::new(own, clock.clone())),
            models: None,
            rate: Arc::new(Rate::unlimited(clock.clone())),
        };
        let named = section.keys.iter().map(|(name, section)| {
            let client = Client::new(name, section, environment, clock);
            Arc::new(client)
        });
        Self([Arc::new(owner)].into_iter().chain(named).collect())
    }

    /// The same, where those of before have used what they have used of limits that stay.
    pub(crate) fn going_on_from(mut self, before: &Self) -> Self {
        for client in self.0.iter_mut().filter_map(Arc::get_mut) {
            let mut known = before.0.iter().filter(|known| known.name == client.name);
            if let Some(known) = known.find(|known| known.rate.is_like(&client.rate)) {
                client.rate = Arc::clone(&known.rate);
            }
        }
        self
    }

    /// Whose key it is. Takes as long for every key of one length, whoever it is.
    pub(crate) fn with_key(&self, presented: &Secret) -> Option<Arc<Client>> {
        let mut found = None;
        for client in &self.0 {
            if client.has_key(presented) {
                found = Some(Arc::clone(client));
            }
        }
        found
    }
}

impl Client {
    fn new(name: &str, section: &ClientSection, environment: &Environment, clock: &Clock) -> Self {
        Self {
            name: name.to_owned(),
            key: match &section.key {
                ClientKey::File(path) => {
                    let file = KeyFile::at(path.clone());
                    Key::File(WatchedKey::new(file, clock.clone()))
                }
                ClientKey::Variable(name) => {
                    let text = environment.text(name).map(|text| text.trim().to_owned());
                    Key::Known(text.filter(|text| !text.is_empty()).map(Secret::new))
                }
            },
            models: section.models.clone(),
            rate: Arc::new(Rate::new(
                section.requests_per_minute,
                section.concurrent,
                clock.clone(),
            )),
        }
    }

    /// Whether it may ask for a model of this name.
    pub(crate) fn may_ask(&self, model: &str) -> bool {
        let Some(models) = &self.models else {
            return true;
        };
        models
            .iter()
            .any(|allowed| match allowed.strip_suffix('*') {
                Some(beginning) => model.starts_with(beginning),
                None => allowed == model,
            })
    }

    /// The models it may ask, as the configuration says it; none where it may ask any.
    pub(crate) fn models(&self) -> &[String] {
        self.models.as_deref().unwrap_or_default()
    }

    fn has_key(&self, presented: &Secret) -> bool {
        match &self.key {
            Key::File(file) => file.is(presented),
            Key::Known(key) => key.as_ref().is_some_and(|key| key == presented),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_config::Document;
    use std::path::PathBuf;

    fn secret(key: &str) -> Secret {
        Secret::new(key.to_owned())
    }

    fn clients(home: &std::path::Path) -> Clients {
        let text = "[serve.keys.a]\nkey = { env = \"A\" }\nmodels = [\"fast\", \"office/*\"]\n\
                    [serve.keys.blank]\nkey = { env = \"BLANK\" }\n";
        let section = Document::parse("config.toml", text).unwrap().section();
        let environment = Environment::new([("A", "key-a"), ("BLANK", " ")], PathBuf::new());
        let own = KeyFile::within(home);
        Clients::new(own, &section.unwrap(), &environment, &Clock::system())
    }

    #[test]
    fn a_changed_key_counts_from_the_next_use_on() {
        let home = tempfile::tempdir().unwrap();
        let clients = clients(home.path());
        let name = |key: &str| {
            let client = clients.with_key(&secret(key))?;
            Some(client.name.clone())
        };
        assert_eq!(name("key-a").as_deref(), Some("a"));
        let own = KeyFile::within(home.path());
        for key in ["first", "second"] {
            std::fs::write(own.path(), key).unwrap();
            assert_eq!(name(key).as_deref(), Some(OWNER));
        }
        assert_eq!(name("first"), None);
        std::fs::remove_file(own.path()).unwrap();
        assert_eq!(name("second"), None);
    }

    #[test]
    fn nothing_is_nobodys_key() {
        let home = tempfile::tempdir().unwrap();
        for key in ["", " ", "key-", "key-a ", "KEY-A"] {
            let clients = clients(home.path());
            assert!(clients.with_key(&secret(key)).is_none(), "{key:?}");
        }
    }

    #[test]
    fn a_client_may_ask_for_its_own_models_only() {
        let home = tempfile::tempdir().unwrap();
        let client = clients(home.path()).with_key(&secret("key-a")).unwrap();
        for (model, allowed) in [
            ("fast", true),
            ("office/gpt-x", true),
            ("faster", false),
            ("default", false),
            ("other/office/gpt-x", false),
        ] {
            assert_eq!(client.may_ask(model), allowed, "{model}");
        }
    }
}
