//! The section `[network]` of the configuration: how this machine reaches anything at all.

use std::path::PathBuf;

use alipes_config::{Checked, Reader, Section, Value};

/// `[network]`.
#[derive(Clone, Debug, Default)]
pub struct NetworkSection {
    /// A proxy's URL for every call, or `direct`; whether the URL can be used is found where it is.
    pub proxy: Option<Value<String>>,
    /// Hosts, suffixes and networks that this proxy is not for, as in `NO_PROXY`.
    pub no_proxy: Vec<String>,
    /// Whether names are looked up for IPv4 alone.
    pub ipv4_only: Option<bool>,
    /// A PEM file with authorities to trust beside the platform's; a relative path is beneath the
    /// configuration's folder.
    pub ca_file: Option<Value<PathBuf>>,
}

impl Section for NetworkSection {
    const NAME: &'static str = "network";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let proxy = reader
            .optional("proxy")
            .with_origin(alipes_config::Field::string);
        let no_proxy = reader.optional("no_proxy").strings();
        let ipv4_only = reader.optional("ipv4_only").boolean();
        let ca_file = reader
            .optional("ca_file")
            .with_origin(alipes_config::Field::path);
        if no_proxy.is_some() && proxy.is_none() {
            reader.refuse("no_proxy says whom `proxy` is not for, and there is no `proxy`");
        }
        reader.finish(|| {
            Some(Self {
                proxy,
                no_proxy: no_proxy.unwrap_or_default(),
                ipv4_only,
                ca_file,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_config::Document;

    #[test]
    fn an_absent_section_says_nothing_and_a_wrong_one_is_named() {
        let read = |text: &str| {
            let document = Document::parse("config.toml", text).unwrap();
            document.section::<NetworkSection>()
        };
        let absent = read("").unwrap();
        assert!(absent.proxy.is_none() && absent.ipv4_only.is_none() && absent.ca_file.is_none());
        let whole = "[network]\nproxy = \"http://p\"\nno_proxy = [\"a\"]\nipv4_only = true\n";
        assert_eq!(read(whole).unwrap().ipv4_only, Some(true));
        for (wrong, hint) in [
            ("ipv4_only = \"yes\"", "ipv4_only"),
            ("ipv4_onyl = true", "did you mean \"ipv4_only\""),
            ("no_proxy = [\"a\"]", "there is no `proxy`"),
        ] {
            let error = read(&format!("[network]\n{wrong}\n")).unwrap_err();
            assert!(error.to_string().contains(hint), "{error}");
        }
    }
}
