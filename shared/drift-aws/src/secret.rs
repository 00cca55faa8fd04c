//! Secrets that a function is told by their ARN: of Secrets Manager, or a parameter of SSM.

use std::{fmt, str::FromStr};

use aws_credential_types::provider::ProvideCredentials;
use aws_types::SdkConfig;
use drift_catalog::{CallError, CallErrorKind};
use drift_engine::ports::PortError;
use drift_model::Place;
use serde_json::{Value, json};

use crate::native::Call;

/// Which secret: `arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-AbCdEf` or
/// `arn:aws:ssm:eu-west-1:111122223333:parameter/driftwire/slack`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretArn {
    arn: String,
    place: Place,
    kept_in: KeptIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeptIn {
    SecretsManager,
    ParameterStore,
}

/// Not the ARN of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither the ARN of a secret of Secrets Manager nor of a parameter of SSM")]
pub struct SecretArnError;

impl FromStr for SecretArn {
    type Err = SecretArnError;

    fn from_str(arn: &str) -> Result<Self, Self::Err> {
        let arn = arn.trim();
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else { return Err(SecretArnError) };
        let kept_in = match service {
            "secretsmanager" if resource.starts_with("secret:") => KeptIn::SecretsManager,
            "ssm" if resource.starts_with("parameter/") => KeptIn::ParameterStore,
            _ => return Err(SecretArnError),
        };
        if [partition, region, account].contains(&"") {
            return Err(SecretArnError);
        }
        Ok(Self { arn: arn.to_owned(), place: Place::new(partition, account, region), kept_in })
    }
}

impl fmt::Display for SecretArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

impl SecretArn {
    fn service(&self) -> &'static str {
        match self.kept_in {
            KeptIn::SecretsManager => "secretsmanager",
            KeptIn::ParameterStore => "ssm",
        }
    }

    fn operation(&self) -> &'static str {
        match self.kept_in {
            KeptIn::SecretsManager => "GetSecretValue",
            KeptIn::ParameterStore => "GetParameter",
        }
    }

    fn input(&self) -> Value {
        match self.kept_in {
            KeptIn::SecretsManager => json!({"SecretId": self.arn}),
            KeptIn::ParameterStore => json!({"Name": self.arn, "WithDecryption": true}),
        }
    }

    fn text_of(&self, answer: &Value) -> Option<String> {
        let path = match self.kept_in {
            KeptIn::SecretsManager => "/SecretString",
            KeptIn::ParameterStore => "/Parameter/Value",
        };
        answer.pointer(path)?.as_str().map(str::to_owned)
    }

    fn failed(&self, why: String) -> PortError {
        PortError::Retryable { what: format!("reading the secret {self}"), why }
    }

    fn refused(&self, error: &CallError) -> PortError {
        let advice = match error.kind {
            CallErrorKind::AccessDenied => format!(
                "; allow {}:{} on {self} to the identity that Driftwire runs as, and kms:Decrypt on its key where it has one of its own",
                self.service(),
                self.operation()
            ),
            CallErrorKind::Service => format!("; is {self} there, and not about to be deleted?"),
            _ => String::new(),
        };
        self.failed(format!("{error}{advice}"))
    }
}

/// Reads secrets with the program's own credentials, wherever they are kept: a secret of another account is read where its policy
/// allows it. Keeps nothing.
#[derive(Clone, Debug)]
pub struct Secrets {
    config: SdkConfig,
}

impl Secrets {
    /// With the configuration's credentials.
    #[must_use]
    pub fn new(config: SdkConfig) -> Self {
        Self { config }
    }

    /// The secret's text.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, with its ARN, the action and what to do. All of them can be tried again: what is wrong with a secret is
    /// mended where it is kept, and nobody would mend what waits for it.
    pub async fn read(&self, secret: &SecretArn) -> Result<String, PortError> {
        let provider = self.config.credentials_provider().ok_or_else(|| secret.failed("there are no AWS credentials".to_owned()))?;
        let keys = provider.provide_credentials().await.map_err(|error| secret.failed(format!("no AWS credentials: {error}")))?;
        let call = Call::find(secret.service(), secret.operation()).map_err(|error| secret.refused(&error))?;
        let answer = call.make(&self.config, &keys, &secret.place, &secret.input()).await.map_err(|error| secret.refused(&error))?;
        secret.text_of(&answer).ok_or_else(|| secret.failed("it holds no text: a binary secret cannot be used".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_where_a_secret_is_kept() {
        let secret: SecretArn = "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:slack-AbCdEf".parse().expect("it is one");
        assert_eq!((secret.service(), secret.operation()), ("secretsmanager", "GetSecretValue"));
        assert_eq!(secret.place, Place::new("aws-cn", "111122223333", "cn-north-1"));
        let parameter: SecretArn = "arn:aws:ssm:eu-west-1:111122223333:parameter/driftwire/slack".parse().expect("it is one");
        assert_eq!((parameter.service(), parameter.operation()), ("ssm", "GetParameter"));
        assert_eq!(parameter.input()["WithDecryption"], true);
    }

    #[test]
    fn what_is_no_secrets_arn_is_refused() {
        for arn in [
            "",
            "slack",
            "arn:aws:ssm:eu-west-1:111122223333:document/x",
            "arn:aws:s3:::bucket",
            "arn:aws:secretsmanager:::secret:x",
            "https://hooks.slack.com/services/T/B/x",
        ] {
            assert_eq!(arn.parse::<SecretArn>(), Err(SecretArnError), "{arn}");
        }
    }

    #[test]
    fn what_is_denied_says_what_to_allow_on_what_and_may_succeed_later() {
        let secret: SecretArn = "arn:aws:ssm:eu-west-1:111122223333:parameter/slack".parse().expect("it is one");
        let denied = CallError {
            service: "ssm".to_owned(),
            operation: "GetParameter".to_owned(),
            kind: CallErrorKind::AccessDenied,
            code: "AccessDeniedException".to_owned(),
            status: 400,
            message: "AccessDeniedException: no".to_owned(),
        };
        let PortError::Retryable { what, why } = secret.refused(&denied) else { panic!("it can be tried again") };
        assert_eq!(what, "reading the secret arn:aws:ssm:eu-west-1:111122223333:parameter/slack");
        assert!(why.contains("allow ssm:GetParameter on arn:aws:ssm:eu-west-1:111122223333:parameter/slack"), "{why}");
    }
}
