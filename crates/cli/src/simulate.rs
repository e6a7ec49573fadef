//! `alipes simulate`: the simulator as a server of its own.

mod args;
mod log;

use alipes_base::Clock;
use alipes_simulator::{
    BlackHole, Keys, Manner, Options, Proxy, ProxyOptions, Scenario, Simulator, faults,
};
use anyhow::Context as _;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

pub(crate) use self::args::SimulateArgs;
use self::log::Log;
use crate::failure::Failure;
use crate::setup::Machine;
use crate::signals::Signals;
use crate::streams::{print, print_json};

pub(crate) async fn run(
    args: SimulateArgs,
    machine: &Machine,
    signals: &Signals,
) -> Result<(), Failure> {
    if args.list_faults {
        return print_faults().map_err(Failure::unwritten);
    }
    let options = options(&args, machine)?;
    let _past_faults = match args.proxy {
        Some(listen) => Some(past_faults(listen, options.clone()).await?),
        None => None,
    };
    let simulator = Simulator::start(options).await.map_err(Failure::failed)?;
    let _swallowing = match args.black_hole {
        Some(ip) => {
            let beside = SocketAddr::new(ip, simulator.local_addr().port());
            Some(BlackHole::open(beside).await.map_err(Failure::failed)?)
        }
        None => None,
    };
    if let (Some(path), Some(pem)) = (&args.ca_out, simulator.ca_pem()) {
        write_ca(path, pem)?;
    }
    let listening = match args.json {
        true => print_json(&json!({"type": "listening", "url": simulator.base_url()}).to_string()),
        false => print(&format!("listening on {}", simulator.base_url())),
    };
    listening.map_err(Failure::failed)?;
    let log = match args.quiet {
        true => None,
        false => Some(Log::start(simulator.watch(), args.json).map_err(Failure::failed)?),
    };
    // Being asked to stop is how a server ends well.
    signals.stop().await;
    simulator.stop().await;
    if let Some(log) = log {
        log.end().await;
    }
    Ok(())
}

fn options(args: &SimulateArgs, machine: &Machine) -> Result<Options, Failure> {
    Ok(Options {
        listen: args.listen,
        tls: args.tls,
        scenario: scenario(args)?,
        pace: args.pace.unwrap_or_default(),
        latency: args.latency.unwrap_or_default(),
        keys: Keys::Any,
        clock: match args.ahead {
            Some(ahead) => Clock::anchored(machine.clock.wall() + ahead),
            None => machine.clock.clone(),
        },
        rng: machine.rng.clone(),
    })
}

/// A proxy that takes everybody to a backend like this one without its faults, as one in another network would.
async fn past_faults(listen: SocketAddr, options: Options) -> Result<(Simulator, Proxy), Failure> {
    let well = Simulator::start(Options {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        scenario: Scenario::default(),
        ..options
    });
    let well = well.await.map_err(Failure::failed)?;
    let proxy = Proxy::start(ProxyOptions {
        listen,
        origin: Some(well.local_addr()),
        ..ProxyOptions::local(Manner::Obliging)
    });
    let proxy = proxy.await.map_err(Failure::failed)?;
    Ok((well, proxy))
}

fn scenario(args: &SimulateArgs) -> Result<Scenario, Failure> {
    let Some(path) = &args.scenario else {
        return Scenario::from_flags(&args.faults).map_err(Failure::usage);
    };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the scenario file {} cannot be read", path.display()))
        .map_err(Failure::usage)?;
    Scenario::parse(&text)
        .with_context(|| format!("the scenario file {} is wrong", path.display()))
        .map_err(Failure::usage)
}

fn write_ca(path: &Path, pem: &str) -> Result<(), Failure> {
    std::fs::write(path, pem)
        .with_context(|| format!("the certificate cannot be written to {}", path.display()))
        .map_err(Failure::failed)
}

fn print_faults() -> std::io::Result<()> {
    let longest = faults().iter().map(|fault| fault.name.len()).max();
    let longest = longest.unwrap_or(0);
    faults()
        .iter()
        .try_for_each(|fault| print(&format!("{:longest$}  {}", fault.name, fault.about)))
}
