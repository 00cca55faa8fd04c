/// Whether a record that succeeded and may have written something still changed no resource's configuration: sign-ins and
/// sessions, what agents on instances report, pushes of content in parts, CloudTrail's own insights.
pub(crate) fn is_no_configuration_change(event_type: Option<&str>, source: &str, name: &str) -> bool {
    matches!(event_type, Some("AwsConsoleSignIn" | "AwsCloudTrailInsight"))
        || WHOLE_SOURCES.binary_search(&source).is_ok()
        || EVENTS.binary_search(&(source, name)).is_ok()
}

/// Services that only ever issue credentials and sessions. Sorted.
const WHOLE_SOURCES: &[&str] = &[
    "cloudshell.amazonaws.com",
    "ec2-instance-connect.amazonaws.com",
    "ec2messages.amazonaws.com",
    "signin.amazonaws.com",
    "ssmmessages.amazonaws.com",
    "sso-oauth.amazonaws.com",
    "sts.amazonaws.com",
];

/// Calls that write something else than configuration. Sorted by source and name.
const EVENTS: &[(&str, &str)] = &[
    ("cognito-idp.amazonaws.com", "ForgotPassword"),
    ("cognito-idp.amazonaws.com", "InitiateAuth"),
    ("cognito-idp.amazonaws.com", "RespondToAuthChallenge"),
    ("ecr.amazonaws.com", "CompleteLayerUpload"),
    ("ecr.amazonaws.com", "InitiateLayerUpload"),
    ("ecr.amazonaws.com", "UploadLayerPart"),
    ("ecs.amazonaws.com", "SubmitContainerStateChange"),
    ("ecs.amazonaws.com", "SubmitTaskStateChange"),
    ("iam.amazonaws.com", "ChangePassword"),
    ("kms.amazonaws.com", "Decrypt"),
    ("kms.amazonaws.com", "Encrypt"),
    ("kms.amazonaws.com", "GenerateDataKey"),
    ("logs.amazonaws.com", "StartQuery"),
    ("ssm.amazonaws.com", "PutComplianceItems"),
    ("ssm.amazonaws.com", "PutInventory"),
    ("ssm.amazonaws.com", "ResumeSession"),
    ("ssm.amazonaws.com", "SendCommand"),
    ("ssm.amazonaws.com", "StartSession"),
    ("ssm.amazonaws.com", "TerminateSession"),
    ("ssm.amazonaws.com", "UpdateInstanceAssociationStatus"),
    ("ssm.amazonaws.com", "UpdateInstanceInformation"),
    ("sso.amazonaws.com", "Authenticate"),
    ("sso.amazonaws.com", "CreateToken"),
    ("sso.amazonaws.com", "Federate"),
    ("sso.amazonaws.com", "RegisterClient"),
    ("sso.amazonaws.com", "StartDeviceAuthorization"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        assert!(WHOLE_SOURCES.is_sorted(), "sort WHOLE_SOURCES");
        assert!(EVENTS.is_sorted(), "sort EVENTS by source, then name");
    }

    #[test]
    fn sessions_are_no_configuration() {
        assert!(is_no_configuration_change(Some("AwsApiCall"), "ssm.amazonaws.com", "StartSession"));
        assert!(is_no_configuration_change(Some("AwsConsoleSignIn"), "elsewhere.amazonaws.com", "X"));
        assert!(!is_no_configuration_change(Some("AwsServiceEvent"), "ssm.amazonaws.com", "PutParameter"));
    }
}
