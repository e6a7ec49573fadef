//! Sign-ins against the simulator's issuer, through real sockets, real files and real processes.

#![cfg(test)]

mod bad_answers;
mod bad_files;
mod borrowed;
mod browser;
mod device;
mod machine;
mod renewal;
mod routing;
mod storm;
