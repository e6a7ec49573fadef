//! How this machine reaches anything: what the command line, the configuration and the environment
//! say about it, in this order.

use std::path::Path;

use alipes_base::Environment;
use alipes_net::{CaFile, ConfiguredEgress, NetworkSection};
use anyhow::anyhow;

use crate::args::NetworkArgs;
use crate::failure::Failure;

/// Whether names are looked up for IPv4 alone.
const IPV4_VARIABLE: &str = "ALIPES_IPV4_ONLY";

/// The settings of the network; the default leaves all to environment and system.
#[derive(Default)]
pub(crate) struct Network<'s> {
    args: Option<&'s NetworkArgs>,
    section: Option<&'s NetworkSection>,
    /// Where the configuration file is: relative paths begin there.
    folder: Option<&'s Path>,
}

impl<'s> Network<'s> {
    pub(crate) fn new(
        args: &'s NetworkArgs,
        section: &'s NetworkSection,
        folder: &'s Path,
    ) -> Self {
        Self {
            args: Some(args),
            section: Some(section),
            folder: Some(folder),
        }
    }

    /// What the command line says, and no file.
    pub(crate) fn of_flags(args: &'s NetworkArgs) -> Self {
        Self {
            args: Some(args),
            ..Self::default()
        }
    }

    /// The proxy that the user chose for every call.
    pub(crate) fn configured_egress(&self) -> Option<ConfiguredEgress> {
        let flag = self.args.and_then(|args| args.proxy.clone());
        if let Some(way) = flag {
            return Some(ConfiguredEgress {
                way,
                named_by: "--proxy".to_owned(),
                exceptions: String::new(),
            });
        }
        let section = self.section?;
        let proxy = section.proxy.as_ref()?;
        Some(ConfiguredEgress {
            way: proxy.value.clone(),
            named_by: proxy.origin.to_string(),
            exceptions: section.no_proxy.join(","),
        })
    }

    /// Further certificate authorities. The one that most tools know was not named for us alone.
    pub(crate) fn ca_files(&self, environment: &Environment) -> Vec<CaFile> {
        let configured = self.section.and_then(|section| section.ca_file.as_ref());
        let configured = configured.map(|file| CaFile {
            path: match self.folder {
                Some(folder) => folder.join(&file.value),
                None => file.value.clone(),
            },
            named_by: format!("ca_file in {}", file.origin),
            is_optional: false,
        });
        let variable = |name: &str, is_optional| {
            environment.path(name).map(|path| CaFile {
                path,
                named_by: name.to_owned(),
                is_optional,
            })
        };
        let (ours, common) = (
            variable("ALIPES_CA_FILE", false),
            variable("SSL_CERT_FILE", true),
        );
        [configured, ours, common].into_iter().flatten().collect()
    }

    pub(crate) fn is_ipv4_only(&self, environment: &Environment) -> Result<bool, Failure> {
        let flag = self.args.is_some_and(|args| args.ipv4).then_some(true);
        let configured = self.section.and_then(|section| section.ipv4_only);
        match flag.or(configured) {
            Some(chosen) => Ok(chosen),
            None => of_variable(environment.text(IPV4_VARIABLE)),
        }
    }
}

fn of_variable(text: Option<&str>) -> Result<bool, Failure> {
    match text.map(str::to_ascii_lowercase).as_deref() {
        None | Some("0" | "false" | "no" | "off") => Ok(false),
        Some("1" | "true" | "yes" | "on") => Ok(true),
        Some(other) => Err(Failure::usage(anyhow!(
            "{IPV4_VARIABLE} is {other:?}; use 1 or 0"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn the_command_line_goes_before_the_file_and_the_file_before_the_environment() {
        let environment = |value: &str| Environment::new([(IPV4_VARIABLE, value)], PathBuf::new());
        let is_on = |flag: bool, file: Option<bool>, variable: &str| {
            let args = NetworkArgs {
                ipv4: flag,
                ..NetworkArgs::default()
            };
            let section = NetworkSection {
                ipv4_only: file,
                ..NetworkSection::default()
            };
            let network = Network::new(&args, &section, Path::new(""));
            network.is_ipv4_only(&environment(variable)).ok()
        };
        assert_eq!(is_on(true, Some(false), "0"), Some(true));
        assert_eq!(is_on(false, Some(false), "1"), Some(false));
        assert_eq!(is_on(false, None, "1"), Some(true));
        assert_eq!(is_on(false, None, ""), Some(false));
        assert_eq!(is_on(false, None, "perhaps"), None);
    }
}
