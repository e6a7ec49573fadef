//! The section `[serve]` of the configuration.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use alipes_config::{Checked, Field, Reader, Section};
use alipes_models::ModelName;

use crate::clients::OWNER;

/// `[serve]`.
#[derive(Clone, Debug, Default)]
pub struct ServeSection {
    /// Where to listen; the command line goes before it.
    pub listen: Option<SocketAddr>,
    /// Further names that requests may call this server by, such as that of a proxy in front.
    pub hosts: Vec<String>,
    /// Origins of web pages that may ask, such as `https://chat.example`; none may otherwise.
    pub origins: Vec<String>,
    /// The largest body of a request, in bytes.
    pub largest_body: Option<usize>,
    /// Most connections at a time.
    pub connections: Option<usize>,
    /// For how long answers may go on after the server was asked to stop, in seconds.
    pub drain_seconds: Option<u32>,
    /// `[serve.aliases.NAME]`: what clients may call models.
    pub aliases: Vec<(String, Vec<ModelName>)>,
    /// `[serve.keys.NAME]`: who may ask, beside the server's own key.
    pub keys: Vec<(String, ClientSection)>,
}

/// `[serve.keys.NAME]`.
#[derive(Clone, Debug)]
pub struct ClientSection {
    /// Where the key is.
    pub key: ClientKey,
    /// The models it may ask, as clients name them; `work/*` is all of a provider. `None`: any.
    pub models: Option<Vec<String>>,
    /// Most requests in a minute.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Most requests at a time.
    pub concurrent: Option<NonZeroU32>,
}

/// Where a client's key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientKey {
    /// In a variable of this name.
    Variable(String),
    /// In this file.
    File(PathBuf),
}

impl Section for ServeSection {
    const NAME: &'static str = "serve";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let section = Self {
            listen: address(reader.optional("listen")),
            hosts: reader.optional("hosts").strings().unwrap_or_default(),
            origins: reader.optional("origins").strings().unwrap_or_default(),
            largest_body: whole(reader.optional("largest_body"), 1 << 30),
            connections: whole(reader.optional("connections"), 1 << 20),
            drain_seconds: whole(reader.optional("drain_seconds"), 24 * 3600),
            aliases: tables(reader.optional("aliases"), read_alias),
            keys: tables(reader.optional("keys"), read_client),
        };
        reader.finish(|| Some(section))
    }
}

fn tables<T>(field: Field<'_>, read: fn(Reader<'_>) -> Checked<T>) -> Vec<(String, T)> {
    let tables = field.table(|mut reader| {
        let tables = reader.tables(read);
        reader.finish(|| Some(tables))
    });
    tables.unwrap_or_default()
}

fn read_alias(mut reader: Reader<'_>) -> Checked<Vec<ModelName>> {
    let expected = "a list of models, such as [\"work/gpt-x\"]";
    let models = reader.required("models").list(expected, |field| {
        field.parsed("PROVIDER/NAME, for example work/gpt-x", |text| {
            text.parse().ok()
        })
    });
    if models.as_ref().is_some_and(Vec::is_empty) {
        reader.refuse("needs at least one model");
    }
    reader.finish(|| models)
}

fn read_client(mut reader: Reader<'_>) -> Checked<ClientSection> {
    let key = reader.required("key").table(read_key);
    let models = reader.optional("models").strings();
    let requests_per_minute = whole(reader.optional("requests_per_minute"), 1 << 20);
    let concurrent = whole(reader.optional("concurrent"), 1 << 20);
    if reader.key() == OWNER {
        reader.refuse("takes the name of whoever has the server's own key: choose another");
    }
    reader.finish(|| {
        Some(ClientSection {
            key: key?,
            models,
            requests_per_minute: requests_per_minute.and_then(NonZeroU32::new),
            concurrent: concurrent.and_then(NonZeroU32::new),
        })
    })
}

fn read_key(mut reader: Reader<'_>) -> Checked<ClientKey> {
    let variable = reader
        .optional("env")
        .parsed("the name of a variable", |text| {
            let printable = text.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
            (printable && !text.is_empty()).then(|| text.to_owned())
        });
    let file = reader.optional("file").path();
    let found = match (variable, file) {
        (Some(name), None) => Some(ClientKey::Variable(name)),
        (None, Some(path)) => Some(ClientKey::File(path)),
        _ => None,
    };
    if found.is_none() {
        reader.refuse("key is either { env = \"NAME\" } or { file = \"PATH\" }");
    }
    reader.finish(|| found)
}

fn address(field: Field<'_>) -> Option<SocketAddr> {
    field.parsed("an address with a port, such as 127.0.0.1:8791", |text| {
        text.parse().ok()
    })
}

/// A whole number from 1 on.
fn whole<T: TryFrom<i64>>(field: Field<'_>, most: i64) -> Option<T> {
    T::try_from(field.integer(1..=most)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_config::Document;

    fn read(text: &str) -> Result<ServeSection, String> {
        let document = Document::parse("config.toml", text).unwrap();
        document.section().map_err(|error| error.to_string())
    }

    #[test]
    fn the_documented_section_reads() {
        let section = read(
            "[serve]\nlisten = \"127.0.0.1:9\"\norigins = [\"https://chat.example\"]\n\
             [serve.aliases.fast]\nmodels = [\"work/gpt-x\", \"home/m\"]\n\
             [serve.keys.laptop]\nkey = { file = \"laptop.key\" }\nmodels = [\"fast\", \"work/*\"]\n\
             requests_per_minute = 60\nconcurrent = 4\n",
        );
        let section = section.unwrap();
        assert_eq!(section.aliases[0].1.len(), 2);
        let (name, client) = &section.keys[0];
        assert_eq!(name, "laptop");
        assert_eq!(client.requests_per_minute.map(NonZeroU32::get), Some(60));
        assert!(matches!(&client.key, ClientKey::File(path) if path.ends_with("laptop.key")));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, hint) in [
            ("[serve]\nlistn = \"x\"", "did you mean"),
            ("[serve]\nlisten = \"8791\"", "with a port"),
            ("[serve.keys.a]\nkey = {}", "either"),
            ("[serve.keys.a]\nmodels = []", "missing key \"key\""),
            (
                "[serve.keys.a]\nkey = { env = \"A\" }\nconcurrent = 0",
                "from 1",
            ),
            (
                "[serve.keys.owner]\nkey = { env = \"A\" }",
                "choose another",
            ),
            ("[serve.aliases.a]\nmodels = [\"x\"]", "PROVIDER/NAME"),
            ("[serve.aliases.a]\nmodels = []", "at least one"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
