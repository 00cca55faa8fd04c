use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    mem,
    path::PathBuf,
    pin::Pin,
    process,
    sync::{Arc, atomic::AtomicU64},
    task::{Context, Poll},
};

use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use prost::Message;
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, ServerStreamingService, UnaryService},
};
use tonic_prost::ProstCodec;

use crate::{calls::Call, connection::Line, journal, messages::Stdio, proto::Empty, world::World};

/// What is sent is not bounded; a client may bound what it takes.
const MOST_TAKEN: usize = 512 << 20;

/// The services `Provider` (of one version of the protocol), `GRPCController` and `GRPCStdio`.
#[derive(Clone)]
pub(crate) struct Provider {
    world: Arc<PathBuf>,
    protocol: u32,
    /// How many reads this process has answered.
    reads: Arc<AtomicU64>,
}

type Answer = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

impl Provider {
    pub(crate) fn new(world: PathBuf, protocol: u32) -> Self {
        Self { world: Arc::new(world), protocol, reads: Arc::default() }
    }

    async fn route(self, request: http::Request<Body>) -> http::Response<Body> {
        let path = request.uri().path().to_owned();
        let Some(line) = request.extensions().get::<Line>().cloned() else {
            return Status::internal("a call without a connection").into_http();
        };
        let world = match World::load(&self.world) {
            Ok(world) => world,
            Err(error) => return Status::internal(format!("the test's world: {error}")).into_http(),
        };
        let of_provider = format!("/tfplugin{}.Provider/", self.protocol);
        let call = Call { world, line, reads: self.reads };
        match (path.strip_prefix(&of_provider), self.protocol) {
            (Some("GetSchema"), 5) | (Some("GetProviderSchema"), 6) => unary(request, |_: Empty| call.schemas(self.protocol)).await,
            (Some("Configure"), 5) | (Some("ConfigureProvider"), 6) => unary(request, |asked| call.configure(asked)).await,
            (Some("UpgradeResourceState"), _) => unary(request, |asked| call.upgrade(asked)).await,
            (Some("ReadResource"), _) => unary(request, |asked| call.read(asked)).await,
            (Some("GetResourceIdentitySchemas"), _) if call.world.has_identities() => {
                unary(request, |_: Empty| ready(Ok(call.identity_schemas()))).await
            }
            (Some("UpgradeResourceIdentity"), _) if call.world.has_identities() => {
                unary(request, |asked| ready(Ok(call.upgrade_identity(&asked)))).await
            }
            (Some("Stop"), 5) | (Some("StopProvider"), 6) => unary(request, |_: Empty| call.stop()).await,
            _ if path == "/plugin.GRPCController/Shutdown" => shutdown(call).await,
            _ if path == "/plugin.GRPCStdio/StreamStdio" => stdio(request, call.world).await,
            _ => {
                journal::note(call.world.journal.as_ref(), &path, serde_json::json!({}));
                Status::unimplemented(format!("unknown method {path}")).into_http()
            }
        }
    }
}

impl tower_service::Service<http::Request<Body>> for Provider {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Answer {
        let this = self.clone();
        Box::pin(async { Ok(this.route(request).await) })
    }
}

/// Ends the process before anything is answered: go-plugin stops its server in the midst of this call.
async fn shutdown(call: Call) -> http::Response<Body> {
    journal::note(call.world.journal.as_ref(), "Shutdown", serde_json::json!({}));
    if call.world.stubborn {
        std::future::pending::<()>().await;
    }
    call.line.cut();
    process::exit(0)
}

async fn stdio(request: http::Request<Body>, world: World) -> http::Response<Body> {
    Grpc::new(ProstCodec::default()).server_streaming(Written(world.stdio), request).await
}

async fn unary<Q, A, F, Fut>(request: http::Request<Body>, answer: F) -> http::Response<Body>
where
    Q: Message + Default + Send + 'static,
    A: Message + Default + Send + 'static,
    F: FnOnce(Q) -> Fut,
    Fut: Future<Output = Result<A, Status>> + Send + 'static,
{
    Grpc::new(ProstCodec::default()).max_decoding_message_size(MOST_TAKEN).unary(Once(Some(answer)), request).await
}

/// Answers one call.
struct Once<F>(Option<F>);

impl<Q, A, F, Fut> UnaryService<Q> for Once<F>
where
    F: FnOnce(Q) -> Fut,
    Fut: Future<Output = Result<A, Status>> + Send + 'static,
{
    type Response = A;
    type Future = Pin<Box<dyn Future<Output = Result<Response<A>, Status>> + Send>>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let answer = self.0.take().map(|answer| answer(request.into_inner()));
        Box::pin(async {
            match answer {
                Some(answer) => answer.await.map(Response::new),
                None => Err(Status::internal("a call was answered before")),
            }
        })
    }
}

/// What the process wrote: all at once, and no end before that of the process.
struct Written(Vec<String>);

impl ServerStreamingService<Empty> for Written {
    type Response = Stdio;
    type ResponseStream = BoxStream<'static, Result<Stdio, Status>>;
    type Future = Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<Empty>) -> Self::Future {
        let written = mem::take(&mut self.0).into_iter().map(|line| Ok(Stdio { channel: 2, data: format!("{line}\n").into_bytes() }));
        ready(Ok(Response::new(stream::iter(written).chain(stream::pending()).boxed())))
    }
}
