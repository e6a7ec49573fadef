//! Each connection is a file descriptor, and many systems give a process 1,024 of them unless it asks for
//! more, although they would let it have them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Asks for as many as this process may have.
pub(super) fn allow_most() {
    let limit = getrlimit(Resource::Nofile);
    // Whoever is refused goes on with what there is: too many connections are turned away.
    let _refused = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}
