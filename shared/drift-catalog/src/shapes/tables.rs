/// The tables of shapes, by service, in order.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("dynamodb", include_str!("../../shapes/dynamodb.json")),
    ("ec2", include_str!("../../shapes/ec2.json")),
    ("iam", include_str!("../../shapes/iam.json")),
    ("kms", include_str!("../../shapes/kms.json")),
    ("lambda", include_str!("../../shapes/lambda.json")),
    ("route53", include_str!("../../shapes/route53.json")),
    ("s3", include_str!("../../shapes/s3.json")),
    ("secretsmanager", include_str!("../../shapes/secretsmanager.json")),
    ("sqs", include_str!("../../shapes/sqs.json")),
    ("ssm", include_str!("../../shapes/ssm.json")),
    ("sts", include_str!("../../shapes/sts.json")),
];
