//! Credentials by account, each shown by `sts:GetCallerIdentity` to belong to it.
//!
//! A read with another account's credentials finds nothing and proves nothing, so no reader gets credentials any other way.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::{
    Credentials as Keys,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_types::{SdkConfig, region::Region};
use drift_catalog::shapes;
use drift_engine::ports::Credentials;
use drift_model::{Place, Reason, ReasonKind};
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use crate::native::Call;

/// How to get into accounts that the default credentials are not of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRole {
    /// The role's ARN with `{partition}` and `{account}`: `arn:{partition}:iam::{account}:role/driftwire-read`.
    pub arn: String,
    /// What the role's trust policy asks for, where it does.
    pub external_id: Option<String>,
}

/// A partition, and an account in it.
type Account = (String, String);

/// The accounts that can be read: the one of the default chain (environment, profile, SSO, the function's role), and those that a
/// role is assumed in. Proofs are kept for as long as the credentials that they are of.
#[derive(Debug)]
pub struct Accounts {
    config: SdkConfig,
    role: Option<AssumedRole>,
    default: Mutex<Held>,
    assumed: Mutex<BTreeMap<Account, Arc<Mutex<Held>>>>,
}

/// Before they end, credentials are asked for anew.
const BEFORE_THEY_END: Duration = Duration::from_mins(5);
/// For how long a failure stands, so that a thousand instances do not wait for the same time-out a thousand times.
const FAILURE_STANDS: Duration = Duration::from_secs(20);

/// Credentials and what is known of them.
#[derive(Debug, Default)]
struct Held {
    proven: Option<Proven>,
    failed: Option<(Instant, Reason)>,
}

/// Credentials with the account that STS says they are of.
#[derive(Clone, Debug)]
struct Proven {
    keys: Keys,
    account: String,
}

impl Accounts {
    /// The accounts of the configuration's credentials, and of a role where one is given.
    #[must_use]
    pub fn new(config: SdkConfig, role: Option<AssumedRole>) -> Self {
        Self { config, role, default: Mutex::default(), assumed: Mutex::default() }
    }

    /// The account that the default credentials are of. `place` says which partition and region to ask in.
    ///
    /// # Errors
    /// Why that is not known.
    pub async fn default_account(&self, place: &Place) -> Result<String, Reason> {
        Ok(self.default(place).await?.account)
    }

    async fn default(&self, place: &Place) -> Result<Proven, Reason> {
        let provider = self.config.credentials_provider();
        hold(&mut *self.default.lock().await, &self.config, provider, place).await
    }

    async fn assumed(&self, role: &AssumedRole, place: &Place) -> Result<Proven, Reason> {
        let held = {
            let mut assumed = self.assumed.lock().await;
            Arc::clone(assumed.entry((place.partition.clone(), place.account.clone())).or_default())
        };
        let arn = role.arn.replace("{partition}", &place.partition).replace("{account}", &place.account);
        let mut provider = AssumeRoleProvider::builder(&arn).session_name("driftwire").configure(&self.config).region(sts_region(place));
        if let Some(id) = &role.external_id {
            provider = provider.external_id(id);
        }
        let provider = match self.config.credentials_provider() {
            Some(base) => Some(SharedCredentialsProvider::new(provider.build_from_provider(base).await)),
            None => None,
        };
        let mut held = held.lock().await;
        hold(&mut held, &self.config, provider, place)
            .await
            .map_err(|reason| Reason { message: format!("{arn} cannot be assumed: {}", reason.message), ..reason })
    }
}

impl Credentials for Accounts {
    type Given = Keys;

    async fn of(&self, place: &Place) -> Result<Keys, Reason> {
        let default = self.default(place).await;
        match (&default, &self.role) {
            (Ok(proven), _) if proven.account == place.account => return Ok(proven.keys.clone()),
            (_, None) => {}
            (Err(reason), Some(_)) => return Err(reason.clone()),
            (Ok(_), Some(role)) => {
                let proven = self.assumed(role, place).await?;
                if proven.account == place.account {
                    return Ok(proven.keys);
                }
                return Err(wrong_account(&proven.account, place, "the role that is assumed is in another account: correct its ARN"));
            }
        }
        let proven = default?;
        Err(wrong_account(&proven.account, place, "use a profile of that account, or configure a role to assume in it"))
    }
}

fn wrong_account(account: &str, place: &Place, advice: &str) -> Reason {
    Reason {
        kind: ReasonKind::WrongAccount,
        message: format!("the credentials at hand are of account {account}, and this lives in account {}: {advice}", place.account),
    }
}

/// The held credentials while they last, else new ones with their proof.
async fn hold(held: &mut Held, config: &SdkConfig, provider: Option<SharedCredentialsProvider>, place: &Place) -> Result<Proven, Reason> {
    let now = config.time_source().map_or(SystemTime::UNIX_EPOCH, |time| time.now());
    if let Some(proven) = held.proven.as_ref().filter(|proven| proven.keys.expiry().is_none_or(|end| end > now + BEFORE_THEY_END)) {
        return Ok(proven.clone());
    }
    if let Some((_, reason)) = held.failed.as_ref().filter(|(since, _)| since.elapsed() < FAILURE_STANDS) {
        return Err(reason.clone());
    }
    match prove(config, provider, place).await {
        Ok(proven) => {
            *held = Held { proven: Some(proven.clone()), failed: None };
            Ok(proven)
        }
        Err(reason) => {
            *held = Held { proven: None, failed: Some((Instant::now(), reason.clone())) };
            Err(reason)
        }
    }
}

async fn prove(config: &SdkConfig, provider: Option<SharedCredentialsProvider>, place: &Place) -> Result<Proven, Reason> {
    let provider = provider.ok_or_else(|| Reason { kind: ReasonKind::AccessDenied, message: NO_CREDENTIALS.to_owned() })?;
    let keys = provider.provide_credentials().await.map_err(|error| not_given(&error))?;
    let whose = |kind, why: String| Reason { kind, message: format!("whose credentials these are is not known: {why}") };
    let call = Call::find("sts", "GetCallerIdentity").map_err(|error| whose(error.kind.into(), error.to_string()))?;
    let answer = call.make(config, &keys, place, &json!({})).await.map_err(|error| whose(error.kind.into(), error.to_string()))?;
    match answer["Account"].as_str() {
        Some(account) => Ok(Proven { keys, account: account.to_owned() }),
        None => Err(whose(ReasonKind::Error, "sts:GetCallerIdentity answers without an account".to_owned())),
    }
}

const NO_CREDENTIALS: &str =
    "there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`";

fn not_given(error: &CredentialsError) -> Reason {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Reason { kind: ReasonKind::AccessDenied, message: NO_CREDENTIALS.to_owned() },
        other => Reason { kind: ReasonKind::Error, message: format!("no AWS credentials: {}", DisplayErrorContext(other)) },
    }
}

/// STS answers in every region; one of the place's own partition.
fn sts_region(place: &Place) -> Region {
    let global = || shapes::partition(&place.partition).map(|partition| partition.global_region.clone()).unwrap_or_default();
    Region::new(if place.is_global() { global() } else { place.region.clone() })
}
