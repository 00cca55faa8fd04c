/// The catalog's files by their paths, in order. A test holds this list against the directory.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("aws/dynamodb.toml", include_str!("../catalog/aws/dynamodb.toml")),
    ("aws/ec2.toml", include_str!("../catalog/aws/ec2.toml")),
    ("aws/iam.toml", include_str!("../catalog/aws/iam.toml")),
    ("aws/kms.toml", include_str!("../catalog/aws/kms.toml")),
    ("aws/lambda.toml", include_str!("../catalog/aws/lambda.toml")),
    ("aws/route53.toml", include_str!("../catalog/aws/route53.toml")),
    ("aws/s3.toml", include_str!("../catalog/aws/s3.toml")),
    ("aws/sqs.toml", include_str!("../catalog/aws/sqs.toml")),
];
