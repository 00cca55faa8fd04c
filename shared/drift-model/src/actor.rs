use std::fmt;

use serde::{Deserialize, Serialize};

/// Who made a change, named as people would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// What sort of actor it is.
    pub kind: ActorKind,
    /// `alice (Admin)`, `role deploy, session ci-42`, `autoscaling.amazonaws.com for role x`. From the cloud: untrusted text.
    pub name: String,
    /// The tool that the record says made the call. A user agent can be forged: silence is never built on it alone.
    pub tool: Option<Tool>,
    /// Whether the credentials came from the AWS console.
    pub console: bool,
}

/// The sorts of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person's session by IAM Identity Center.
    SsoUser,
    /// An IAM user.
    IamUser,
    /// The account's root user.
    Root,
    /// A role and its session.
    Role,
    /// A federated or web identity.
    Federated,
    /// An AWS service, on somebody's behalf or its own.
    Service,
    /// Another account, by what the record tells of it.
    Account,
    /// A user of what is no part of AWS, by their login there.
    User,
    /// The record does not say.
    Unknown,
}

impl ActorKind {
    /// The name that machines read: `sso_user`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SsoUser => "sso_user",
            Self::IamUser => "iam_user",
            Self::Root => "root",
            Self::Role => "role",
            Self::Federated => "federated",
            Self::Service => "service",
            Self::Account => "account",
            Self::User => "user",
            Self::Unknown => "unknown",
        }
    }
}

/// Tools that manage infrastructure as code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// HashiCorp's Terraform.
    Terraform,
    /// The Linux Foundation's fork of it.
    OpenTofu,
    /// Pulumi.
    Pulumi,
    /// AWS CloudFormation, and the CDK through it.
    CloudFormation,
}

impl Tool {
    /// Whether it writes Terraform states: only then may a change turn out to be an apply's.
    #[must_use]
    pub fn writes_states(self) -> bool {
        matches!(self, Self::Terraform | Self::OpenTofu)
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terraform => "Terraform",
            Self::OpenTofu => "OpenTofu",
            Self::Pulumi => "Pulumi",
            Self::CloudFormation => "CloudFormation",
        })
    }
}
