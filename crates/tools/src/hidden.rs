//! What a rule of the person's keeps from a tool, although it lies beneath the root.
//!
//! A call names the folder that it searches, not what it will meet there. So whether a rule is about a
//! file is asked where the file is opened or listed, of whoever holds the rules.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Tells of a real, absolute path whether it is hidden. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Hidden(Option<Arc<Test>>);

type Test = dyn Fn(&Path) -> bool + Send + Sync;

impl Hidden {
    pub(crate) fn those(is_hidden: impl Fn(&Path) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(is_hidden)))
    }

    /// Whether a real place is hidden.
    pub(crate) fn covers(&self, real: &Path) -> bool {
        self.0.as_ref().is_some_and(|is_hidden| is_hidden(real))
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hidden").field(&self.0.is_some()).finish()
    }
}
