//! A request at a time, for preparing and checking what is then asked under load.
//!
//! Takes a [`Request`], gives the answer's text. Deliberately absent: encryption, and a JSON parser:
//! the few values that are needed are found by their keys.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::json::quote;

/// A request: GET, or POST of JSON where there is a body.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Path and query string, as on the wire.
    pub(super) path: String,
    pub(super) body: Option<String>,
    /// The key to ask with, where it is not the target's.
    pub(super) key: Option<String>,
}

impl Request {
    /// A GraphQL request, as Relay sends it.
    pub(super) fn graphql(query: &str, variables: &str) -> Self {
        Self {
            path: "/graphql".to_owned(),
            body: Some(format!(r#"{{"query":{},"variables":{variables}}}"#, quote(query))),
            key: None,
        }
    }

    pub(super) fn get(path: String) -> Self {
        Self {
            path,
            body: None,
            key: None,
        }
    }

    /// The same request with another key than the target's.
    pub(super) fn with_key(self, key: String) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }
}

/// Sends a request and gives the body of the answer.
///
/// # Errors
///
/// A status other than 200, or no answer, in words.
pub(super) fn ask(address: &str, key: Option<&str>, request: &Request) -> Result<String, String> {
    let answer = exchange(address, key, request).map_err(|error| format!("http://{address}: {error}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
    if head.split(' ').nth(1) == Some("200") {
        Ok(body.to_owned())
    } else {
        Err(format!("http://{address}{}: {answer}", request.path))
    }
}

fn exchange(address: &str, key: Option<&str>, request: &Request) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let body = request.body.as_deref();
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n",
        if body.is_some() { "POST" } else { "GET" },
        request.path
    );
    if let Some(key) = key {
        head += &format!("Authorization: Bearer {key}\r\n");
    }
    if let Some(body) = body {
        head += &format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
    }
    stream.write_all(format!("{head}\r\n{}", body.unwrap_or_default()).as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A connection that is kept open.
#[derive(Debug)]
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Connection {
    /// Connects; `key` is sent with each request.
    ///
    /// # Errors
    ///
    /// In words.
    pub(super) fn open(address: &str, key: Option<&str>) -> Result<Self, String> {
        let open = || -> std::io::Result<_> {
            let stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(Duration::from_secs(60)))?;
            stream.set_nodelay(true)?;
            Ok(BufReader::new(stream))
        };
        let stream = open().map_err(|error| format!("http://{address}: {error}"))?;
        let key = key.map_or(String::new(), |key| format!("Authorization: Bearer {key}\r\n"));
        let head = format!("Host: {address}\r\n{key}Content-Type: application/json\r\n");
        Ok(Self { stream, head })
    }

    /// Posts a request and reads its answer.
    ///
    /// # Errors
    ///
    /// No answer, a status other than 200, or a length that isn't told, in words.
    pub(super) fn ask(&mut self, request: &Request) -> Result<(), String> {
        self.answer(request).map(drop)
    }

    /// The same; gives the body of the answer.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::ask`].
    pub(super) fn answer(&mut self, request: &Request) -> Result<String, String> {
        let (status, body) = self.exchange(request).map_err(|error| error.to_string())?;
        if status.split(' ').nth(1) == Some("200") {
            Ok(String::from_utf8_lossy(&body).into_owned())
        } else {
            Err(status)
        }
    }

    fn exchange(&mut self, request: &Request) -> std::io::Result<(String, Vec<u8>)> {
        let body = request.body.as_deref().unwrap_or_default();
        let text = format!(
            "POST {} HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n{body}",
            request.path,
            self.head,
            body.len()
        );
        self.stream.get_mut().write_all(text.as_bytes())?;
        let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
        self.stream.read_line(&mut status)?;
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(|_| ErrorKind::InvalidData)?;
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        Ok((status, answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_sent_as_one_line_of_json() {
        let request = Request::graphql("{\n  a(b: \"c\")\n}", "{}");
        let body = r#"{"query":"{\n  a(b: \"c\")\n}","variables":{}}"#;
        assert_eq!(request.body.as_deref(), Some(body));
    }
}
