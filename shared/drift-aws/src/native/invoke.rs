//! A request through the SDK's orchestrator: signed, sent, retried, timed out as a typed client's is.

use aws_credential_types::{Credentials as Keys, provider::SharedCredentialsProvider};
use aws_runtime::{
    auth::{SigV4OperationSigningConfig, sigv4},
    invocation_id::InvocationIdInterceptor,
    recursion_detection::RecursionDetectionInterceptor,
    request_info::RequestInfoInterceptor,
    retries::classifiers::AwsErrorCodeClassifier,
    service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor},
    user_agent::{ApiMetadata, UserAgentInterceptor},
};
use aws_smithy_runtime::client::{
    identity::IdentityCache,
    orchestrator::operation::Operation,
    retries::classifiers::{HttpStatusCodeClassifier, ModeledAsRetryableClassifier, TransientErrorClassifier},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        auth::{
            AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
            static_resolver::StaticAuthSchemeOptionResolver,
        },
        identity::SharedIdentityResolver,
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        result::SdkError,
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::StaticRuntimePlugin,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::Layer, error::display::DisplayErrorContext, retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{
    SdkConfig, SigningName,
    region::{Region, SigningRegion},
};
use serde_json::Value;

use super::{
    Call,
    answer::{Response, Undecodable, decode},
    endpoint::Endpoint,
    refusal::Refusal,
    request::Request,
};

/// A request that brought no answer of the modelled kind.
pub(super) enum Failure {
    /// The service said no.
    Refused(Refusal),
    /// Nothing came back; why.
    NoAnswer(String),
}

type Answer = Result<Value, Undecodable>;

/// Sends a request. The outer error is the service's or the network's, the inner one an answer that is not what the model says.
pub(super) async fn invoke(config: &SdkConfig, call: Call, endpoint: &Endpoint, keys: &Keys, request: Request) -> Result<Answer, Failure> {
    let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let time_limits = config.timeout_config().cloned().unwrap_or_else(|| TimeoutConfig::builder().build());
    let mut builder = Operation::builder()
        .service_name(call.service_name)
        .operation_name(call.name)
        .endpoint_url(&endpoint.url)
        .standard_retry(&retries)
        .timeout_config(time_limits)
        .with_connection_poisoning()
        .retry_classifier(TransientErrorClassifier::<Refusal>::new())
        .retry_classifier(ModeledAsRetryableClassifier::<Refusal>::new())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
        .retry_classifier(ServiceClockSkewClassifier::<Refusal>::new())
        .interceptor(ServiceClockSkewInterceptor::new())
        .interceptor(RequestInfoInterceptor::new())
        .interceptor(UserAgentInterceptor::new())
        .interceptor(InvocationIdInterceptor::new())
        .interceptor(RecursionDetectionInterceptor::new())
        .runtime_plugin(signing(config, call, endpoint, keys));
    if let Some(version) = config.behavior_version() {
        builder = builder.behavior_version(version);
    }
    if let Some(http) = config.http_client() {
        builder = builder.http_client(http);
    }
    if let Some(sleep) = config.sleep_impl() {
        builder = builder.sleep_impl(sleep);
    }
    if let Some(time) = config.time_source() {
        builder = builder.time_source(time);
    }
    #[expect(clippy::result_large_err, reason = "the type is the SDK's")]
    let operation =
        builder.serializer(|request: Request| http_request(&request)).deserializer(move |response| read(call, response)).build();
    operation.invoke(request).await.map_err(failure)
}

fn signing(config: &SdkConfig, call: Call, endpoint: &Endpoint, keys: &Keys) -> StaticRuntimePlugin {
    let mut layer = Layer::new("untyped call");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(ApiMetadata::new(&call.service.id, env!("CARGO_PKG_VERSION")));
    if let Some(name) = config.app_name() {
        layer.store_put(name.clone());
    }
    let mut signing = SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(Region::new(endpoint.region.clone()))),
        name: Some(SigningName::from_static(&call.service.signing)),
        ..SigV4OperationSigningConfig::default()
    };
    if call.service_name == "s3" {
        // S3 signs the path as it is sent, and the body's hash in a header.
        signing.signing_options.double_uri_encode = false;
        signing.signing_options.normalize_uri_path = false;
        signing.signing_options.content_sha256_header = true;
    }
    layer.store_put(signing);
    let components = RuntimeComponentsBuilder::new("untyped call")
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(StaticAuthSchemeOptionResolver::new(vec![
            sigv4::SCHEME_ID,
        ]))))
        .with_auth_scheme(SharedAuthScheme::new(sigv4::SigV4AuthScheme::new()))
        .with_identity_cache(Some(IdentityCache::no_cache()))
        .with_identity_resolver(sigv4::SCHEME_ID, SharedIdentityResolver::new(SharedCredentialsProvider::new(keys.clone())));
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

fn http_request(request: &Request) -> Result<HttpRequest, BoxError> {
    let mut built = http::Request::builder().method(request.method.as_str()).uri(&request.target);
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    if !request.body.is_empty() {
        built = built.header(http::header::CONTENT_LENGTH, request.body.len());
    }
    Ok(built.body(SdkBody::from(request.body.as_str()))?.try_into()?)
}

#[expect(clippy::result_large_err, reason = "the type is the SDK's")]
fn read(call: Call, response: &HttpResponse) -> Result<Answer, OrchestratorError<Refusal>> {
    let response = Response {
        status: response.status().as_u16(),
        headers: response.headers().iter().collect(),
        body: response.body().bytes().unwrap_or_default(),
    };
    if !(200..300).contains(&response.status) {
        return Err(OrchestratorError::operation(Refusal::read(call.service, &response)));
    }
    Ok(decode(call.service, call.operation, &response))
}

fn failure(error: SdkError<Refusal, HttpResponse>) -> Failure {
    match error {
        SdkError::ServiceError(refused) => Failure::Refused(refused.into_err()),
        SdkError::TimeoutError(_) => Failure::NoAnswer("no answer in time".to_owned()),
        SdkError::DispatchFailure(failure) => {
            let why = failure.as_connector_error().map_or_else(String::new, |error| DisplayErrorContext(error).to_string());
            // The context repeats the error in its debug form, which is of use to nobody who reads a verdict.
            Failure::NoAnswer(format!("cannot be reached: {}", why.split(" (").next().unwrap_or_default()))
        }
        other => Failure::NoAnswer(DisplayErrorContext(&other).to_string()),
    }
}
