//! Why a server cannot be started.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The server cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Somebody listens there already.
    #[error(
        "cannot listen on {address}: something listens there already, another `alipes serve` \
         perhaps; --listen takes another address"
    )]
    Taken {
        /// The address.
        address: SocketAddr,
    },
    /// No interface of this machine has it.
    #[error(
        "cannot listen on {address}: this machine does not have that address; 0.0.0.0 and [::] stand for all \
         that it has"
    )]
    NotOurs {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// Others could read what goes over the wire, keys included.
    #[error(
        "{address} can be reached from other machines; give --tls-cert and --tls-key, or \
         --behind-proxy if something in front of it speaks TLS"
    )]
    Exposed {
        /// The address.
        address: SocketAddr,
    },
    /// A file of keys cannot be used.
    #[error("the key file {path} cannot be used: {source}")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A certificate or its key cannot be used.
    #[error("the TLS file {path} cannot be used: {why}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is no folder to keep a key in.
    #[error("a key needs a folder to be kept in; set ALIPES_HOME")]
    NoHome,
}
