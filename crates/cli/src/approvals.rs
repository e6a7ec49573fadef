//! The rules about tools in the configuration: read for the gate, and added to when somebody says
//! "always".

use std::path::PathBuf;

use alipes_agent::{ApprovalsSection, Rule, RuleBook, Verdict};
use alipes_config::Document;

use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::say;

/// What the configuration says.
pub(crate) fn rules(machine: &Machine) -> Result<Vec<Rule>, Failure> {
    let section: ApprovalsSection = match machine.configuration()? {
        Some((_, document)) => document.section()?,
        None => ApprovalsSection::default(),
    };
    Ok(section.rules)
}

/// The configuration as a place for further rules; none where this machine has no place for one.
pub(crate) fn book(machine: &Machine) -> Result<Option<Box<dyn RuleBook>>, Failure> {
    let configuration = machine.configuration()?;
    Ok(
        configuration
            .map(|(home, _)| Box::new(ConfigFile(home.config_file())) as Box<dyn RuleBook>),
    )
}

struct ConfigFile(PathBuf);

impl RuleBook for ConfigFile {
    fn allow(&self, rule: &str) -> Result<(), String> {
        // Read anew: it may have been changed since the start.
        let written = Document::load(&self.0).and_then(|mut document| {
            document.set(&ApprovalsSection::key(rule), Verdict::Allow.as_str())?;
            document.save()
        });
        let shown = self.0.display();
        match written {
            Ok(()) => {
                say(&format!("  written to {shown}: \"{rule}\" = \"allow\""));
                Ok(())
            }
            Err(error) => {
                say(&format!("  holds for this session only: {error}"));
                Err(error.to_string())
            }
        }
    }
}
