//! Both directions between a client and where it wanted to go, and what may become of them.

use std::io;

use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, copy, split,
};
use tokio::sync::SetOnce;

use crate::plug::STALL;

/// Bytes passed at a time.
const PIECE: usize = 16 << 10;

/// What of the answers passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sluice {
    /// Everything.
    Open,
    /// So many bytes; then nothing passes any more, either way.
    Until(u64),
    /// Everything up to a WebSocket upgrade's answer.
    NoUpgrade,
    /// Nothing; what the client says still passes.
    Nothing,
}

/// Carries bytes both ways until both ends are done.
pub(super) async fn carry(
    client: impl AsyncRead + AsyncWrite + Unpin,
    origin: impl AsyncRead + AsyncWrite + Unpin,
    sluice: Sluice,
) {
    let (mut from_client, to_client) = split(client);
    let (from_origin, mut to_origin) = split(origin);
    let frozen = SetOnce::new();
    let up = async {
        tokio::select! {
            biased;
            _set = frozen.wait() => {}
            _ended = copy(&mut from_client, &mut to_origin) => {
                let _gone = to_origin.shutdown().await;
            }
        }
    };
    let down = async {
        if let Ok(Ended::Frozen) = answers(from_origin, to_client, sluice).await {
            let _first = frozen.set(());
            tokio::time::sleep(STALL).await;
        }
    };
    tokio::join!(up, down);
}

/// Why no more answers pass.
enum Ended {
    /// The origin has said all.
    Over,
    Frozen,
}

async fn answers<C: AsyncWrite, O: AsyncRead>(
    mut from_origin: ReadHalf<O>,
    mut to_client: WriteHalf<C>,
    mut sluice: Sluice,
) -> io::Result<Ended> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from_origin.read(&mut buffer).await?;
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() {
            to_client.shutdown().await?;
            return Ok(Ended::Over);
        }
        let passes = match sluice {
            Sluice::Open => piece,
            Sluice::Until(bytes) => {
                let room = usize::try_from(bytes).unwrap_or(usize::MAX);
                let passes = piece.get(..room).unwrap_or(piece);
                sluice = Sluice::Until(bytes - passes.len() as u64);
                passes
            }
            Sluice::NoUpgrade if piece.starts_with(b"HTTP/1.1 101") => {
                sluice = Sluice::Nothing;
                &[]
            }
            Sluice::NoUpgrade => piece,
            Sluice::Nothing => &[],
        };
        to_client.write_all(passes).await?;
        if sluice == Sluice::Until(0) {
            return Ok(Ended::Frozen);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// What the client has got of what the origin says in pieces, after an hour, and whether the origin still
    /// hears the client.
    async fn pass(sluice: Sluice, pieces: &[&str]) -> (String, bool) {
        let (mut client, client_side) = tokio::io::duplex(PIECE);
        let (mut origin, origin_side) = tokio::io::duplex(PIECE);
        let both = async {
            for piece in pieces {
                origin.write_all(piece.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            client.write_all(b"?").await.unwrap();
            let heard = tokio::time::timeout(Duration::from_secs(60), origin.read_u8()).await;
            let mut got = [0; 1_000];
            let mut length = 0;
            let limit = Duration::from_secs(60);
            while let Ok(Ok(read)) =
                tokio::time::timeout(limit, client.read(&mut got[length..])).await
            {
                length += read;
            }
            (
                String::from_utf8_lossy(&got[..length]).into_owned(),
                heard.is_ok(),
            )
        };
        tokio::select! {
            () = carry(client_side, origin_side, sluice) => panic!("it ended"),
            result = both => result,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sluice_lets_pass_what_it_says() {
        let upgrade = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        let table: [(Sluice, &[&str], &str, bool); 5] = [
            (
                Sluice::Open,
                &["one", upgrade, "two"],
                &format!("one{upgrade}two"),
                true,
            ),
            (Sluice::Until(5), &["one", "two"], "onetw", false),
            (Sluice::Until(6), &["one", "two", "three"], "onetwo", false),
            (Sluice::Until(60), &["one", "two"], "onetwo", true),
            (Sluice::NoUpgrade, &["one", upgrade, "two"], "one", true),
        ];
        for (sluice, pieces, expected, hears) in table {
            let passed = pass(sluice, pieces).await;
            assert_eq!(passed, (expected.to_owned(), hears), "{sluice:?}");
        }
    }
}
