//! SOCKS5 (RFC 1928), with user name and password (RFC 1929).
//!
//! Every answer has a length that is known before it is read, so nothing is read beyond the last
//! one, and nothing can be too long.

use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Destination, Host};
use crate::egress::Login;
use crate::error::{Failure, NetErrorKind};
use crate::sockets::BoxStream;

const VERSION: u8 = 5;
const NO_AUTH: u8 = 0;
const PASSWORD: u8 = 2;
/// The version of the password exchange itself.
const PASSWORD_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
/// "No acceptable methods".
const NONE: u8 = 0xff;

/// Asks a SOCKS5 proxy to connect us.
pub(super) async fn ask(
    mut stream: BoxStream,
    destination: &Destination,
    login: Option<&Login>,
) -> Result<BoxStream, Failure> {
    let request = request(destination)?;
    match (choose_method(&mut stream, login.is_some()).await?, login) {
        (NO_AUTH, _) => {}
        (PASSWORD, Some(login)) => log_in(&mut stream, login).await?,
        (NONE, _) => return Err(auth(login.is_some())),
        _ => return Err(broken()),
    }
    stream.write_all(&request).await?;
    read_reply(&mut stream).await?;
    Ok(stream)
}

/// Offers what we can do; the proxy chooses.
async fn choose_method(stream: &mut BoxStream, may_log_in: bool) -> Result<u8, Failure> {
    let offer: &[u8] = if may_log_in {
        &[VERSION, 2, NO_AUTH, PASSWORD]
    } else {
        &[VERSION, 1, NO_AUTH]
    };
    stream.write_all(offer).await?;
    match read(stream).await? {
        [VERSION, method] => Ok(method),
        _ => Err(broken()),
    }
}

async fn log_in(stream: &mut BoxStream, login: &Login) -> Result<(), Failure> {
    let mut message = vec![PASSWORD_VERSION];
    for text in [&login.user, &login.password] {
        put(&mut message, text.expose())?;
    }
    stream.write_all(&message).await?;
    match read(stream).await? {
        [PASSWORD_VERSION, 0] => Ok(()),
        [PASSWORD_VERSION, _] => Err(auth(true)),
        _ => Err(broken()),
    }
}

fn request(destination: &Destination) -> Result<Vec<u8>, Failure> {
    let mut request = vec![VERSION, CONNECT, 0];
    match &destination.host {
        Host::Address(IpAddr::V4(ip)) => {
            request.push(IPV4);
            request.extend_from_slice(&ip.octets());
        }
        Host::Address(IpAddr::V6(ip)) => {
            request.push(IPV6);
            request.extend_from_slice(&ip.octets());
        }
        Host::Name(name) => {
            request.push(NAME);
            put(&mut request, name)?;
        }
    }
    request.extend_from_slice(&destination.port.to_be_bytes());
    Ok(request)
}

/// The verdict, and the address that the proxy connects from, which is of no use to us.
async fn read_reply(stream: &mut BoxStream) -> Result<(), Failure> {
    let [version, reply, _reserved, kind] = read(stream).await?;
    match (version, reply) {
        (VERSION, 0) => {}
        (VERSION, reply) => return Err(Failure::new(NetErrorKind::SocksRefused(reply))),
        _ => return Err(broken()),
    }
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(u8::from_be_bytes(read(stream).await?)),
        _ => return Err(broken()),
    };
    let mut address_and_port = vec![0; length + 2];
    stream.read_exact(&mut address_and_port).await?;
    Ok(())
}

async fn read<const LENGTH: usize>(stream: &mut BoxStream) -> Result<[u8; LENGTH], Failure> {
    let mut bytes = [0; LENGTH];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// A text behind its length.
fn put(message: &mut Vec<u8>, text: &str) -> Result<(), Failure> {
    let length =
        u8::try_from(text.len()).map_err(|_too_long| Failure::new(NetErrorKind::BadUrl))?;
    message.push(length);
    message.extend_from_slice(text.as_bytes());
    Ok(())
}

fn auth(sent: bool) -> Failure {
    let offered = String::new();
    Failure::new(NetErrorKind::ProxyAuth { sent, offered })
}

fn broken() -> Failure {
    Failure::new(NetErrorKind::Protocol)
}
