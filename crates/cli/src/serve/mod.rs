//! `alipes serve`: a local endpoint for other people's clients.

mod args;
mod client_config;
#[cfg(unix)]
mod descriptors;
mod presence;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use alipes_config::Home;
use alipes_server::{KeyFile, ServeSection, Server, ServerError, ServerOptions, Serving, TlsFiles};
use alipes_transport::Transport;

pub(crate) use self::args::ServeArgs;
use self::args::ServeCommand;
use self::presence::Presence;
pub(crate) use self::presence::running;
use crate::args::NetworkArgs;
use crate::failure::Failure;
use crate::recording::Recording;
use crate::setup::Machine;
use crate::signals::Signals;
use crate::streams::{print, say};
use crate::style::Style;
use crate::{login, memory};

/// Where it listens if nothing else is said.
const LISTEN: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 8791);

/// How often what was met is kept for the next process.
const KEEP_EVERY: Duration = Duration::from_secs(60);

pub(crate) async fn run(
    args: ServeArgs,
    machine: &Machine,
    signals: &Signals,
) -> Result<(), Failure> {
    if let Some(ServeCommand::Key) = args.command {
        return print_key(machine);
    }
    if let Some(client) = args.print_config {
        let url = base_url(&args, machine)?;
        return told(&client_config::lines(client, &url));
    }
    #[cfg(unix)]
    descriptors::allow_most();
    let recording = Recording::open("serve", machine, args.record_bodies).await;
    let (section, serving, transport) = read(machine, &args.network, &recording)?;
    let own = own_key(machine)?;
    let memory = recording.memory(machine);
    memory::recall(machine, &transport, memory.as_ref()).await;
    let options = ServerOptions {
        listen: listen(&args, &section),
        tls: tls(&args),
        behind_proxy: args.behind_proxy,
        serving,
        transport,
        environment: machine.environment.clone(),
        clock: machine.clock.clone(),
        rng: machine.rng.clone(),
    };
    let lacks = options.serving.lacks();
    let server = Server::start(options).await.map_err(refused)?;
    // Behind everything that can still fail: whoever gets no server is not told of a key either.
    let is_new = own.make_if_missing().map_err(Failure::failed)?;
    learn_keys(machine, &own);
    let _presence = announce(&server, machine);
    print(&format!("listening on {}", server.base_url())).map_err(Failure::failed)?;
    if is_new {
        let path = own.path().display();
        say(&format!(
            "a key for clients was made in {path}; `alipes serve key` prints it, and \
             `alipes serve --print-config codex`, or another client, what points it here"
        ));
    }
    if let Some(lacks) = lacks {
        say(lacks);
    }
    let told = (signals, &recording);
    until_stopped(&server, (&args, &section), machine, told).await;
    say("stopping; answers under way go on for a while, a second signal ends them");
    let transport = server.transport();
    server.stop().await;
    memory::keep(machine, &transport, memory.as_ref()).await;
    recording.settle(machine).await;
    Ok(())
}

/// Serves, reads the configuration again when asked to, and keeps what was met.
async fn until_stopped(
    server: &Server,
    (args, section): (&ServeArgs, &ServeSection),
    machine: &Machine,
    (signals, recording): (&Signals, &Recording),
) {
    let mut hang_ups = signals.hang_ups();
    let mut stopped = std::pin::pin!(signals.stop());
    loop {
        tokio::select! {
            _stop = &mut stopped => return,
            Ok(()) = hang_ups.changed() => reload(server, (args, section), machine, recording).await,
            () = tokio::time::sleep(KEEP_EVERY) => {
                let memory = recording.memory(machine);
                memory::keep(machine, &server.transport(), memory.as_ref()).await;
                recording.tend(machine).await;
            }
        }
    }
}

/// Reads the configuration again; where it is wrong, the old one goes on.
async fn reload(
    server: &Server,
    (args, started): (&ServeArgs, &ServeSection),
    machine: &Machine,
    recording: &Recording,
) {
    // What was met on the old way is of use on the new one, too.
    let memory = recording.memory(machine);
    memory::keep(machine, &server.transport(), memory.as_ref()).await;
    let mut lacks = None;
    let read = read(machine, &args.network, recording);
    if let Ok((_, _, transport)) = &read {
        memory::recall(machine, transport, memory.as_ref()).await;
    }
    let reloaded = read.and_then(|(section, serving, transport)| {
        lacks = serving.lacks();
        server.reload(serving, transport).map_err(refused)?;
        Ok(section)
    });
    match reloaded {
        Ok(section) => {
            say("the configuration was read again");
            told_to_restart(args, started, &section);
            lacks.into_iter().for_each(say);
        }
        Err(failure) => {
            let _code = failure.report(&Style::of_stderr(&machine.environment));
            say("the old configuration goes on");
        }
    }
}

/// Names what has changed and is looked at once only.
fn told_to_restart(args: &ServeArgs, started: &ServeSection, section: &ServeSection) {
    let listens = args.listen.is_none() && started.listen != section.listen;
    let connections = started.connections != section.connections;
    for (name, has_changed) in [("listen", listens), ("connections", connections)] {
        if has_changed {
            say(&format!(
                "`{name}` under [serve] has changed, which counts after a restart"
            ));
        }
    }
}

/// What the configuration says about serving, and the way to every endpoint.
fn read(
    machine: &Machine,
    network: &NetworkArgs,
    recording: &Recording,
) -> Result<(ServeSection, Serving, Transport), Failure> {
    let (catalog, transport) = login::catalog(machine, network)?;
    machine.learn_keys(&catalog);
    let catalog = recording.of(catalog, machine);
    let section = section(machine)?;
    let own = own_key(machine)?;
    let (environment, clock) = (&machine.environment, &machine.clock);
    learn_keys(machine, &own);
    let serving = Serving::new(catalog, section.clone(), own, environment, clock);
    Ok((section, serving, transport))
}

fn section(machine: &Machine) -> Result<ServeSection, Failure> {
    Ok(match machine.configuration()? {
        Some((_, document)) => document.section()?,
        None => ServeSection::default(),
    })
}

fn own_key(machine: &Machine) -> Result<KeyFile, Failure> {
    let home = Home::find(&machine.environment);
    let home = home.map_err(|_none| Failure::usage(ServerError::NoHome))?;
    Ok(KeyFile::within(home.folder()))
}

/// Lets `alipes status` find the server; one that cannot be found serves all the same.
fn announce(server: &Server, machine: &Machine) -> Option<Presence> {
    let home = Home::find(&machine.environment).ok()?;
    Presence::announce(home.folder(), server.address(), &server.base_url()).ok()
}

/// A client's key must not show up in anything that is told of a fault.
fn learn_keys(machine: &Machine, own: &KeyFile) {
    if let Ok(key) = own.read() {
        machine.redactor.learn(&key);
    }
}

fn print_key(machine: &Machine) -> Result<(), Failure> {
    let own = own_key(machine)?;
    own.make_if_missing().map_err(Failure::failed)?;
    let key = own.read().map_err(Failure::failed)?;
    told(key.expose())
}

fn listen(args: &ServeArgs, section: &ServeSection) -> SocketAddr {
    let listen = args.listen.or(section.listen);
    listen.unwrap_or_else(|| LISTEN.into())
}

fn tls(args: &ServeArgs) -> Option<TlsFiles> {
    let (certificate, key) = (args.tls_cert.clone()?, args.tls_key.clone()?);
    Some(TlsFiles { certificate, key })
}

/// Where clients of this machine find the server.
fn base_url(args: &ServeArgs, machine: &Machine) -> Result<String, Failure> {
    let mut address = listen(args, &section(machine)?);
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let scheme = match args.tls_cert {
        Some(_) => "https",
        None => "http",
    };
    Ok(format!("{scheme}://{address}/v1"))
}

fn refused(error: ServerError) -> Failure {
    match error {
        ServerError::Exposed { .. } | ServerError::Tls { .. } => Failure::usage(error),
        error => Failure::failed(error),
    }
}

fn told(line: &str) -> Result<(), Failure> {
    print(line).map_err(Failure::unwritten)
}
