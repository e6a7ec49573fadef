//! SOCKS version 5 as a proxy hears it (RFC 1928, and RFC 1929 for names and passwords).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Destination, Manner};

/// The way is open. The address it connects from is a name here, because clients forget that it may be.
pub(super) const AGREED: &[u8] = b"\x05\x00\x00\x03\x05proxy\x00\x01";

const NO_CREDENTIALS: u8 = 0;
const NAME_AND_PASSWORD: u8 = 2;
const NOTHING_FITS: u8 = 0xff;

/// Where the client wants to go; none if it has been turned away.
pub(super) async fn hear(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    manner: &Manner,
) -> io::Result<Option<Destination>> {
    let [5, methods] = read(io).await? else {
        return Ok(None);
    };
    let mut offered = vec![0; methods.into()];
    io.read_exact(&mut offered).await?;
    let wanted = match manner {
        Manner::Strict { .. } => NAME_AND_PASSWORD,
        _ => NO_CREDENTIALS,
    };
    if !offered.contains(&wanted) {
        io.write_all(&[5, NOTHING_FITS]).await?;
        return Ok(None);
    }
    io.write_all(&[5, wanted]).await?;
    if let Manner::Strict { user, password } = manner {
        let [1] = read(io).await? else {
            return Ok(None);
        };
        let login = (text(io).await?, text(io).await?);
        let is_known = (login.0.as_str(), login.1.as_str()) == (*user, *password);
        io.write_all(&[1, u8::from(!is_known)]).await?;
        if !is_known {
            return Ok(None);
        }
    }
    destination(io).await
}

async fn destination(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Destination>> {
    // Version 5, command CONNECT, reserved.
    let [5, 1, 0, kind] = read(io).await? else {
        return Ok(None);
    };
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(io).await?).to_string(),
        3 => text(io).await?,
        4 => Ipv6Addr::from(read::<16>(io).await?).to_string(),
        _ => return Ok(None),
    };
    let port = u16::from_be_bytes(read(io).await?);
    Ok(Some(Destination { host, port }))
}

async fn read<const LENGTH: usize>(io: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    io.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn text(io: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let [length] = read(io).await?;
    let mut text = vec![0; length.into()];
    io.read_exact(&mut text).await?;
    String::from_utf8(text).map_err(|_| io::ErrorKind::InvalidData.into())
}
