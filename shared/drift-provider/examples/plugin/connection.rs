use std::{
    io,
    net::Shutdown,
    os::unix::net::UnixStream as Socket,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{
    StreamExt as _,
    channel::mpsc::{self, UnboundedSender},
    stream::Stream,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{UnixListener, UnixStream},
};
use tokio_rustls::TlsAcceptor;
use tonic::transport::server::Connected;

use crate::say;

/// The connection that a call came by, to be cut.
#[derive(Clone, Debug)]
pub(crate) struct Line(Arc<Socket>);

impl Line {
    pub(crate) fn cut(&self) {
        // It may be cut already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A client's connection, encrypted or not.
pub(crate) struct Connection {
    stream: Box<dyn Duplex>,
    line: Line,
}

/// The connections of that listener, each once its handshake is done.
pub(crate) fn connections(listener: UnixListener, tls: Option<ServerConfig>) -> impl Stream<Item = io::Result<Connection>> {
    let (sender, receiver) = mpsc::unbounded();
    tokio::spawn(accept(listener, tls.map(|config| TlsAcceptor::from(Arc::new(config))), sender));
    receiver.map(Ok)
}

async fn accept(listener: UnixListener, tls: Option<TlsAcceptor>, sender: UnboundedSender<Connection>) {
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => return say(&format!("the test plugin does not listen any more: {error}")),
        };
        let (tls, sender) = (tls.clone(), sender.clone());
        tokio::spawn(async move {
            match shake(socket, tls).await {
                // Nobody takes connections from a server that has ended.
                Ok(connection) => drop(sender.unbounded_send(connection)),
                Err(error) => say(&format!("the test plugin refuses a connection: {error}")),
            }
        });
    }
}

async fn shake(socket: UnixStream, tls: Option<TlsAcceptor>) -> io::Result<Connection> {
    let socket = socket.into_std()?;
    let line = Line(Arc::new(socket.try_clone()?));
    let socket = UnixStream::from_std(socket)?;
    let Some(tls) = tls else { return Ok(Connection { stream: Box::new(socket), line }) };
    let stream = tls.accept(socket).await?;
    // grpc-go refuses a peer that did not agree on HTTP/2.
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(io::Error::other("it did not ask for h2 (ALPN)"));
    }
    Ok(Connection { stream: Box::new(stream), line })
}

impl Connected for Connection {
    type ConnectInfo = Line;

    fn connect_info(&self) -> Line {
        self.line.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
