//! What a confined command may do to files: data, from which each kind makes rules of its own.
//!
//! Places are real ones, without links. A place that is not there needs no rule: a confined command
//! cannot make it either, except beneath what it may write.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::forbidden;
use super::options::SandboxOptions;
use super::survey::Survey;
use crate::{Root, places};

/// The rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    /// The working folder: written, and where the command starts.
    pub(super) root: PathBuf,
    /// The temporary folder of commands.
    pub(super) temp: PathBuf,
    /// Further places that are written.
    pub(super) writable: Vec<PathBuf>,
    /// Neither read nor written.
    pub(super) hidden: Vec<PathBuf>,
    /// Read, but not written although they lie in what is.
    pub(super) sealed: Vec<PathBuf>,
    /// Links that must stay what they are.
    pub(super) links: Vec<PathBuf>,
    pub(super) network: bool,
}

/// The words for the rules on a helper's command line.
const ROOT: &str = "--root";
const TEMP: &str = "--temp";
const WRITABLE: &str = "--writable";
const HIDDEN: &str = "--hidden";
const SEALED: &str = "--sealed";
const LINK: &str = "--link";
const NETWORK: &str = "--network";

impl Policy {
    /// Looks through every place that is written, which takes its time.
    pub(super) fn of(options: &SandboxOptions, root: &Root, temp: &Path) -> io::Result<Self> {
        let survey = Survey::of(root, &written(options))?;
        Self::with(survey, options, root, temp)
    }

    /// The same for a command that touches nothing: no place is looked through for what must not be.
    pub(super) fn unsurveyed(
        options: &SandboxOptions,
        root: &Root,
        temp: &Path,
    ) -> io::Result<Self> {
        Self::with(Survey::default(), options, root, temp)
    }

    fn with(
        survey: Survey,
        options: &SandboxOptions,
        root: &Root,
        temp: &Path,
    ) -> io::Result<Self> {
        let real = |place: &PathBuf| fs::canonicalize(place).ok();
        let forbidden = forbidden::places(root, survey.forbidden)?;
        let root = root.path();
        let own = options.own.iter().filter_map(real);
        let mut hidden: Vec<PathBuf> = places::of_credentials(options.home.as_deref())
            .filter_map(|place| real(&place))
            // Who chose to work in such a place means it.
            .filter(|place| !root.starts_with(place))
            .chain(own)
            .chain(forbidden)
            .collect();
        hidden.sort();
        // What lies in something hidden is hidden with it.
        hidden.dedup_by(|later, earlier| later.starts_with(earlier));
        let mut sealed = survey.repositories;
        sealed.retain(|place| !hidden.iter().any(|hidden| place.starts_with(hidden)));
        Ok(Self {
            root: root.to_owned(),
            temp: fs::canonicalize(temp)?,
            writable: written(options),
            hidden,
            sealed,
            links: survey.links,
            network: options.network,
        })
    }

    /// The rules as words of a command line.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut place = |word: &str, place: &Path| words.extend([word.into(), place.into()]);
        place(ROOT, &self.root);
        place(TEMP, &self.temp);
        self.writable.iter().for_each(|at| place(WRITABLE, at));
        self.hidden.iter().for_each(|at| place(HIDDEN, at));
        self.sealed.iter().for_each(|at| place(SEALED, at));
        self.links.iter().for_each(|at| place(LINK, at));
        if self.network {
            words.push(NETWORK.into());
        }
        words
    }

    /// Takes one such word, with the place that follows it. False if it is none.
    pub(super) fn take(&mut self, word: &OsString, place: impl FnOnce() -> PathBuf) -> bool {
        match word.to_str() {
            Some(ROOT) => self.root = place(),
            Some(TEMP) => self.temp = place(),
            Some(WRITABLE) => self.writable.push(place()),
            Some(HIDDEN) => self.hidden.push(place()),
            Some(SEALED) => self.sealed.push(place()),
            Some(LINK) => self.links.push(place()),
            Some(NETWORK) => self.network = true,
            _ => return false,
        }
        true
    }
}

/// The further places that are written, as far as they are there.
fn written(options: &SandboxOptions) -> Vec<PathBuf> {
    let real = |place: &PathBuf| fs::canonicalize(place).ok();
    options.writable.iter().filter_map(real).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_survive_the_command_line() {
        let policy = Policy {
            root: "/a b".into(),
            temp: "/t".into(),
            writable: vec!["/w".into()],
            hidden: vec!["/h".into(), "/--sealed".into()],
            sealed: vec!["/s".into()],
            links: vec!["/l".into()],
            network: true,
        };
        let mut words = policy.arguments().into_iter();
        let mut read = Policy::default();
        while let Some(word) = words.next() {
            assert!(read.take(&word, || words.next().unwrap().into()));
        }
        assert_eq!(read, policy);
    }

    #[test]
    fn what_is_our_own_is_hidden_and_so_are_credentials_unless_one_works_there() {
        let home = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(home.path()).unwrap();
        for name in [".ssh", ".codex/work", "own", "temp"] {
            fs::create_dir_all(real.join(name)).unwrap();
        }
        let options = SandboxOptions {
            home: Some(real.clone()),
            own: vec![real.join("own"), real.join("missing")],
            ..SandboxOptions::default()
        };
        let temp = real.join("temp");
        let hidden = |root: &str| {
            fs::create_dir_all(real.join(root)).unwrap();
            let root = Root::open(&real.join(root)).unwrap();
            Policy::of(&options, &root, &temp).unwrap().hidden
        };
        for name in [".ssh", ".codex", "own"] {
            assert!(hidden("elsewhere").contains(&real.join(name)), "{name}");
        }
        assert!(!hidden(".codex/work").contains(&real.join(".codex")));
    }

    #[test]
    fn a_command_that_touches_nothing_gets_the_same_rules_and_nothing_is_looked_through_for_it() {
        let home = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(home.path()).unwrap();
        for name in [".ssh", "root/.git", "temp"] {
            fs::create_dir_all(real.join(name)).unwrap();
        }
        let options = SandboxOptions {
            home: Some(real.clone()),
            writable: vec![real.join("temp")],
            ..SandboxOptions::default()
        };
        let root = Root::open(&real.join("root")).unwrap();
        let temp = real.join("temp");
        let whole = Policy::of(&options, &root, &temp).unwrap();
        assert_eq!(whole.sealed, [real.join("root/.git")]);
        let blind = Policy::unsurveyed(&options, &root, &temp).unwrap();
        let sealed = Vec::new();
        assert_eq!(blind, Policy { sealed, ..whole });
    }
}
