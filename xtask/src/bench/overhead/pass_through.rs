//! What hyper alone costs: a process that passes requests on and answers back, and looks at neither.
//!
//! Every connection of a client has one to the backend. Whatever stands between client and provider
//! costs at least this much, so this is what ours is measured by.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::process::READY;

/// Passes on to `backend`, an address such as 127.0.0.1:4711, until it is ended.
pub(crate) fn run(backend: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(backend))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server of a bench, on loopback"
)]
async fn serve(backend: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{READY}http://{}/v1", listener.local_addr()?);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept() => {
                connections.spawn(pass(accepted?.0, backend));
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server of a bench, on loopback"
)]
async fn pass(stream: TcpStream, backend: SocketAddr) -> Result<()> {
    let onward = TcpStream::connect(backend)
        .await
        .context("the backend is gone")?;
    onward.set_nodelay(true)?;
    stream.set_nodelay(true)?;
    let (sender, connection) = client::handshake::<_, Incoming>(TokioIo::new(onward)).await?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let host = HeaderValue::from_str(&backend.to_string())?;
    let (sender, host) = (&Mutex::new(sender), &host);
    let service = service_fn(move |request| answer(sender, host, request));
    server::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await?;
    Ok(())
}

async fn answer(
    sender: &Mutex<client::SendRequest<Incoming>>,
    host: &HeaderValue,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, hyper::Error> {
    request.headers_mut().insert(header::HOST, host.clone());
    let mut sender = sender.lock().await;
    sender.ready().await?;
    sender.send_request(request).await
}
