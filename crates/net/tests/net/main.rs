//! The room's promises, kept over real sockets on this machine (and over a network made of
//! paused time where a promise is about time).

#[cfg(test)]
mod certificates;
#[cfg(test)]
mod classical;
#[cfg(test)]
mod dialing;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod http1;
#[cfg(test)]
mod http2;
mod looks;
#[cfg(test)]
mod network;
#[cfg(test)]
mod offline;
#[cfg(test)]
mod patience;
#[cfg(test)]
mod pings;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod support;
#[cfg(test)]
mod websocket;
