use drift_model::{Actor, ActorKind, Tool};

use crate::fields::{Fields, Identity};

/// Names come from the cloud; longer ones are cut here, in characters.
const LONGEST_NAME: usize = 256;

/// Who made a call, named as people would.
pub(crate) fn of(fields: &Fields<'_>) -> Actor {
    let identity = &fields.identity;
    let agent = fields.user_agent.as_deref().unwrap_or_default();
    let service = invoking_service(identity, fields.source_address.as_deref());
    let (kind, name) = match (principal(identity), service) {
        (Some((_, behind)), Some(service)) => (ActorKind::Service, format!("{service} for {behind}")),
        (Some(principal), None) => principal,
        (None, Some(service)) => (ActorKind::Service, service.to_owned()),
        (None, None) => (ActorKind::Unknown, "unknown".to_owned()),
    };
    Actor {
        kind,
        name: name.chars().take(LONGEST_NAME).collect(),
        tool: tool(agent, identity.invoked_by.as_deref()),
        console: fields.from_console || (service.is_none() && is_console(agent)),
    }
}

/// The actor of what is no record.
pub(crate) fn unknown() -> Actor {
    Actor { kind: ActorKind::Unknown, name: "unknown".to_owned(), tool: None, console: false }
}

/// The service that made the call, on somebody's behalf or its own: `autoscaling.amazonaws.com`.
fn invoking_service<'a>(identity: &'a Identity<'_>, source_address: Option<&'a str>) -> Option<&'a str> {
    let named = identity.invoked_by.as_deref().filter(|name| is_service(name));
    // A service's own events may have no identity but an account; then the address is the service's name.
    let silent = matches!(identity.kind.as_deref(), None | Some("AWSService")) && identity.arn.is_none();
    named.or_else(|| source_address.filter(|address| silent && is_service(address)))
}

/// `AWS Internal` is no service: the console's calls carry it too.
fn is_service(name: &str) -> bool {
    name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn") || name.ends_with(".aws.internal")
}

/// Whose credentials made the call.
fn principal(identity: &Identity<'_>) -> Option<(ActorKind, String)> {
    let user_name = identity.user_name.as_deref().filter(|name| !name.is_empty());
    let last_of_arn = || identity.arn.as_deref().and_then(|arn| arn.rsplit('/').next()).filter(|name| !name.is_empty());
    let last_of_principal = || identity.principal.as_deref().and_then(|id| id.rsplit(':').next()).filter(|name| !name.is_empty());
    let named = |kind, name: Option<&str>| Some((kind, name.map_or_else(|| kind_alone(kind), str::to_owned)));
    match identity.kind.as_deref().unwrap_or_default() {
        "AssumedRole" | "Role" => Some(session(identity)),
        "IAMUser" | "User" => named(ActorKind::IamUser, user_name.or_else(last_of_arn).or_else(last_of_principal)),
        "Root" => named(ActorKind::Root, None),
        "IdentityCenterUser" => named(ActorKind::SsoUser, user_name.or(identity.on_behalf_of.as_deref()).or_else(last_of_principal)),
        "FederatedUser" => named(ActorKind::Federated, last_of_arn().or_else(last_of_principal).or(user_name)),
        "SAMLUser" | "WebIdentityUser" => {
            let who = user_name.or_else(last_of_principal).unwrap_or("federated identity");
            let by = identity.provider.as_deref().map(|provider| format!(" ({provider})")).unwrap_or_default();
            Some((ActorKind::Federated, format!("{who}{by}")))
        }
        "AWSAccount" => named(ActorKind::Account, identity.account.as_deref().map(|id| format!("account {id}")).as_deref()),
        "" | "AWSService" => None,
        _ => user_name.or_else(last_of_arn).or_else(last_of_principal).map(|name| (ActorKind::Unknown, name.to_owned())),
    }
}

fn kind_alone(kind: ActorKind) -> String {
    kind.name().replace('_', " ")
}

/// A role's session; one of IAM Identity Center is its user with the permission set.
fn session(identity: &Identity<'_>) -> (ActorKind, String) {
    let (_, resource) = identity.arn.as_deref().and_then(|arn| arn.rsplit_once(':')).unwrap_or_default();
    let mut parts = resource.split('/').skip(1);
    let (role, session) = match (parts.next(), parts.last()) {
        (Some(role), Some(session)) => (Some(role), Some(session)),
        (role, _) => {
            (identity.issuer_name.as_deref().or(role), identity.principal.as_deref().and_then(|id| id.split_once(':')).map(|(_, s)| s))
        }
    };
    let Some(role) = role.filter(|role| !role.is_empty()) else { return (ActorKind::Role, kind_alone(ActorKind::Role)) };
    match (permission_set(role), session.filter(|session| !session.is_empty())) {
        (Some(set), Some(user)) => (ActorKind::SsoUser, format!("{user} ({set})")),
        (Some(set), None) => (ActorKind::SsoUser, format!("somebody ({set})")),
        (None, Some(session)) => (ActorKind::Role, format!("role {role}, session {session}")),
        (None, None) => (ActorKind::Role, format!("role {role}")),
    }
}

/// `Admin` of `AWSReservedSSO_Admin_0123456789abcdef`.
fn permission_set(role: &str) -> Option<&str> {
    let rest = role.strip_prefix("AWSReservedSSO_")?;
    Some(match rest.rsplit_once('_') {
        Some((set, hash)) if !set.is_empty() && hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => set,
        _ => rest,
    })
}

/// The tool by its mark anywhere in the agent (S3 puts brackets around, SDKs put themselves before), or by who invoked.
fn tool(agent: &str, invoked_by: Option<&str>) -> Option<Tool> {
    const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";
    // OpenTofu and Pulumi first: both drive HashiCorp's provider, whose mark follows theirs.
    const MARKS: [(&str, Tool); 6] = [
        ("OpenTofu", Tool::OpenTofu),
        ("Pulumi", Tool::Pulumi),
        ("Terraform/", Tool::Terraform),
        ("terraform-provider-aws/", Tool::Terraform),
        ("HashiCorp-terraform-exec", Tool::Terraform),
        (CLOUDFORMATION, Tool::CloudFormation),
    ];
    let by_agent = MARKS.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, tool)| *tool);
    by_agent.or_else(|| (invoked_by == Some(CLOUDFORMATION)).then_some(Tool::CloudFormation))
}

fn is_console(agent: &str) -> bool {
    const MARKS: [&str; 7] =
        ["AWS CloudWatch Console", "AWS Internal", "Mozilla/", "S3Console/", "aws.internal", "console.", "signin.amazonaws.com"];
    MARKS.iter().any(|mark| agent.contains(mark))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
    fn actor(record: Value) -> String {
        let text = record.to_string();
        let actor = of(&Fields::of(text.as_bytes()).expect("an object"));
        let tool = actor.tool.map(|tool| format!(" by {tool}")).unwrap_or_default();
        format!("{}: {}{tool}{}", actor.kind.name(), actor.name, if actor.console { " in the console" } else { "" })
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a case reads as one expression")]
    fn check(identity: Value, expected: &str) {
        assert_eq!(actor(json!({ "userIdentity": identity })), expected);
    }

    #[test]
    fn people_are_named_as_people_name_them() {
        let sso = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Power_User_0123456789abcdef/alice@example.com";
        check(json!({"type": "AssumedRole", "arn": sso}), "sso_user: alice@example.com (Power_User)");
        check(json!({"type": "IAMUser", "userName": "bob", "arn": "arn:aws:iam::1:user/ops/bob"}), "iam_user: bob");
        check(json!({"type": "IAMUser", "arn": "arn:aws:iam::1:user/ops/bob"}), "iam_user: bob");
        check(json!({"type": "Root", "userName": "the account's alias"}), "root: root");
        check(json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}), "sso_user: u-1");
    }

    #[test]
    fn roles_are_named_with_their_session() {
        check(json!({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/deploy/ci-42"}), "role: role deploy, session ci-42");
        check(
            json!({"type": "AssumedRole", "principalId": "AROA:ci", "sessionContext": {"sessionIssuer": {"userName": "deploy"}}}),
            "role: role deploy, session ci",
        );
        check(json!({"type": "AssumedRole", "accountid": "1"}), "role: role");
        check(json!({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/carol"}), "federated: carol");
        check(
            json!({"type": "WebIdentityUser", "userName": "dave", "identityProvider": "accounts.google.com"}),
            "federated: dave (accounts.google.com)",
        );
    }

    #[test]
    fn services_are_named_with_whom_they_act_for() {
        check(
            json!({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling", "invokedBy": "autoscaling.amazonaws.com"}),
            "service: autoscaling.amazonaws.com for role AWSServiceRoleForAutoScaling, session AutoScaling",
        );
        check(json!({"accountId": "1", "invokedBy": "ec2.amazonaws.com"}), "service: ec2.amazonaws.com");
        check(json!({"type": "AWSService", "invokedBy": "secretsmanager.amazonaws.com"}), "service: secretsmanager.amazonaws.com");
        check(json!({"type": "IAMUser", "userName": "eve", "invokedBy": "AWS Internal"}), "iam_user: eve");
        check(
            json!({"type": "IAMUser", "userName": "eve", "invokedBy": "cloudformation.amazonaws.com"}),
            "service: cloudformation.amazonaws.com for eve by CloudFormation",
        );
    }

    #[test]
    fn tools_are_found_anywhere_in_the_agent() {
        for (agent, expected) in [
            ("APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/5.100.0", Some(Tool::Terraform)),
            ("aws-sdk-go/1.29.7 (go1.13.7; darwin; amd64) APN/1.0 HashiCorp/1.0 Terraform/0.12.24", Some(Tool::Terraform)),
            ("[APN/1.0 HashiCorp/1.0 Terraform/1.1.2 ]", Some(Tool::Terraform)),
            ("APN/1.0 OpenTofu/1.9.0 terraform-provider-aws/5.1", Some(Tool::OpenTofu)),
            ("APN/1.0 Pulumi/1.0 Pulumi/1.0 Pulumi-Aws/0.11+compatible", Some(Tool::Pulumi)),
            ("cloudformation.amazonaws.com", Some(Tool::CloudFormation)),
            ("aws-cli/2.17.32 md/command#ec2.stop-instances", None),
        ] {
            assert_eq!(tool(agent, None), expected, "{agent}");
        }
    }

    #[test]
    fn the_console_is_told_by_its_credentials_or_its_agents() {
        for record in [
            json!({"userIdentity": {"type": "Root"}, "sessionCredentialFromConsole": "true"}),
            json!({"userIdentity": {"type": "Root"}, "sessionCredentialFromConsole": true}),
            json!({"userIdentity": {"type": "Root"}, "userAgent": "console.ec2.amazonaws.com"}),
            json!({"userIdentity": {"type": "Root"}, "userAgent": "[S3Console/0.4, aws-internal/3 aws-sdk-java]"}),
        ] {
            assert_eq!(actor(record), "root: root in the console");
        }
    }

    #[test]
    fn an_odd_identity_is_somebody_unknown() {
        for identity in [json!(null), json!("x"), json!([]), json!({"type": 7}), json!({"type": "AssumedRole", "arn": "::"})] {
            let name = actor(json!({ "userIdentity": identity }));
            assert!(name.starts_with("unknown: ") || name == "role: role", "{name}");
        }
    }
}
