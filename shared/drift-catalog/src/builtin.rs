/// The catalog's files by their paths, in order. A test holds this list against the directory.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("aws/acm.toml", include_str!("../catalog/aws/acm.toml")),
    ("aws/apigateway.toml", include_str!("../catalog/aws/apigateway.toml")),
    ("aws/apigatewayv2.toml", include_str!("../catalog/aws/apigatewayv2.toml")),
    ("aws/application-autoscaling.toml", include_str!("../catalog/aws/application-autoscaling.toml")),
    ("aws/autoscaling.toml", include_str!("../catalog/aws/autoscaling.toml")),
    ("aws/backup.toml", include_str!("../catalog/aws/backup.toml")),
    ("aws/cloudfront.toml", include_str!("../catalog/aws/cloudfront.toml")),
    ("aws/cloudtrail.toml", include_str!("../catalog/aws/cloudtrail.toml")),
    ("aws/cloudwatch.toml", include_str!("../catalog/aws/cloudwatch.toml")),
    ("aws/codebuild.toml", include_str!("../catalog/aws/codebuild.toml")),
    ("aws/cognito-identity.toml", include_str!("../catalog/aws/cognito-identity.toml")),
    ("aws/cognito-idp.toml", include_str!("../catalog/aws/cognito-idp.toml")),
    ("aws/config.toml", include_str!("../catalog/aws/config.toml")),
    ("aws/dynamodb.toml", include_str!("../catalog/aws/dynamodb.toml")),
    ("aws/ec2.toml", include_str!("../catalog/aws/ec2.toml")),
    ("aws/ecr.toml", include_str!("../catalog/aws/ecr.toml")),
    ("aws/ecs.toml", include_str!("../catalog/aws/ecs.toml")),
    ("aws/efs.toml", include_str!("../catalog/aws/efs.toml")),
    ("aws/eks.toml", include_str!("../catalog/aws/eks.toml")),
    ("aws/elasticache.toml", include_str!("../catalog/aws/elasticache.toml")),
    ("aws/elb.toml", include_str!("../catalog/aws/elb.toml")),
    ("aws/elbv2.toml", include_str!("../catalog/aws/elbv2.toml")),
    ("aws/events.toml", include_str!("../catalog/aws/events.toml")),
    ("aws/glue.toml", include_str!("../catalog/aws/glue.toml")),
    ("aws/guardduty.toml", include_str!("../catalog/aws/guardduty.toml")),
    ("aws/iam.toml", include_str!("../catalog/aws/iam.toml")),
    ("aws/kms.toml", include_str!("../catalog/aws/kms.toml")),
    ("aws/lambda.toml", include_str!("../catalog/aws/lambda.toml")),
    ("aws/logs.toml", include_str!("../catalog/aws/logs.toml")),
    ("aws/opensearch.toml", include_str!("../catalog/aws/opensearch.toml")),
    ("aws/organizations.toml", include_str!("../catalog/aws/organizations.toml")),
    ("aws/rds.toml", include_str!("../catalog/aws/rds.toml")),
    ("aws/redshift.toml", include_str!("../catalog/aws/redshift.toml")),
    ("aws/route53.toml", include_str!("../catalog/aws/route53.toml")),
    ("aws/route53resolver.toml", include_str!("../catalog/aws/route53resolver.toml")),
    ("aws/s3.toml", include_str!("../catalog/aws/s3.toml")),
    ("aws/scheduler.toml", include_str!("../catalog/aws/scheduler.toml")),
    ("aws/secretsmanager.toml", include_str!("../catalog/aws/secretsmanager.toml")),
    ("aws/securityhub.toml", include_str!("../catalog/aws/securityhub.toml")),
    ("aws/servicediscovery.toml", include_str!("../catalog/aws/servicediscovery.toml")),
    ("aws/ses.toml", include_str!("../catalog/aws/ses.toml")),
    ("aws/sns.toml", include_str!("../catalog/aws/sns.toml")),
    ("aws/sqs.toml", include_str!("../catalog/aws/sqs.toml")),
    ("aws/ssm.toml", include_str!("../catalog/aws/ssm.toml")),
    ("aws/wafv2.toml", include_str!("../catalog/aws/wafv2.toml")),
    ("github/actions.toml", include_str!("../catalog/github/actions.toml")),
    ("github/apps.toml", include_str!("../catalog/github/apps.toml")),
    ("github/branches.toml", include_str!("../catalog/github/branches.toml")),
    ("github/collaborators.toml", include_str!("../catalog/github/collaborators.toml")),
    ("github/dependabot.toml", include_str!("../catalog/github/dependabot.toml")),
    ("github/issues.toml", include_str!("../catalog/github/issues.toml")),
    ("github/organizations.toml", include_str!("../catalog/github/organizations.toml")),
    ("github/repositories.toml", include_str!("../catalog/github/repositories.toml")),
    ("github/rulesets.toml", include_str!("../catalog/github/rulesets.toml")),
    ("github/teams.toml", include_str!("../catalog/github/teams.toml")),
    ("github/webhooks.toml", include_str!("../catalog/github/webhooks.toml")),
];

/// Which services write the types that none of the files describes.
pub(crate) const PREFIXES: &str = include_str!("../catalog/prefixes.toml");

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_file_of_the_catalog_is_built_in_in_order() {
        let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
        let mut names = Vec::new();
        for provider in ["aws", "github"] {
            let files = fs::read_dir(catalog.join(provider)).expect("the catalog is there");
            names.extend(files.map(|file| format!("{provider}/{}", file.expect("it can be listed").file_name().to_string_lossy())));
        }
        names.sort();
        let lines = |names: &mut dyn Iterator<Item = &str>| {
            names.map(|name| format!("    (\"{name}\", include_str!(\"../catalog/{name}\")),")).collect::<Vec<_>>().join("\n")
        };
        let listed = lines(&mut FILES.iter().map(|(name, _)| *name));
        let expected = lines(&mut names.iter().map(String::as_str));
        assert!(listed == expected, "src/builtin.rs should list these files, in this order:\n{expected}");
    }

    #[test]
    fn the_types_of_a_file_are_sorted() {
        for (file, text) in FILES {
            let named = text.lines().filter_map(|line| line.strip_prefix("type = \""));
            let mut types: Vec<&str> = named.filter(|name| name.starts_with("aws_") || name.starts_with("github_")).collect();
            let written = types.clone();
            types.sort_unstable();
            assert_eq!(written, types, "sort the types of catalog/{file}");
        }
    }
}
