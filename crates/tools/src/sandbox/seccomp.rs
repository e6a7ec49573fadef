//! A filter for system calls (seccomp(2)): what Landlock does not see.
//!
//! It refuses, and does not kill: a program that asks for what it does not need goes on. Sockets are
//! the heart of it. Without the network there are none; with it only those of the internet, because a
//! local socket leads to daemons that run things for their user, outside of any sandbox. Pairs of
//! sockets and pipes stay. The rest are ways around: io_uring makes sockets without asking, a user
//! namespace opens the parts of the kernel in which the holes are.
//!
//! bubblewrap hides files, but a socket is reached through a read-only mount all the same, and by an
//! abstract name through none: so its commands get a filter as well ([`for_bubblewrap`]).

use std::collections::BTreeMap;

use landlock::ABI;
use rustix::process::Pid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use super::policy::Policy;
use super::stage::StageError;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Never of use to a command, and each a way to change the machine or to get out.
const REFUSED: [i64; 28] = [
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// They make sockets without asking.
const RINGS: [i64; 3] = [
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
];

/// Kinds of sockets that reach the internet, or ask the kernel about it.
const INTERNET: [i32; 3] = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// Calls whose first argument is a process to send a signal to.
const SIGNALLING: [i64; 5] = [
    libc::SYS_kill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_tgkill,
    libc::SYS_tkill,
];

/// Refuses this process, and what it becomes and starts, these calls for good. `keepers` are out of
/// reach of its signals, where `abi` does not see to that.
pub(super) fn restrict(policy: &Policy, keepers: &[Pid], abi: ABI) -> Result<(), StageError> {
    let failed = |error: &dyn std::fmt::Display| StageError::Seccomp(error.to_string());
    let sockets = sockets(policy.network).map_err(|error| failed(&error))?;
    let refused = refused(sockets, keepers, abi).map_err(|error| failed(&error))?;
    // Answered as if the kernel did not have them, so that programs take the older way, which can be
    // looked into.
    let not_there = RINGS.into_iter().chain([libc::SYS_clone3]);
    let not_there = not_there.map(|call| (call, Vec::new())).collect();
    for (rules, answer) in [(refused, libc::EPERM), (not_there, libc::ENOSYS)] {
        let filter = program(rules, answer).map_err(|error| failed(&error))?;
        apply_filter(&filter).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// A filter as bubblewrap reads it (bwrap(1), `--seccomp`). The network is what it gives the command: a
/// loopback of its own is no way out. It takes one filter, which answers every refusal alike; `clone3`
/// stays, since programs know to do without it only where the kernel does not have it.
pub(super) fn for_bubblewrap() -> Result<Vec<u8>, StageError> {
    let failed = |error: seccompiler::BackendError| StageError::Seccomp(error.to_string());
    let sockets = sockets(true).map_err(failed)?;
    // Files and signals are what its namespaces are for.
    let mut rules = refused(sockets, &[], ABI::V6).map_err(failed)?;
    rules.extend(RINGS.map(|call| (call, Vec::new())));
    let filter = program(rules, libc::EPERM).map_err(failed)?;
    // `struct sock_filter` (linux/filter.h).
    let bytes = filter.iter().flat_map(|step| {
        let code = step.code.to_ne_bytes();
        let k = step.k.to_ne_bytes();
        [code[0], code[1], step.jt, step.jf, k[0], k[1], k[2], k[3]]
    });
    Ok(bytes.collect())
}

fn refused(
    sockets: Vec<SeccompRule>,
    keepers: &[Pid],
    abi: ABI,
) -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = REFUSED.map(|call| (call, Vec::new())).into();
    rules.insert(libc::SYS_socket, sockets);
    let user_namespace = u64::from(libc::CLONE_NEWUSER.cast_unsigned());
    let flags = is(0, SeccompCmpOp::MaskedEq(user_namespace), user_namespace)?;
    rules.insert(libc::SYS_clone, vec![flags]);
    let pushes_input = is(1, SeccompCmpOp::Eq, libc::TIOCSTI)?;
    rules.insert(libc::SYS_ioctl, vec![pushes_input]);
    if abi < ABI::V3 {
        // A file can be cut short by its name without being opened.
        rules.insert(libc::SYS_truncate, Vec::new());
    }
    if abi < ABI::V6 {
        let signals = out_of_reach(keepers)?;
        rules.extend(SIGNALLING.map(|call| (call, signals.clone())));
        rules.insert(libc::SYS_pidfd_send_signal, Vec::new());
    }
    Ok(rules)
}

/// The sockets that are refused. No condition means all.
fn sockets(network: bool) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    if !network {
        return Ok(Vec::new());
    }
    let other_than = INTERNET.map(|family| {
        SeccompCondition::new(
            0,
            Dword,
            SeccompCmpOp::Ne,
            u64::from(family.cast_unsigned()),
        )
    });
    let conditions = other_than.into_iter().collect::<Result<_, _>>()?;
    Ok(vec![SeccompRule::new(conditions)?])
}

/// The keepers, their groups, and everybody.
fn out_of_reach(keepers: &[Pid]) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let numbers = keepers.iter().map(|pid| pid.as_raw_nonzero().get());
    numbers
        .flat_map(|number| [number, -number])
        .chain([-1])
        .map(|number| is(0, SeccompCmpOp::Eq, u64::from(number.cast_unsigned())))
        .collect()
}

/// An argument, compared.
fn is(
    argument: u8,
    how: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    let condition = SeccompCondition::new(argument, Dword, how, value)?;
    SeccompRule::new(vec![condition])
}

fn program(mut rules: Rules, answer: i32) -> Result<BpfProgram, seccompiler::BackendError> {
    if cfg!(target_arch = "x86_64") {
        // The calls once more, by the numbers of the x32 variant (asm/unistd.h).
        let again = |(call, rules): (&i64, &Vec<SeccompRule>)| (call | 0x4000_0000, rules.clone());
        let x32: Rules = rules.iter().map(again).collect();
        rules.extend(x32);
    }
    let answer = SeccompAction::Errno(answer.cast_unsigned());
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, SeccompAction::Allow, answer, arch)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_that_bubblewrap_reads_is_whole_steps() {
        let bytes = for_bubblewrap().unwrap();
        // `BPF_LD | BPF_W | BPF_ABS` of the architecture comes first, and a verdict last.
        assert_eq!(bytes[..2], 0x20_u16.to_ne_bytes());
        let last = bytes.chunks_exact(8).last().unwrap();
        assert_eq!(
            (bytes.len() % 8, last[..2].to_vec()),
            (0, 0x06_u16.to_ne_bytes().to_vec())
        );
    }

    #[test]
    fn the_filter_can_be_built_for_every_kernel() {
        let keepers = [rustix::process::getpid(); 3];
        for abi in [ABI::V1, ABI::V2, ABI::V3, ABI::V5, ABI::V6] {
            for network in [false, true] {
                let rules = refused(sockets(network).unwrap(), &keepers, abi).unwrap();
                let is_reachable = !rules.contains_key(&libc::SYS_kill);
                assert_eq!(is_reachable, abi >= ABI::V6, "{abi:?}");
                assert!(!program(rules, libc::EPERM).unwrap().is_empty());
            }
        }
    }
}
