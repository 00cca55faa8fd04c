//! The calls of the plugin protocol, over one socket.

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Uri, uri::PathAndQuery};
use hyper_util::rt::TokioIo;
use prost::Message;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::UnixStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::{
    Request, Status,
    client::Grpc,
    transport::{Channel, Endpoint, Error},
};
use tonic_prost::ProstCodec;
use tower_service::Service;

use crate::{
    handshake::Protocol,
    proto::{
        ConfigureRequest, ConfigureResponse, Empty, ReadRequest, ReadResponse, SchemasResponse, StdioData, StopResponse,
        UpgradeIdentityRequest, UpgradeIdentityResponse, UpgradeRequest, UpgradeResponse,
    },
};

/// Larger answers than this are refused. Terraform's own limit (`grpcMaxMessageSize` in its `internal/plugin/client.go`).
const LARGEST_ANSWER: usize = 64 << 20;

/// So much may be on its way at a time: schemas and states are larger than HTTP/2's 64 KB.
const WINDOW: u32 = 4 << 20;

/// The calls of one plugin.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    channel: Channel,
    protocol: Protocol,
}

impl Client {
    /// Connects to the plugin that listens on `socket`. A connection that breaks is made anew at the next call.
    pub(crate) async fn connect(socket: &Path, tls: ClientConfig, protocol: Protocol) -> Result<Self, Error> {
        let connector = Connector { socket: socket.to_owned(), tls: TlsConnector::from(Arc::new(tls)) };
        // Nobody resolves the name: the connector knows the socket.
        let endpoint = Endpoint::from_static("http://localhost").initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
        let channel = endpoint.connect_with_connector(connector).await?;
        Ok(Self { channel, protocol })
    }

    pub(crate) const fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(crate) async fn schemas(&self) -> Result<SchemasResponse, Status> {
        self.call(["/tfplugin5.Provider/GetSchema", "/tfplugin6.Provider/GetProviderSchema"], Empty {}).await
    }

    pub(crate) async fn configure(&self, request: ConfigureRequest) -> Result<ConfigureResponse, Status> {
        self.call(["/tfplugin5.Provider/Configure", "/tfplugin6.Provider/ConfigureProvider"], request).await
    }

    pub(crate) async fn upgrade(&self, request: UpgradeRequest) -> Result<UpgradeResponse, Status> {
        self.call(["/tfplugin5.Provider/UpgradeResourceState", "/tfplugin6.Provider/UpgradeResourceState"], request).await
    }

    pub(crate) async fn upgrade_identity(&self, request: UpgradeIdentityRequest) -> Result<UpgradeIdentityResponse, Status> {
        self.call(["/tfplugin5.Provider/UpgradeResourceIdentity", "/tfplugin6.Provider/UpgradeResourceIdentity"], request).await
    }

    pub(crate) async fn read(&self, request: ReadRequest) -> Result<ReadResponse, Status> {
        self.call(["/tfplugin5.Provider/ReadResource", "/tfplugin6.Provider/ReadResource"], request).await
    }

    /// Asks it to break off what it is doing.
    pub(crate) async fn stop(&self) -> Result<StopResponse, Status> {
        self.call(["/tfplugin5.Provider/Stop", "/tfplugin6.Provider/StopProvider"], Empty {}).await
    }

    /// Asks it to end.
    pub(crate) async fn shut_down(&self) -> Result<Empty, Status> {
        self.call(["/plugin.GRPCController/Shutdown"; 2], Empty {}).await
    }

    /// Takes what the plugin prints while it serves, for as long as it does, and forgets it: it may hold anything, and a pipe that
    /// nobody empties would bring it to a halt.
    pub(crate) async fn forget_output(&self) {
        let path = PathAndQuery::from_static("/plugin.GRPCStdio/StreamStdio");
        let mut grpc = Grpc::new(self.channel.clone());
        if grpc.ready().await.is_err() {
            return;
        }
        let codec = ProstCodec::<Empty, StdioData>::default();
        if let Ok(answer) = grpc.server_streaming(Request::new(Empty {}), path, codec).await {
            let mut output = answer.into_inner();
            while matches!(output.message().await, Ok(Some(_))) {}
        }
    }

    async fn call<Q, A>(&self, paths: [&'static str; 2], request: Q) -> Result<A, Status>
    where
        Q: Message + Default + 'static,
        A: Message + Default + 'static,
    {
        let path = match self.protocol {
            Protocol::V5 => paths[0],
            Protocol::V6 => paths[1],
        };
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(LARGEST_ANSWER);
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let answer = grpc.unary(Request::new(request), PathAndQuery::from_static(path), ProstCodec::default()).await?;
        Ok(answer.into_inner())
    }
}

/// Connects to a unix socket and speaks TLS on it, whatever the address says.
#[derive(Clone)]
struct Connector {
    socket: PathBuf,
    tls: TlsConnector,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TlsStream<UnixStream>>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let Self { socket, tls } = self.clone();
        Box::pin(async move {
            let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
            let stream = tls.connect(name, UnixStream::connect(&socket).await?).await?;
            Ok(TokioIo::new(stream))
        })
    }
}
