//! Landlock (<https://docs.kernel.org/userspace-api/landlock.html>): a process gives up every right to
//! files that it does not name.
//!
//! A right that is given for a folder holds for all beneath it and cannot be taken back deeper down.
//! So what is forbidden is left out by naming its neighbours one by one: reading credentials by naming
//! the rest of the home, writing `.git` by naming the rest of the working folder, and then nothing new
//! can be made directly in that folder. Names beneath what is hidden can be listed, contents not read.
//!
//! What it does not cover, in any version: modes, owners and times of files elsewhere can be changed.
//! Where the kernel is older than 6.12 the command can send signals to other processes of the same
//! person; not to those that keep it ([`super::seccomp`]).

use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};

use super::policy::Policy;
use super::stage::StageError;

/// The newest version that was looked at; older kernels know less of it.
const NEWEST: ABI = ABI::V7;

/// Read with all of their neighbours otherwise, these hold what other programs share, or devices.
const NOT_SYSTEM: [&str; 5] = ["/dev", "/run", "/tmp", "/var/run", "/var/tmp"];

/// What commands need of `/run`.
const KEPT_OF_RUN: [&str; 3] = [
    "/run/current-system",
    "/run/opengl-driver",
    "/run/systemd/resolve",
];

/// Devices that are no more than a stream.
const DEVICES: [&str; 8] = [
    "/dev/full",
    "/dev/null",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/random",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
];

/// No more places than these are named: for more no command runs, since what is left out could not be
/// used, and which that would be is the order of a folder.
const MOST: usize = 65_536;

/// Gives up this process' rights for good; tells which version did it.
pub(super) fn restrict(policy: &Policy) -> Result<ABI, StageError> {
    let failed = |error: &dyn std::fmt::Display| StageError::Landlock(error.to_string());
    let places = Places::of(policy).ok_or_else(|| failed(&TOO_MANY))?;
    let status = ruleset(policy, places)
        .and_then(RulesetCreated::restrict_self)
        .map_err(|error| failed(&error))?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => Err(failed(&"this kernel does not have it")),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(effective_abi),
        _ => Err(failed(&"it is not enabled")),
    }
}

/// What is said where there are more than that.
const TOO_MANY: &str = "more than 65536 files lie beside `.git` or what is hidden; put them into folders, \
    or let bubblewrap confine commands";

/// What is named.
struct Places {
    readable: Vec<PathBuf>,
    written: Vec<PathBuf>,
}

impl Places {
    /// Nothing where they are too many.
    fn of(policy: &Policy) -> Option<Self> {
        Some(Self {
            readable: readable(policy)?,
            written: written(policy)?,
        })
    }
}

fn ruleset(policy: &Policy, places: Places) -> Result<RulesetCreated, landlock::RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?;
    if !policy.network {
        rules = rules.handle_access(AccessNet::from_all(NEWEST))?;
    }
    let grant = |rules: RulesetCreated, places: Vec<PathBuf>, access: BitFlags<AccessFs>| {
        rules.add_rules(path_beneath_rules(places, access))
    };
    let (reading, all) = (AccessFs::from_read(NEWEST), AccessFs::from_all(NEWEST));
    let stream = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let rules = grant(rules.create()?, places.readable, reading)?;
    let rules = grant(rules, vec!["/".into()], AccessFs::ReadDir.into())?;
    let rules = grant(rules, DEVICES.map(PathBuf::from).to_vec(), stream)?;
    grant(rules, places.written, all)
}

/// What is read: the system, the home and the working folder, without what is hidden.
fn readable(policy: &Policy) -> Option<Vec<PathBuf>> {
    let system: Vec<PathBuf> = NOT_SYSTEM
        .iter()
        .map(PathBuf::from)
        .chain(policy.hidden.iter().cloned())
        .collect();
    let mut places = without(Path::new("/"), &system, MOST)?;
    places.extend(KEPT_OF_RUN.map(PathBuf::from));
    places.extend(without(&policy.root, &policy.hidden, MOST)?);
    Some(places)
}

/// What is written: without what is hidden or sealed in it.
fn written(policy: &Policy) -> Option<Vec<PathBuf>> {
    let shut = [policy.hidden.as_slice(), &policy.sealed, &policy.links].concat();
    let mut places = Vec::new();
    for place in [&policy.root, &policy.temp]
        .into_iter()
        .chain(&policy.writable)
    {
        places.extend(without(place, &shut, MOST)?);
    }
    Some(places)
}

/// A place as the fewest places that together are all of it but `shut`. Links are left out: where they
/// lead has its own rule, or none. Nothing where there are more than `most`.
fn without(place: &Path, shut: &[PathBuf], most: usize) -> Option<Vec<PathBuf>> {
    let mut kept = Vec::new();
    let mut open = vec![place.to_owned()];
    while let Some(place) = open.pop() {
        if shut.iter().any(|shut| place.starts_with(shut)) {
            continue;
        }
        if kept.len() >= most {
            return None;
        }
        if !shut.iter().any(|shut| shut.starts_with(&place)) {
            kept.push(place);
            continue;
        }
        let entries = fs::read_dir(&place).into_iter().flatten().flatten();
        open.extend(
            entries
                .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()))
                .map(|entry| entry.path()),
        );
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shut_is_left_out_by_naming_its_neighbours() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for name in ["a/b", "a/secret/deep", "c", ".git"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::write(root.join("file"), "").unwrap();
        std::os::unix::fs::symlink("a/secret", root.join("link")).unwrap();
        let shut = ["a/secret", ".git"].map(|name| root.join(name));
        let mut kept = without(&root, &shut, 3).unwrap();
        kept.sort();
        assert_eq!(kept, ["a/b", "c", "file"].map(|name| root.join(name)));
        let without = |name: &str, most| without(&root.join(name), &shut, most);
        assert_eq!(without("c", 1), Some(vec![root.join("c")]));
        assert_eq!(without("a/secret/deep", 1), Some(Vec::new()));
        assert_eq!(without("", 2), None);
    }
}
