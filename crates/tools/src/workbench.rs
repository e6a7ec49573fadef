//! What one conversation keeps from call to call.

use alipes_base::Environment;

use crate::known::KnownFiles;
use crate::scratch::Scratch;
use crate::shell::{InBackground, Processes};

/// The files that were seen, a folder for long outputs, the processes in the background. Clones
/// share them; with the last one the folder goes, and the processes end.
#[derive(Clone, Debug)]
pub struct Workbench {
    pub(crate) known_files: KnownFiles,
    pub(crate) scratch: Scratch,
    pub(crate) processes: Processes,
}

impl Workbench {
    /// An empty one. Long outputs will lie where the environment has temporary files.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        Self {
            known_files: KnownFiles::default(),
            scratch: Scratch::of(environment),
            processes: Processes::default(),
        }
    }

    /// The same for a conversation that has seen these files before, each with what
    /// [`Workbench::newly_seen`] gave for it then.
    #[must_use]
    pub fn having_seen<'a>(self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter();
        files.for_each(|(path, stamp)| self.known_files.remember_again(path, stamp));
        self
    }

    /// The files that were seen, or seen to be others, since this was asked last: their paths beneath
    /// the root, and what stands for their contents; nothing for those that are gone.
    #[must_use]
    pub fn newly_seen(&self) -> Vec<(String, Option<String>)> {
        self.known_files.news()
    }

    /// What runs in the background.
    #[must_use]
    pub fn in_background(&self) -> InBackground {
        self.processes.in_background()
    }
}
