//! What `alipes simulate` can be told.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::args::duration;

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8900")]
    pub(crate) listen: SocketAddr,

    /// Speak TLS, with a throw-away certificate authority
    #[arg(long)]
    pub(crate) tls: bool,

    /// Where to write that authority's certificate
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca_out: Option<PathBuf>,

    /// A fault to inject: NAME; NAME@1 or NAME@2-3 for certain attempts; NAME@3s or NAME@2s-9s for
    /// a time, counted from the first connection
    #[arg(long = "fault", value_name = "NAME[@WHEN]")]
    pub(crate) faults: Vec<String>,

    /// The pause before each piece of text, such as 5ms
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) pace: Option<Duration>,

    /// How much later every answer comes, as over a network whose round trip takes that long
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) latency: Option<Duration>,

    /// An address beside it, with the same port, that swallows what is sent to it, such as ::1
    #[arg(long, value_name = "IP")]
    pub(crate) black_hole: Option<IpAddr>,

    /// Where a proxy listens that leads past the faults: to the same backend without them
    #[arg(long, value_name = "ADDR", conflicts_with = "tls")]
    pub(crate) proxy: Option<SocketAddr>,

    /// How far its clock is ahead of this machine's, such as 24h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) ahead: Option<Duration>,

    /// A file that describes the faults
    #[arg(long, value_name = "FILE", conflicts_with = "faults")]
    pub(crate) scenario: Option<PathBuf>,

    /// Do not print the requests
    #[arg(long)]
    pub(crate) quiet: bool,

    /// Print the requests as JSON lines
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,

    /// Print the faults there are
    #[arg(long)]
    pub(crate) list_faults: bool,
}
