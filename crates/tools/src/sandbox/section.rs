//! What the configuration says about the sandbox: its section `[sandbox]`.

use std::path::PathBuf;

use alipes_config::{Checked, Field, Reader, Section};

use super::SandboxChoice;

/// The section, with the sandbox's own defaults for what it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxSection {
    /// Which kind to use.
    pub kind: SandboxChoice,
    /// Whether commands may use the network.
    pub network: bool,
    /// Places beside the working folder that commands may write.
    pub writable: Vec<PathBuf>,
}

impl Section for SandboxSection {
    const NAME: &'static str = "sandbox";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let kind = reader.optional("kind").one_of(&SandboxChoice::NAMES);
        let network = reader.optional("network").boolean();
        let writable = reader.optional("writable");
        let writable = writable.list("a list of paths", Field::path);
        reader.finish(|| {
            Some(Self {
                kind: kind.unwrap_or_default(),
                network: network.unwrap_or_default(),
                writable: writable.unwrap_or_default(),
            })
        })
    }
}
