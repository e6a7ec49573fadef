//! An address that says nothing, on this machine's own network.

use std::time::Duration;

use alipes_simulator::BlackHole;
use tokio::net::TcpSocket;
use tokio::time::timeout;

#[tokio::test]
async fn whoever_connects_to_a_black_hole_hears_nothing_and_not_even_no() {
    let hole = BlackHole::open("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    for _ in 0..3 {
        let socket = TcpSocket::new_v4().unwrap();
        let connecting = socket.connect(hole.address());
        let heard = timeout(Duration::from_millis(500), connecting).await;
        assert!(heard.is_err(), "{heard:?}");
    }
    let address = hole.address();
    drop(hole);
    let socket = TcpSocket::new_v4().unwrap();
    socket.connect(address).await.unwrap_err();
}
