//! The port: on this machine only, and quiet when told to stop.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Dashboard, Example, ServeError, bind, bind_on};

#[tokio::test]
async fn addresses_that_others_reach_are_refused() {
    for address in [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V4(Ipv4Addr::new(192, 168, 1, 4)),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        // An IPv4 address in IPv6 clothes is no loopback to the standard library, which errs on the safe side.
        "::ffff:127.0.0.1".parse().unwrap(),
    ] {
        let error = bind_on(&[IpAddr::V4(Ipv4Addr::LOCALHOST), address], 0).await.unwrap_err();
        assert!(matches!(error, ServeError::NotLoopback { .. }), "{address}");
        assert!(error.to_string().contains("needs sign-in"), "{error}");
    }
    assert!(matches!(bind_on(&[], 0).await.unwrap_err(), ServeError::NoAddress));
}

#[tokio::test]
async fn a_taken_port_is_said() {
    let first = bind(0).await.unwrap();
    let error = bind(first.port()).await.unwrap_err();
    assert!(error.to_string().contains("--port"), "{error}");
}

#[tokio::test]
async fn it_answers_and_stops() {
    let bound = bind(0).await.unwrap();
    let port = bound.port();
    assert_eq!(bound.url(), format!("http://localhost:{port}/"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(bound.run_until(Dashboard::new(Example::estate()), async {
        stopped.await.ok();
    }));
    let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.unwrap();
    let request = format!("GET /health HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("ok\n"), "{answer}");
    stop.send(()).unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(5), server).await.expect("it stops").unwrap().unwrap();
}
