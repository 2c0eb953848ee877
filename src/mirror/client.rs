//! One request after another to an upstream, each within limits of time and size.
//!
//! Takes the target of a GET, gives status, headers and body, or why there is none. It follows no redirect and asks for no
//! compression, so that keys go to the one host that they are for, and a body is what was sent. No proxy is used. A
//! connection serves several requests; after a fault, and when it has been idle, the next one makes another.
//!
//! Source: hyper's `conn::http1`. A body that ends before its length is an error there; one without a length is not, so the
//! reader of a page must see its end.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HOST, HeaderValue, LOCATION, USER_AGENT,
};
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::upstream::{Keys, Upstream};

/// The longest body that is read of a page. **Unit**: bytes.
pub const MAX_BODY_BYTES: usize = 16 << 20;
/// A connection that has been idle for longer may be gone without a word.
const IDLE: Duration = Duration::from_secs(20);
/// How this program names itself.
const AGENT: &str = concat!("imports-gateway/", env!("CARGO_PKG_VERSION"), " (sync)");

/// What an upstream answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; of an answer other than 200 perhaps its start.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(#[source] std::io::Error),
    /// The time was up.
    #[error("{0} took longer than {1:?}")]
    Late(&'static str, Duration),
    /// The connection broke, or what came is no HTTP.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The body is longer than one may be.
    #[error("the answer is longer than {MAX_BODY_BYTES} bytes")]
    TooLong,
    /// The body is compressed, which was not asked for.
    #[error("the answer is encoded as `{0}`, which was not asked for")]
    Encoded(String),
}

/// Why the certificates of authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The file is no list of certificates.
    #[error("no certificates in PEM form: {0}")]
    Pem(rustls::pki_types::pem::Error),
    /// One of them cannot be used, or there is none.
    #[error("no certificate of an authority: {0}")]
    Certificate(rustls::Error),
}

/// A client of one upstream.
pub struct Client {
    upstream: Upstream,
    keys: Keys,
    tls: Option<TlsConnector>,
    limit: Duration,
    open: Option<Open>,
}

struct Open {
    sender: SendRequest<Empty<Bytes>>,
    used: Instant,
}

impl Client {
    /// A client that gives connecting, the head of an answer and its body `limit` each. `authorities` are certificates in PEM
    /// form that are trusted in place of the public ones.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub fn new(
        upstream: Upstream,
        keys: Keys,
        limit: Duration,
        authorities: Option<&[u8]>,
    ) -> Result<Self, AuthorityError> {
        let tls = upstream
            .is_encrypted()
            .then(|| connector(authorities))
            .transpose()?;
        Ok(Self {
            upstream,
            keys,
            tls,
            limit,
            open: None,
        })
    }

    /// Whether certificates of authorities can be used, whatever they are for.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub fn check_authorities(authorities: Option<&[u8]>) -> Result<(), AuthorityError> {
        authorities.map_or(Ok(()), |pem| connector(Some(pem)).map(drop))
    }

    /// Where it asks.
    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Asks for a page of the list.
    ///
    /// # Errors
    ///
    /// [`Fault`]; the next request has a new connection.
    pub async fn get(&mut self, query: &str) -> Result<Answer, Fault> {
        // Taken: what is not put back, as the request failed or was given up, is closed.
        let open = self.open.take().filter(|open| open.used.elapsed() < IDLE);
        let mut sender = match open {
            Some(open) if !open.sender.is_closed() => open.sender,
            _ => within(self.limit, "connecting", self.connect()).await??,
        };
        let answer = self.exchange(&mut sender, query).await?;
        if !sender.is_closed() {
            self.open = Some(Open {
                sender,
                used: Instant::now(),
            });
        }
        Ok(answer)
    }

    async fn exchange(&self, sender: &mut SendRequest<Empty<Bytes>>, query: &str) -> Result<Answer, Fault> {
        let request = self.request(query)?;
        let sent = async {
            sender.ready().await?;
            sender.send_request(request).await
        };
        let response = within(self.limit, "the head of the answer", sent).await?;
        let response = response.map_err(|error| broken(&error))?;
        let mut answer = within(self.limit, "the body of the answer", read(response)).await??;
        self.without_keys(&mut answer);
        Ok(answer)
    }

    /// An upstream may repeat the keys, and what it says is logged and stored.
    fn without_keys(&self, answer: &mut Answer) {
        if let Some(body) = self.keys.cut_from(&answer.body) {
            answer.body = body.into();
        }
        if let Some(to) = answer.headers.get(LOCATION)
            && let Some(to) = self.keys.cut_from(to.as_bytes())
        {
            let to = HeaderValue::from_bytes(&to).unwrap_or(HeaderValue::from_static(""));
            answer.headers.insert(LOCATION, to);
        }
    }

    fn request(&self, query: &str) -> Result<Request<Empty<Bytes>>, Fault> {
        let mut request = Request::get(self.upstream.target(query))
            .header(HOST, self.upstream.authority())
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .header(AUTHORIZATION, &self.keys.authorization);
        if let Some(token) = &self.keys.account_token {
            request = request.header("account-token", token);
        }
        let request = request.body(Empty::new());
        request.map_err(|error| Fault::Broken(error.to_string()))
    }

    async fn connect(&self) -> Result<SendRequest<Empty<Bytes>>, Fault> {
        let address = (self.upstream.host(), self.upstream.port());
        let stream = TcpStream::connect(address).await.map_err(Fault::Connect)?;
        // Only a hint: without it an answer may take longer.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return shake_hands(stream).await;
        };
        let name = ServerName::try_from(self.upstream.host().to_owned());
        let name = name.map_err(|error| Fault::Connect(std::io::Error::other(error)))?;
        shake_hands(tls.connect(name, stream).await.map_err(Fault::Connect)?).await
    }
}

async fn shake_hands<S>(stream: S) -> Result<SendRequest<Empty<Bytes>>, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(&error))?;
    // It ends with its sender; what went wrong, the request says.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

async fn within<T>(limit: Duration, what: &'static str, work: impl Future<Output = T>) -> Result<T, Fault> {
    timeout(limit, work).await.map_err(|_| Fault::Late(what, limit))
}

async fn read(response: Response<Incoming>) -> Result<Answer, Fault> {
    let (head, mut body) = response.into_parts();
    let mut read = BytesMut::new();
    if let Some(encoding) = head.headers.get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Fault::Encoded(encoding.as_bytes().escape_ascii().to_string()));
    }
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if read.len() + data.len() > MAX_BODY_BYTES {
            return Err(Fault::TooLong);
        }
        read.extend_from_slice(data);
    }
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: read.freeze(),
    })
}

/// With its cause, which is what says something.
fn broken(error: &hyper::Error) -> Fault {
    let cause = std::error::Error::source(error);
    Fault::Broken(cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")))
}

fn connector(authorities: Option<&[u8]>) -> Result<TlsConnector, AuthorityError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(AuthorityError::Pem)?;
                roots.add(certificate).map_err(AuthorityError::Certificate)?;
            }
            if roots.is_empty() {
                let none = rustls::Error::General("there is none".to_owned());
                return Err(AuthorityError::Certificate(none));
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(AuthorityError::Certificate)?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
