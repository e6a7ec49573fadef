//! The section `[auth]` of the configuration.

use alipes_config::{Checked, Reader, Section};

use crate::{Issuer, Keeping};

/// `[auth]`.
#[derive(Clone, Debug, Default)]
pub struct AuthSection {
    /// Where sign-ins are kept.
    pub keeping: Keeping,
    /// Another issuer than ChatGPT's.
    pub issuer: Option<Issuer>,
    /// Who we say we are when signing in.
    pub originator: Option<String>,
    /// Who we say we are in requests.
    pub request_originator: Option<String>,
}

/// What `store` can be.
#[cfg(feature = "keyring")]
const STORES: &str = "\"file\" or \"keyring\"";
#[cfg(not(feature = "keyring"))]
const STORES: &str =
    "\"file\"; \"keyring\" needs an alipes that was built with its feature of that name";

impl AuthSection {
    /// The issuer to sign in at.
    ///
    /// # Errors
    /// Never, as long as ChatGPT's own address is a safe one.
    pub fn issuer(&self) -> Result<Issuer, crate::UnsafeIssuer> {
        let mut issuer = match &self.issuer {
            Some(issuer) => issuer.clone(),
            None => Issuer::at(Issuer::CHATGPT)?,
        };
        if let Some(originator) = &self.originator {
            issuer.originator.clone_from(originator);
        }
        Ok(issuer)
    }
}

impl Section for AuthSection {
    const NAME: &'static str = "auth";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let keeping = reader.optional("store").parsed(STORES, |text| match text {
            "file" => Some(Keeping::File),
            #[cfg(feature = "keyring")]
            "keyring" => Some(Keeping::Keyring),
            _ => None,
        });
        let issuer = reader
            .optional("issuer")
            .parsed("an https address, or http on this machine", |text| {
                Issuer::at(text).ok()
            });
        let mut name = |key| {
            reader
                .optional(key)
                .parsed("a name that a header can carry", |text| {
                    let printable = text.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
                    (printable && !text.is_empty()).then(|| text.to_owned())
                })
        };
        let (originator, request_originator) = (name("originator"), name("request_originator"));
        reader.finish(|| {
            Some(Self {
                keeping: keeping.unwrap_or_default(),
                issuer,
                originator,
                request_originator,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_config::Document;

    #[test]
    fn who_we_are_is_set_apart_for_sign_in_and_requests() {
        let text = "[auth]\noriginator = \"a\"\nrequest_originator = \"b\"\nstore = \"file\"\n";
        let document = Document::parse("config.toml", text).unwrap();
        let section: AuthSection = document.section().unwrap();
        assert_eq!(section.issuer().unwrap().originator, "a");
        assert_eq!(section.request_originator.as_deref(), Some("b"));
        let none = Document::parse("config.toml", "").unwrap();
        let issuer = none.section::<AuthSection>().unwrap().issuer().unwrap();
        assert_eq!(issuer.originator, "alipes");
        assert_eq!(issuer.url("").as_str(), "https://auth.openai.com/");
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        for (line, hint) in [
            ("store = \"keychain\"", "keyring"),
            #[cfg(not(feature = "keyring"))]
            ("store = \"keyring\"", "built with its feature"),
            ("issuer = \"http://issuer.example\"", "https"),
            ("originator = \"a b\"", "header"),
        ] {
            let document = Document::parse("config.toml", &format!("[auth]\n{line}\n")).unwrap();
            let error = document.section::<AuthSection>().unwrap_err().to_string();
            assert!(error.contains(hint), "{line}: {error}");
        }
    }
}
