//! What a rule of the person's keeps from a tool, although it lies beneath the root.
//!
//! A call names the folder that it searches, not what it will meet there. So whether a rule is about a
//! file is asked where the file is opened or listed, of whoever holds the rules.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Tells of a real, absolute path whether it is hidden. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Hidden {
    test: Option<Arc<Test>>,
    places: Arc<[PathBuf]>,
    are_all: bool,
}

type Test = dyn Fn(&Path) -> bool + Send + Sync;

impl Hidden {
    pub(crate) fn those(is_hidden: impl Fn(&Path) -> bool + Send + Sync + 'static) -> Self {
        Self {
            test: Some(Arc::new(is_hidden)),
            ..Self::default()
        }
    }

    /// The same, with places that are known to be hidden; perhaps all of them.
    pub(crate) fn at(self, places: Arc<[PathBuf]>, are_all: bool) -> Self {
        Self {
            places,
            are_all,
            ..self
        }
    }

    /// Places that are hidden, for whoever cannot ask about each.
    pub(crate) fn places(&self) -> &[PathBuf] {
        &self.places
    }

    /// Whether there may be others.
    pub(crate) fn has_patterns(&self) -> bool {
        self.test.is_some() && !self.are_all
    }

    /// Whether a real place is hidden.
    pub(crate) fn covers(&self, real: &Path) -> bool {
        self.test.as_ref().is_some_and(|is_hidden| is_hidden(real))
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.test.is_none()
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hidden").field(&self.test.is_some()).finish()
    }
}
