//! The keeper of a command's processes: while it lives it adopts them, and when it ends none is left.
//!
//! As a subreaper (prctl(2)) it becomes the parent of whatever the command leaves behind, also of what
//! has left the group and the session. It has a session of its own, so no signal to a group reaches it,
//! and the command is not able to send it one ([`super::landlock`], [`super::seccomp`]).

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, pidfd_open, set_child_subreaper,
    setsid, wait,
};

use super::stage::{Order, end_as};

/// How often what the command has left behind is looked after while it runs.
const ROUND: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// Runs the command to its end, or to that of somebody it must not outlive; then kills what is left.
pub(super) fn keep(order: &Order) -> io::Result<ExitCode> {
    setsid()?;
    set_child_subreaper(Some(getpid()))?;
    let masters: Vec<OwnedFd> = order
        .processes
        .iter()
        .map(|pid| pidfd_open(*pid, PidfdFlags::empty()))
        .collect::<Result<_, _>>()?;
    let child = order.next().spawn()?;
    let child = Pid::from_child(&child);
    let ended = follow(child, &masters);
    let ended_while_killing = kill_all(child);
    let status = ended?.or(ended_while_killing).unwrap_or_default();
    Ok(end_as(status))
}

/// Waits for the command; `None` if somebody else ended first.
fn follow(child: Pid, masters: &[OwnedFd]) -> io::Result<Option<ExitStatus>> {
    let child_ends = pidfd_open(child, PidfdFlags::empty())?;
    let mut ends: Vec<PollFd<'_>> = std::iter::once(&child_ends)
        .chain(masters)
        .map(|end| PollFd::new(end, PollFlags::IN))
        .collect();
    loop {
        match poll(&mut ends, Some(&ROUND)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == child {
                return Ok(Some(ExitStatus::from_raw(status.as_raw())));
            }
        }
        if ends.iter().skip(1).any(|end| !end.revents().is_empty()) {
            return Ok(None);
        }
    }
}

/// Kills every child, and their children when these have become ours, until there is none. Gives how
/// the command ended if it was among them.
fn kill_all(command: Pid) -> Option<ExitStatus> {
    let mut ended = None;
    // The first look is free: mostly nothing was left behind.
    let mut options = WaitOptions::NOHANG;
    loop {
        match wait(options) {
            Ok(Some((pid, status))) if pid == command => {
                ended = Some(ExitStatus::from_raw(status.as_raw()));
            }
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => {
                for child in children() {
                    // It fails only if the child has ended by itself.
                    let _ = kill_process(child, Signal::KILL);
                }
                options = WaitOptions::empty();
                continue;
            }
            Err(_no_child_is_left) => return ended,
        }
        options = WaitOptions::NOHANG;
    }
}

/// The processes whose parent is this one.
fn children() -> Vec<Pid> {
    let own = getpid().as_raw_nonzero().to_string();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let is_ours = |name: &str| {
        let stat = fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
        // "pid (name) state parent …"; the name may hold anything (proc(5)).
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1));
        parent == Some(own.as_str())
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && is_ours(name))
        .filter_map(|name| name.parse().ok().and_then(Pid::from_raw))
        .collect()
}
