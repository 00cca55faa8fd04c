/// The tables of shapes, by service, in order.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("sqs", include_str!("../../shapes/sqs.json")),
    ("sts", include_str!("../../shapes/sts.json")),
];
