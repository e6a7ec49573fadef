//! The rules about tools in the configuration: read for the gate, and added to when somebody says
//! "always".

use std::path::PathBuf;

use alipes_agent::{ApprovalsSection, Rule, RuleBook, Verdict};
use alipes_config::Document;

use crate::failure::Failure;
use crate::setup::Machine;

/// What the configuration says.
pub(crate) fn rules(machine: &Machine) -> Result<Vec<Rule>, Failure> {
    let section: ApprovalsSection = match machine.configuration()? {
        Some((_, document)) => document.section()?,
        None => ApprovalsSection::default(),
    };
    Ok(section.rules)
}

/// Tells the person where a rule was written.
pub(crate) type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// The configuration as a place for further rules; none where this machine has no place for one.
pub(crate) fn book(machine: &Machine, tell: Tell) -> Result<Option<Box<dyn RuleBook>>, Failure> {
    let Some((home, _)) = machine.configuration()? else {
        return Ok(None);
    };
    let path = home.config_file();
    Ok(Some(Box::new(ConfigFile { path, tell })))
}

struct ConfigFile {
    path: PathBuf,
    tell: Tell,
}

impl RuleBook for ConfigFile {
    fn allow(&self, rule: &str) -> Result<(), String> {
        // Read anew: it may have been changed since the start.
        let written = Document::load(&self.path).and_then(|mut document| {
            document.set(&ApprovalsSection::key(rule), Verdict::Allow.as_str())?;
            document.save()
        });
        let shown = self.path.display();
        match written {
            Ok(()) => {
                (self.tell)(&format!("  written to {shown}: \"{rule}\" = \"allow\""));
                Ok(())
            }
            Err(error) => {
                (self.tell)(&format!("  holds for this session only: {error}"));
                Err(error.to_string())
            }
        }
    }
}
