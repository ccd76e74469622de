//! How many datagrams the system dropped before a socket read them: Linux says it, socket by socket.

use std::net::UdpSocket;

/// Looks up one socket's drops; made once, because finding the socket's number takes longer than the look-up.
#[derive(Debug)]
pub(crate) struct Drops {
    inode: Option<String>,
}

impl Drops {
    pub(crate) fn of(socket: &UdpSocket) -> Self {
        Self { inode: inode(socket) }
    }

    /// Datagrams dropped so far; none where the system does not tell.
    pub(crate) fn now(&self) -> Option<u64> {
        let inode = self.inode.as_deref()?;
        ["/proc/net/udp", "/proc/net/udp6"].into_iter().find_map(|table| find(&std::fs::read_to_string(table).ok()?, inode))
    }
}

#[cfg(target_os = "linux")]
fn inode(socket: &UdpSocket) -> Option<String> {
    use std::os::fd::AsRawFd;
    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
}

#[cfg(not(target_os = "linux"))]
fn inode(_socket: &UdpSocket) -> Option<String> {
    None
}

/// A row's tenth column is the socket's number, its last the drops.
fn find(table: &str, inode: &str) -> Option<u64> {
    let row = table.lines().map(str::split_whitespace).find(|row| row.clone().nth(9) == Some(inode))?;
    row.last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_sockets_row_is_found_by_its_number() {
        let table =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  271: 00000000:1592 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 0
  272: 00000000:1593 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 4712 2 0000000000000000 305
";
        assert_eq!(super::find(table, "4712"), Some(305));
        assert_eq!(super::find(table, "4713"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_full_socket_drops_is_told() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let drops = super::Drops::of(&socket);
        assert_eq!(drops.now(), Some(0));
        let sent = 5_000;
        for _ in 0..sent {
            sender.send_to(&[b'a'; 1_000], socket.local_addr().unwrap()).unwrap();
        }
        socket.set_nonblocking(true).unwrap();
        let read = std::iter::from_fn(|| socket.recv(&mut [0; 1_000]).ok()).count() as u64;
        assert!(read < sent, "the socket's room is smaller than 5 MB");
        assert_eq!(drops.now(), Some(sent - read));
    }
}
