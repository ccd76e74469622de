//! Gives the numbers to whoever asks at `/metrics` on this machine. Speaks just enough HTTP for that.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::counts::Counts;
use crate::tcp::read;

/// A request is one line and some headers.
const MOST_BYTES: usize = 8 << 10;

pub(crate) async fn serve(listener: TcpListener, counts: Arc<Counts>, mut stop: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        match accepted {
            // One after the other: whoever asks is on this machine, and the answer is small.
            Ok((stream, _)) => drop(tokio::time::timeout(Duration::from_secs(5), answer(stream, &counts)).await),
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

async fn answer(mut stream: TcpStream, counts: &Counts) -> io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = read(&mut stream, &mut buffer).await?;
        if length == 0 || request.len() > MOST_BYTES {
            return Ok(());
        }
        request.extend_from_slice(buffer.get(..length).unwrap_or_default());
    }
    let (status, body) = match request.starts_with(b"GET /metrics ") {
        true => ("200 OK", counts.metrics()),
        false => ("404 Not Found", String::from("the numbers are at /metrics\n")),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let answer = head + &body;
    let mut rest = answer.as_bytes();
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
