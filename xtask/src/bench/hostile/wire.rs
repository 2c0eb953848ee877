//! Requests and answers over a kept connection, with nothing between them and the socket.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// How long a client waits for the gateway before it gives the connection up.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection; made when it is first needed, and again after it broke.
#[derive(Debug)]
pub(super) struct Connection<'a> {
    address: &'a str,
    open: Option<BufReader<TcpStream>>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(address: &'a str) -> Self {
        Self { address, open: None }
    }

    /// Sends bytes and gives the status of the answer.
    ///
    /// # Errors
    ///
    /// No answer; the connection is given up.
    pub(super) fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        let mut socket = match self.open.take() {
            Some(socket) => socket,
            None => BufReader::new(connect(self.address)?),
        };
        socket.get_mut().write_all(request)?;
        let (status, closes) = read(&mut socket)?;
        if !closes {
            self.open = Some(socket);
        }
        Ok(status)
    }
}

/// A new connection.
///
/// # Errors
///
/// It is refused.
pub(super) fn connect(address: &str) -> io::Result<TcpStream> {
    let socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// A POST of JSON with a key.
pub(super) fn post(address: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "{}Content-Length: {}\r\n\r\n{body}",
        head(address, key),
        body.len()
    )
    .into_bytes()
}

/// The head of a POST, but for what says how long its body is.
pub(super) fn head(address: &str, key: &str) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\n"
    )
}

/// Reads one answer: its status, and whether the connection ends with it.
///
/// # Errors
///
/// There is none, or it is cut off.
pub(super) fn read(socket: &mut BufReader<impl Read>) -> io::Result<(u16, bool)> {
    let mut line = String::new();
    socket.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
    let (mut length, mut closes) = (0, false);
    loop {
        line.clear();
        socket.read_line(&mut line)?;
        let header = line.trim_end().to_ascii_lowercase();
        match header.split_once(": ") {
            Some(("content-length", bytes)) => length = bytes.parse().unwrap_or(0),
            Some(("connection", "close")) => closes = true,
            Some(_) => {}
            None => break,
        }
    }
    io::copy(&mut socket.by_ref().take(length), &mut io::sink())?;
    Ok((status, closes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_end_and_no_further() {
        let bytes =
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 413 X\r\nConnection: close\r\n\r\n";
        let mut socket = BufReader::new(&bytes[..]);
        assert_eq!(read(&mut socket).expect("an answer"), (200, false));
        assert_eq!(read(&mut socket).expect("an answer"), (413, true));
        assert!(read(&mut socket).is_err());
    }
}
