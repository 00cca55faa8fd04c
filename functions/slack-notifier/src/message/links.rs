//! Links into the AWS console. All that comes from outside is percent-encoded: nothing of it can end a link or begin another.

use drift_model::Place;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The console's own host of each partition, and the region whose CloudTrail has what belongs to no region (that of IAM's endpoint).
const PARTITIONS: [(&str, &str, &str); 3] = [
    ("aws", "console.aws.amazon.com", "us-east-1"),
    ("aws-cn", "console.amazonaws.cn", "cn-north-1"),
    ("aws-us-gov", "console.amazonaws-us-gov.com", "us-gov-west-1"),
];

/// The console's page of a resource by its type: the page, and the letter that ends the part of Terraform's id that it is named by.
/// A security group's rules have no page that their ids lead to.
const PAGES: [(&str, &str, Option<char>); 13] = [
    ("aws_dynamodb_table", "dynamodbv2/home?region={region}#table?name={id}", None),
    ("aws_iam_role", "iam/home#/roles/details/{id}", None),
    ("aws_iam_role_policy", "iam/home#/roles/details/{id}", Some(':')),
    ("aws_instance", "ec2/home?region={region}#InstanceDetails:instanceId={id}", None),
    ("aws_kms_key", "kms/home?region={region}#/kms/keys/{id}", None),
    ("aws_lambda_function", "lambda/home?region={region}#/functions/{id}", None),
    ("aws_route53_record", "route53/v2/hostedzones#ListRecordSets/{id}", Some('_')),
    ("aws_s3_bucket", "s3/buckets/{id}?region={region}", None),
    ("aws_s3_bucket_policy", "s3/buckets/{id}?region={region}&tab=permissions", None),
    ("aws_s3_bucket_public_access_block", "s3/buckets/{id}?region={region}&tab=permissions", None),
    ("aws_s3_bucket_versioning", "s3/buckets/{id}?region={region}&tab=properties", Some(',')),
    ("aws_security_group", "ec2/home?region={region}#SecurityGroup:groupId={id}", None),
    ("aws_sqs_queue", "sqs/v3/home?region={region}#/queues/{id}", None),
];

/// Slack takes URLs of 3,000, and counts them towards a message: one this long is no real resource's.
const LONGEST: usize = 700;
/// CloudTrail's ids have 36 letters.
const LONGEST_RECORD: usize = 64;

/// What stands for itself in a URL's query and fragment.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The console's page of a resource, where its type has a known one.
pub(super) fn resource(type_name: &str, id: &str, place: &Place) -> Option<String> {
    let (_, page, ends_at) = PAGES.iter().find(|(known, ..)| *known == type_name)?;
    let id = ends_at.map_or(id, |end| id.split(end).next().unwrap_or(id));
    page_in(place, page, id)
}

/// The console's page of a CloudTrail record about something in that place.
pub(super) fn record(id: &str, place: &Place) -> Option<String> {
    if id.len() > LONGEST_RECORD {
        return None;
    }
    let place = if place.is_global() { in_home_region(place)? } else { place.clone() };
    page_in(&place, "cloudtrailv2/home?region={region}#/events/{id}", id)
}

/// The console's page of an alarm, by its ARN: `arn:aws:cloudwatch:eu-west-1:111122223333:alarm:name`.
pub(super) fn alarm(arn: &str) -> Option<String> {
    let ["arn", partition, "cloudwatch", region, account, "alarm", name] = arn.splitn(7, ':').collect::<Vec<_>>()[..] else { return None };
    page_in(&Place::new(partition, account, region), "cloudwatch/home?region={region}#alarmsV2:alarm/{id}", name)
}

fn in_home_region(place: &Place) -> Option<Place> {
    let (_, _, region) = PARTITIONS.iter().find(|(partition, ..)| *partition == place.partition)?;
    Some(Place::new(&place.partition, &place.account, *region))
}

fn page_in(place: &Place, page: &str, id: &str) -> Option<String> {
    let (_, host, _) = PARTITIONS.iter().find(|(partition, ..)| *partition == place.partition)?;
    let is_regions_name = |region: &str| !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if id.is_empty() || !is_regions_name(&place.region) {
        return None;
    }
    let id = utf8_percent_encode(id, &ENCODED).to_string();
    let url = match (place.is_global(), page.contains("{region}")) {
        (true, true) => return None,
        (true, false) => format!("https://{host}/{page}"),
        (false, _) => format!("https://{}.{host}/{page}", place.region),
    };
    Some(url.replace("{region}", &place.region).replace("{id}", &id)).filter(|url| url.len() <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(type_name: &str, id: &str, place: (&str, &str), expected: Option<&str>) {
        assert_eq!(resource(type_name, id, &Place::new(place.0, "123456789012", place.1)).as_deref(), expected);
    }

    #[test]
    fn a_page_is_of_its_region_and_partition() {
        let group = "aws_security_group";
        check(
            group,
            "sg-1",
            ("aws", "eu-west-1"),
            Some("https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#SecurityGroup:groupId=sg-1"),
        );
        check(
            group,
            "sg-1",
            ("aws-cn", "cn-north-1"),
            Some("https://cn-north-1.console.amazonaws.cn/ec2/home?region=cn-north-1#SecurityGroup:groupId=sg-1"),
        );
        check(
            group,
            "sg-1",
            ("aws-us-gov", "us-gov-east-1"),
            Some("https://us-gov-east-1.console.amazonaws-us-gov.com/ec2/home?region=us-gov-east-1#SecurityGroup:groupId=sg-1"),
        );
        check(group, "sg-1", ("aws-iso", "us-iso-east-1"), None);
        check("aws_iam_role", "deploy", ("aws", "global"), Some("https://console.aws.amazon.com/iam/home#/roles/details/deploy"));
    }

    #[test]
    fn a_composite_id_leads_to_what_it_is_a_part_of() {
        check(
            "aws_iam_role_policy",
            "deploy:inline",
            ("aws", "global"),
            Some("https://console.aws.amazon.com/iam/home#/roles/details/deploy"),
        );
        check(
            "aws_route53_record",
            "Z1_www.example.com_A",
            ("aws", "global"),
            Some("https://console.aws.amazon.com/route53/v2/hostedzones#ListRecordSets/Z1"),
        );
    }

    #[test]
    fn an_unknown_type_has_no_page_and_a_global_place_none_that_needs_a_region() {
        check("aws_rds_cluster", "db", ("aws", "eu-west-1"), None);
        check("aws_sqs_queue", "q", ("aws", "global"), None);
        check("aws_sqs_queue", "q", ("aws", "evil.example/#"), None);
    }

    #[test]
    fn nothing_in_an_id_can_end_a_link() {
        let url = resource("aws_sqs_queue", "https://sqs/1/q|x>&<", &Place::new("aws", "1", "eu-west-1")).expect("there is a page");
        assert_eq!(
            url,
            "https://eu-west-1.console.aws.amazon.com/sqs/v3/home?region=eu-west-1#/queues/https%3A%2F%2Fsqs%2F1%2Fq%7Cx%3E%26%3C"
        );
        assert_eq!(
            resource("aws_sqs_queue", &"/".repeat(2_000), &Place::new("aws", "1", "eu-west-1")),
            None,
            "Slack takes no URL that long"
        );
    }

    #[test]
    fn a_record_of_what_belongs_to_no_region_is_in_the_home_region() {
        let record = |region: &str| record("0c7a1d34-0000", &Place::new("aws", "1", region));
        let expected =
            |region: &str| format!("https://{region}.console.aws.amazon.com/cloudtrailv2/home?region={region}#/events/0c7a1d34-0000");
        assert_eq!(record("global"), Some(expected("us-east-1")));
        assert_eq!(record("eu-west-1"), Some(expected("eu-west-1")));
    }

    #[test]
    fn every_page_is_of_a_type_that_is_read_natively_and_they_are_sorted() {
        assert!(PAGES.is_sorted_by_key(|(type_name, ..)| *type_name));
        let catalog = drift_catalog::Catalog::builtin().expect("it was built in");
        for (type_name, ..) in PAGES {
            assert!(catalog.resource(type_name).is_some_and(|resource| !resource.reads.is_empty()), "{type_name}");
        }
    }
}
