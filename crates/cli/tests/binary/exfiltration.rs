//! A model that was talked into leading a secret out by an address: nothing that it says is fetched.

use std::io::ErrorKind;
use std::net::TcpListener;

use crate::machine::Machine;

/// Somebody who would like to be asked.
#[expect(clippy::disallowed_methods, reason = "who must not be connected to")]
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, format!("http://{address}/?d=secret"))
}

/// Nobody has connected; a connection that was made would wait here to be accepted.
pub(crate) fn nobody_came(listener: &TcpListener) {
    let came = listener.accept().map(|(_stream, from)| from);
    assert_eq!(came.unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// A machine with a note that the simulated model repeats, and who listens where it points.
pub(crate) fn with_an_image() -> (Machine, TcpListener, String) {
    let machine = Machine::new();
    let (listener, url) = listener();
    machine.file(
        "notes.md",
        format!("before ![alt]({url}) after ![]({url})\n"),
    );
    (machine, listener, url)
}

#[tokio::test]
async fn an_image_in_an_answer_is_text_and_nothing_is_fetched() {
    let (machine, listener, url) = with_an_image();
    for more in [&[][..], &["--stream"], &["--json"]] {
        let fixed = ["exec", "--simulate", "read notes.md"];
        let ran = machine.run(&[&fixed, more].concat()).await;
        assert!(ran.answer().contains(&url), "{ran:?}");
    }
    let export = ["sessions", "export", "last"];
    let exported = machine.run(&export).await;
    assert!(exported.answer().contains(&url), "{exported:?}");
    nobody_came(&listener);
}
