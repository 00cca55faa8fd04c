//! Where an instance lives, as far as its state tells.
//!
//! Only what an instance says of itself counts: `arn` and the few other attributes that hold its own ARN, `region`
//! (a bucket's, and everything's since version 6 of the provider), `identity`, `owner_id`. The ARN of a role or of a
//! key that it uses may be of another account. What it does not say, it takes from the others of its provider
//! configuration, which has one account and, without a `region` argument, one region.

use std::{collections::BTreeMap, sync::Arc};

use drift_model::{Attributes, Place, Value};

/// What is known of a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    partition: Option<String>,
    account: Option<String>,
    region: Option<String>,
}

/// Attributes that hold an instance's own ARN, the more telling first.
const OWN_ARNS: [&str; 3] = ["arn", "execution_arn", "id"];

/// Types whose `id` may be the ARN of something that another account owns.
const IDS_OF_OTHERS: [&str; 5] = ["_accepter", "_association", "_attachment", "_accept", "_member"];

/// Attributes that hold the account that owns an instance.
const OWN_ACCOUNTS: [&str; 3] = ["owner_id", "registry_id", "catalog_id"];

/// The longest name of a partition or region that is believed, in bytes.
const LONGEST: usize = 32;

/// Prefixes of the types that belong to an account and to no region.
/// Source: the services without regional endpoints in AWS's "AWS services that are global".
const GLOBAL: [&str; 11] = [
    "aws_account_",
    "aws_budgets_",
    "aws_ce_",
    "aws_cloudfront_",
    "aws_cloudfrontkeyvaluestore_",
    "aws_globalaccelerator_",
    "aws_iam_",
    "aws_organizations_",
    "aws_route53_",
    "aws_shield_",
    "aws_waf_",
];

fn is_global(type_name: &str) -> bool {
    GLOBAL.iter().any(|prefix| type_name.starts_with(prefix)) && !type_name.starts_with("aws_route53_resolver_")
}

impl Told {
    /// What an instance says of itself.
    pub(crate) fn by(type_name: &str, attributes: &Attributes, identity: Option<&Value>) -> Self {
        let mut told = Self::default();
        let text = |name: &str| attributes.get(name).and_then(Value::as_str);
        let of_identity = |name: &str| identity.and_then(|identity| identity.get(name)).and_then(Value::as_str);
        for name in OWN_ARNS {
            if name != "id" || !IDS_OF_OTHERS.iter().any(|suffix| type_name.ends_with(suffix)) {
                told.take_arn(text(name));
            }
        }
        told.take_arn(of_identity("arn"));
        told.take_account(of_identity("account_id"));
        for name in OWN_ACCOUNTS {
            told.take_account(text(name));
        }
        if is_global(type_name) {
            told.region = Some(Place::GLOBAL.to_owned());
        } else {
            // A bucket's ARN is silent; elsewhere the two agree.
            told.take_region(text("region"));
            told.take_region(of_identity("region"));
            told.take_region(text("bucket_regional_domain_name").and_then(region_of_bucket_domain));
        }
        told
    }

    fn take_arn(&mut self, arn: Option<&str>) {
        let Some(rest) = arn.and_then(|arn| arn.strip_prefix("arn:")) else { return };
        let mut parts = rest.splitn(5, ':');
        let (Some(partition), Some(_service), Some(region), Some(account), Some(_)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return;
        };
        if partition != "aws" && !partition.starts_with("aws-") || partition.len() > LONGEST {
            return;
        }
        self.partition.get_or_insert_with(|| partition.to_owned());
        self.take_region(Some(region));
        self.take_account(Some(account));
    }

    fn take_account(&mut self, account: Option<&str>) {
        if let Some(account) = account.filter(|text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())) {
            self.account.get_or_insert_with(|| account.to_owned());
        }
    }

    fn take_region(&mut self, region: Option<&str>) {
        if let Some(region) = region.filter(|text| is_region(text)) {
            self.region.get_or_insert_with(|| region.to_owned());
        }
    }

    fn or(mut self, other: &Self) -> Self {
        if self.account.is_none() {
            self.account.clone_from(&other.account);
        }
        if self.region.is_none() {
            self.region.clone_from(&other.region);
        }
        if self.partition.is_none() {
            let region = self.region.as_deref().filter(|region| *region != Place::GLOBAL);
            let partition = region.map(|region| Place::partition_of(region).unwrap_or("aws").to_owned());
            self.partition = partition.or_else(|| other.partition.clone());
        }
        self
    }

    /// Completes what is missing from a configured place, if that contradicts nothing: another account's region says
    /// nothing of this one's.
    fn or_configured(self, configured: Option<&Place>) -> Option<Place> {
        if let (Some(partition), Some(account), Some(region)) = (&self.partition, &self.account, &self.region) {
            return Some(Place::new(partition, account, region));
        }
        let configured = configured?;
        let agrees = |told: Option<&String>, configured: &String| told.is_none_or(|told| told == configured);
        (agrees(self.partition.as_ref(), &configured.partition) && agrees(self.account.as_ref(), &configured.account))
            .then(|| Place::new(&configured.partition, &configured.account, self.region.as_deref().unwrap_or(&configured.region)))
    }
}

/// `eu-west-1`, `us-gov-east-1`, `us-iso-west-1`.
fn is_region(text: &str) -> bool {
    if text.len() > LONGEST {
        return false;
    }
    let mut parts = text.split('-');
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    parts.next().is_some_and(|first| first.len() == 2 && letters(first))
        && parts.next_back().is_some_and(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
        && parts.clone().next().is_some()
        && parts.all(|part| letters(part) || part == "isob" || part == "isof" || part == "isoe")
}

/// `eu-west-1` of `bucket.s3.eu-west-1.amazonaws.com`; the bucket's name may hold dots.
fn region_of_bucket_domain(domain: &str) -> Option<&str> {
    domain.rsplit_once(".s3.")?.1.split_once(".amazonaws.com").map(|(region, _)| region)
}

/// What the instances of one provider configuration say together.
#[derive(Debug, Default)]
pub(crate) struct Votes {
    partitions: BTreeMap<String, usize>,
    accounts: BTreeMap<String, usize>,
    regions: BTreeMap<String, usize>,
}

impl Votes {
    pub(crate) fn count(&mut self, told: &Told) {
        let vote = |counts: &mut BTreeMap<String, usize>, value: Option<&String>| {
            if let Some(value) = value {
                *counts.entry(value.clone()).or_default() += 1;
            }
        };
        vote(&mut self.partitions, told.partition.as_ref());
        vote(&mut self.accounts, told.account.as_ref());
        // That an account's roles are global says nothing of where its queues are.
        vote(&mut self.regions, told.region.as_ref().filter(|region| *region != Place::GLOBAL));
    }

    /// What more than half of them agree on. A read in a wrong place proves nothing, so a draw is nothing known.
    pub(crate) fn outcome(&self) -> Told {
        let winner = |counts: &BTreeMap<String, usize>| {
            let all: usize = counts.values().sum();
            counts.iter().find(|(_, count)| **count * 2 > all).map(|(value, _)| value.clone())
        };
        Told { partition: winner(&self.partitions), account: winner(&self.accounts), region: winner(&self.regions) }
    }
}

/// Places that are shared by the instances that live in them.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<Place, Arc<Place>>);

impl Places {
    /// The place of an instance: its own word, then the others', then the configuration's.
    pub(crate) fn of(&mut self, own: Told, others: &Told, configured: Option<&Place>) -> Option<Arc<Place>> {
        let place = own.or(others).or_configured(configured)?;
        if let Some(known) = self.0.get(&place) {
            return Some(Arc::clone(known));
        }
        let shared = Arc::new(place.clone());
        self.0.insert(place, Arc::clone(&shared));
        Some(shared)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(type_name: &str, attributes: Value, expected: &str) {
        let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
        let told = Told::by(type_name, &attributes, None);
        let part = |part: Option<String>| part.unwrap_or_else(|| "?".to_owned());
        assert_eq!(format!("{}/{}/{}", part(told.partition), part(told.account), part(told.region)), expected);
    }

    #[test]
    fn an_instance_says_where_it_is() {
        check("aws_sqs_queue", json!({"arn": "arn:aws:sqs:eu-west-1:123456789012:jobs"}), "aws/123456789012/eu-west-1");
        check("aws_sns_topic", json!({"id": "arn:aws-cn:sns:cn-north-1:123456789012:t"}), "aws-cn/123456789012/cn-north-1");
        check("aws_iam_role", json!({"arn": "arn:aws:iam::123456789012:role/admin"}), "aws/123456789012/global");
        check("aws_iam_role_policy", json!({"id": "admin:p"}), "?/?/global");
        check("aws_s3_bucket", json!({"arn": "arn:aws:s3:::b", "region": "us-gov-west-1"}), "aws/?/us-gov-west-1");
        check(
            "aws_s3_bucket",
            json!({"arn": "arn:aws:s3:::b", "bucket_regional_domain_name": "b.c.s3.eu-central-2.amazonaws.com"}),
            "aws/?/eu-central-2",
        );
        check("aws_ami", json!({"arn": "arn:aws:ec2:us-east-2::image/ami-1", "owner_id": "123456789012"}), "aws/123456789012/us-east-2");
        check(
            "aws_route53_resolver_rule",
            json!({"arn": "arn:aws:route53resolver:us-east-1:123456789012:r/1"}),
            "aws/123456789012/us-east-1",
        );
        check(
            "aws_api_gateway_rest_api",
            json!({"arn": "arn:aws:apigateway:us-east-1::/restapis/x", "execution_arn": "arn:aws:execute-api:us-east-1:123456789012:x"}),
            "aws/123456789012/us-east-1",
        );
    }

    #[test]
    fn the_arn_of_something_that_it_uses_says_nothing() {
        check("aws_ecs_service", json!({"iam_role": "arn:aws:iam::999999999999:role/x", "name": "s"}), "?/?/?");
        check("aws_ram_resource_share_accepter", json!({"id": "arn:aws:ram:us-east-1:999999999999:resource-share/x"}), "?/?/?");
        check("aws_iam_policy", json!({"arn": "arn:aws:iam::aws:policy/ReadOnly"}), "aws/?/global");
        check("aws_x", json!({"arn": "arn:aws", "region": "everywhere"}), "?/?/?");
        let long = "x".repeat(100);
        check("aws_x", json!({"arn": format!("arn:aws-{long}:sqs:us-{long}-1:123456789012:q"), "region": format!("us-{long}-1")}), "?/?/?");
    }

    #[test]
    fn more_than_half_of_the_others_decide_and_a_draw_does_not() {
        let told = |region: &str| Told { region: Some(region.to_owned()), ..Told::default() };
        let mut votes = Votes::default();
        votes.count(&told("eu-west-1"));
        votes.count(&told(Place::GLOBAL));
        assert_eq!(votes.outcome().region.as_deref(), Some("eu-west-1"));
        votes.count(&told("eu-west-2"));
        assert_eq!(votes.outcome().region, None);
    }

    #[test]
    fn a_configured_place_fills_gaps_but_never_contradicts() {
        let configured = Place::new("aws", "123456789012", "eu-west-1");
        let of = |own: &Told| Places::default().of(own.clone(), &Told::default(), Some(&configured)).map(|place| place.to_string());
        assert_eq!(of(&Told::default()).as_deref(), Some("aws/123456789012/eu-west-1"));
        assert_eq!(of(&Told { region: Some(Place::GLOBAL.to_owned()), ..Told::default() }).as_deref(), Some("aws/123456789012/global"));
        assert_eq!(of(&Told { account: Some("999999999999".to_owned()), ..Told::default() }), None);
    }
}
