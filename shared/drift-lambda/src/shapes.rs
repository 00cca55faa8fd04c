//! What values have to look like. What only AWS can tell (whether a queue is there) is not asked here: a function that
//! starts has nothing to wait for.

use std::{path::PathBuf, time::Duration};

use drift_aws::{BucketRegions, BucketRegionsError, SecretArn, StatePattern, is_region};
use drift_engine::ignore::Ignore;
use drift_model::{Place, StateId};
use http::Uri;

use crate::{IgnoreFrom, PluginPackage, log};

/// Why a value is not of its variable's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// All of it is not.
    Whole,
    /// This part of it is not.
    Part(String),
    /// As this sentence says, which goes on from the variable's name.
    Said(String),
}

type Fit<T> = Result<T, Misfit>;

fn whole<T>(decoded: Option<T>) -> Fit<T> {
    decoded.ok_or(Misfit::Whole)
}

/// Any path is one: whether something is there is looked at by whoever opens it.
#[expect(clippy::unnecessary_wraps, reason = "it is one of many that may refuse")]
pub(crate) fn path(value: &str) -> Fit<PathBuf> {
    Ok(PathBuf::from(value))
}

/// Source: `TableName` and `TableArn` of `AttributeDefinition` in DynamoDB's API reference.
pub(crate) fn table(value: &str) -> Fit<String> {
    let named = |name: &str| (3..=255).contains(&name.len()) && made_of(name, "_.-");
    let by_arn = |arn: &Arn<'_>| arn.service == "dynamodb" && is_placed(arn) && arn.resource.strip_prefix("table/").is_some_and(named);
    whole((named(value) || arn(value).is_some_and(|arn| by_arn(&arn))).then(|| value.to_owned()))
}

pub(crate) fn tables(value: &str) -> Fit<Vec<String>> {
    parts(value, table)
}

pub(crate) fn topic(value: &str) -> Fit<String> {
    let is_topic = |arn: &Arn<'_>| arn.service == "sns" && is_placed(arn) && arn.resource.len() <= 256 && made_of(arn.resource, "_-");
    whole(arn(value).is_some_and(|arn| is_topic(&arn)).then(|| value.to_owned()))
}

/// Such as `https://sqs.eu-west-1.amazonaws.com/111122223333/name`, at whatever endpoint.
pub(crate) fn queue(value: &str) -> Fit<String> {
    let is_queue = |url: &Uri| {
        let name = url.path().rsplit_once('/').map_or("", |(_, name)| name);
        matches!(url.scheme_str(), Some("https" | "http")) && is_plain(url) && name.len() <= 80 && made_of(name, "_-")
    };
    whole(value.parse().is_ok_and(|url| is_queue(&url)).then(|| value.to_owned()))
}

/// Without a slash at its end.
pub(crate) fn api_url(value: &str) -> Fit<String> {
    let is_loopback = |url: &Uri| matches!(url.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let is_safe = |url: &Uri| url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && is_loopback(url));
    let fits = value.parse().is_ok_and(|url: Uri| is_safe(&url) && is_plain(&url));
    whole((fits && !value.contains('#')).then(|| value.trim_end_matches('/').to_owned()))
}

/// Source: what GitHub says at sign-up: letters, digits and hyphens, at most 39.
pub(crate) fn login(value: &str) -> Fit<String> {
    whole((value.len() <= 39 && made_of(value, "-") && !value.starts_with('-')).then(|| value.to_owned()))
}

/// Nothing in it but host, port and path.
fn is_plain(url: &Uri) -> bool {
    url.host().is_some_and(|host| !host.is_empty()) && url.query().is_none() && url.authority().is_some_and(|it| !it.as_str().contains('@'))
}

pub(crate) fn states(value: &str) -> Fit<Vec<StatePattern>> {
    parts(value, |part| whole(part.parse().ok()))
}

pub(crate) fn state_regions(value: &str) -> Fit<BucketRegions> {
    let regions: BucketRegions = value.parse().map_err(|error| match error {
        BucketRegionsError::Part(part) => Misfit::Part(part),
        error @ BucketRegionsError::Twice { .. } => Misfit::Said(format!("contradicts itself ({error})")),
    })?;
    if regions.is_empty() { Err(Misfit::Whole) } else { Ok(regions) }
}

pub(crate) fn plugins(value: &str) -> Fit<Vec<PluginPackage>> {
    let entries = value.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    let (mut packages, mut wrong) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry.parse() {
            Ok(package) => packages.push(package),
            Err(why) => wrong.push(format!("`{entry}` ({why})")),
        }
    }
    match () {
        () if !wrong.is_empty() => Err(Misfit::Said(format!("holds {}", wrong.join(" and ")))),
        () if packages.is_empty() => Err(Misfit::Whole),
        () => Ok(packages),
    }
}

/// The role's ARN as it is given. Its placeholders may stand anywhere in it.
pub(crate) fn role(value: &str) -> Fit<String> {
    let filled = value.replace("{partition}", "aws").replace("{account}", "111122223333");
    let is_role = |arn: &Arn<'_>| {
        let name = arn.resource.strip_prefix("role/").unwrap_or_default();
        arn.service == "iam" && arn.region.is_empty() && is_account(arn.account) && made_of(name, "+=,.@_/-") && !name.ends_with('/')
    };
    whole(arn(&filled).is_some_and(|arn| is_role(&arn)).then(|| value.to_owned()))
}

/// Source: `ExternalId` of `AssumeRole` in STS's API reference.
pub(crate) fn external_id(value: &str) -> Fit<String> {
    whole(((2..=1224).contains(&value.len()) && made_of(value, "+=,.@:/-_")).then(|| value.to_owned()))
}

pub(crate) fn place(value: &str) -> Fit<Place> {
    let [partition, account, region] = value.split('/').collect::<Vec<_>>()[..] else { return Err(Misfit::Whole) };
    whole((is_partition(partition) && is_account(account) && is_region(region)).then(|| Place::new(partition, account, region)))
}

pub(crate) fn ignore(value: &str) -> Fit<IgnoreFrom> {
    if value.starts_with("s3://") {
        let id = StateId(value.to_owned());
        return whole(id.as_s3().is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty()).then_some(IgnoreFrom::Object(id)));
    }
    let parsed = Ignore::parse(value, "its text");
    parsed.map(IgnoreFrom::Text).map_err(|error| Misfit::Said(format!("is no ignore file: {error}")))
}

/// Nothing that Driftwire waits for outlives the longest that SQS keeps a message.
pub(crate) fn seconds(value: &str) -> Fit<Duration> {
    seconds_up_to(value, 14 * 24 * 60 * 60)
}

/// What SQS delays a message by.
pub(crate) fn delay(value: &str) -> Fit<Duration> {
    seconds_up_to(value, 900)
}

pub(crate) fn delays(value: &str) -> Fit<Vec<Duration>> {
    parts(value, delay)
}

fn seconds_up_to(value: &str, most: u64) -> Fit<Duration> {
    whole(value.parse().ok().filter(|seconds| *seconds <= most).map(Duration::from_secs))
}

pub(crate) fn levels(value: &str) -> Fit<()> {
    match log::wrong_directive(value) {
        None => Ok(()),
        Some(directive) => Err(Misfit::Part(directive.to_owned())),
    }
}

pub(crate) fn secret(value: &str) -> Fit<SecretArn> {
    let is_secret = |arn: &Arn<'_>| match (arn.service, arn.resource.split_once([':', '/'])) {
        ("secretsmanager", Some(("secret", name))) => made_of(name, "/_+=.@-"),
        ("ssm", Some(("parameter", name))) => made_of(name, "/_.-"),
        _ => false,
    };
    let fits = arn(value).is_some_and(|arn| is_placed(&arn) && is_secret(&arn));
    whole(fits.then(|| value.parse().ok()).flatten())
}

pub(crate) fn channel(value: &str) -> Fit<String> {
    let fits = value.chars().count() <= 80 && !value.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    whole((fits && !value.contains(['/', ':'])).then(|| value.to_owned()))
}

/// The parts between commas, of which there has to be one.
fn parts<T>(value: &str, decode: impl Fn(&str) -> Fit<T>) -> Fit<Vec<T>> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    let decoded: Vec<T> = parts.map(|part| decode(part).map_err(|_| Misfit::Part(part.to_owned()))).collect::<Fit<_>>()?;
    if decoded.is_empty() { Err(Misfit::Whole) } else { Ok(decoded) }
}

/// `arn:partition:service:region:account:resource`.
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

fn arn(text: &str) -> Option<Arn<'_>> {
    let [arn, partition, service, region, account, resource] = text.splitn(6, ':').collect::<Vec<_>>()[..] else { return None };
    (arn == "arn" && is_partition(partition)).then_some(Arn { service, region, account, resource })
}

/// Whether it is something in a region of an account.
fn is_placed(arn: &Arn<'_>) -> bool {
    is_region(arn.region) && is_account(arn.account)
}

fn is_partition(text: &str) -> bool {
    text == "aws" || text.strip_prefix("aws-").is_some_and(|rest| made_of(rest, "-"))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is ASCII letters, digits and these, and not empty.
fn made_of(text: &str, others: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: std::fmt::Debug>(decode: impl Fn(&str) -> Fit<T>, fitting: &[&str], others: &[&str]) {
        for value in fitting {
            assert!(decode(value).is_ok(), "{value} is refused: {:?}", decode(value));
        }
        for value in others {
            assert!(decode(value).is_err(), "{value} is taken: {:?}", decode(value));
        }
    }

    #[test]
    fn arns_have_their_service_and_a_place_in_any_partition() {
        check(
            topic,
            &["arn:aws:sns:eu-west-1:111122223333:driftwire", "arn:aws-us-gov:sns:us-gov-west-1:111122223333:a_b-c"],
            &[
                "driftwire",
                "arn:aws:sqs:eu-west-1:111122223333:driftwire",
                "arn:aws:sns:eu-west-1:1111:driftwire",
                "arn:aws:sns::111122223333:driftwire",
                "arn:aws:sns:eu-west-1:111122223333:",
                "arn:aws:sns:eu-west-1:111122223333:a.fifo",
                "arn:aws:sns:eu-west-1:111122223333:driftwire:0f2a",
                "arn:other:sns:eu-west-1:111122223333:driftwire",
            ],
        );
        check(
            table,
            &["driftwire-index", "a.b", "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/locks"],
            &["ab", "my table", "arn:aws:dynamodb:eu-west-1:111122223333:locks", "arn:aws:sns:eu-west-1:111122223333:table/locks"],
        );
        check(tables, &["locks, locks-2"], &[",", "locks,my table"]);
    }

    #[test]
    fn queues_are_urls_at_whatever_endpoint() {
        check(
            queue,
            &[
                "https://sqs.eu-west-1.amazonaws.com/111122223333/driftwire-events",
                "http://127.0.0.1:5000/123456789012/e",
                "http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/e",
            ],
            &[
                "driftwire-events",
                "arn:aws:sqs:eu-west-1:111122223333:driftwire-events",
                "https://sqs.eu-west-1.amazonaws.com/",
                "https://sqs.eu-west-1.amazonaws.com/111122223333/e.fifo",
                "ftp://host/1/e",
                "https://user:word@host/1/e",
                "https://host/1/e?a=b",
            ],
        );
    }

    #[test]
    fn a_token_goes_to_a_url_of_https_or_to_loopback() {
        check(
            api_url,
            &["https://slack.com/api", "https://slack-gov.com/api/", "http://127.0.0.1:8080/api", "http://localhost/api"],
            &[
                "slack.com/api",
                "http://slack.com/api",
                "https://xoxb-1@slack.com/api",
                "https://slack.com/api?token=x",
                "https://slack.com/api#x",
            ],
        );
        assert_eq!(api_url("https://slack-gov.com/api/"), Ok("https://slack-gov.com/api".to_owned()));
    }

    #[test]
    fn a_role_has_its_placeholders_wherever_they_are_wanted() {
        check(
            role,
            &[
                "arn:{partition}:iam::{account}:role/driftwire-read",
                "arn:aws:iam::111122223333:role/a/b",
                "arn:aws:iam::{account}:role/r-{account}",
            ],
            &[
                "driftwire-read",
                "arn:aws:iam::{acount}:role/r",
                "arn:aws:iam::{account}:user/u",
                "arn:aws:iam::{account}:role/",
                "arn:aws:iam:eu-west-1:{account}:role/r",
            ],
        );
        check(external_id, &["acme-driftwire", "a:b/c"], &["a", "two words", "ö-ö"]);
    }

    #[test]
    fn a_place_has_a_partition_an_account_and_a_region() {
        check(
            place,
            &["aws/111122223333/eu-west-1", "aws-us-gov/111122223333/us-gov-west-1", "aws-iso-b/111122223333/us-isob-east-1"],
            &[
                "eu-west-1",
                "111122223333/eu-west-1",
                "aws/1111/eu-west-1",
                "aws/111122223333/",
                "aws/111122223333/eu-west",
                "aws/111122223333/EU-west-1",
            ],
        );
    }

    #[test]
    fn seconds_end_where_the_queue_does() {
        check(seconds, &["0", "1209600"], &["", "soon", "-1", "1.5", "1209601", "18446744073709551615"]);
        check(delay, &["0", "900"], &["901"]);
        assert_eq!(delays("1, 900"), Ok(vec![Duration::from_secs(1), Duration::from_mins(15)]));
        assert_eq!(delays("30,901"), Err(Misfit::Part("901".to_owned())));
    }

    #[test]
    fn a_bucket_has_one_region() {
        assert_eq!(
            state_regions("a=eu-west-1, b=us-gov-west-1").map(|regions| regions.of("b").map(str::to_owned)),
            Ok(Some("us-gov-west-1".to_owned()))
        );
        assert_eq!(state_regions("a=eu-west-1,b"), Err(Misfit::Part("b".to_owned())));
        let Err(Misfit::Said(said)) = state_regions("a=eu-west-1,a=eu-west-2") else { panic!("it is taken") };
        assert_eq!(said, "contradicts itself (the bucket `a` cannot be both in `eu-west-1` and in `eu-west-2`)");
        check(state_regions, &[], &[","]);
    }

    #[test]
    fn what_to_ignore_is_a_text_or_an_object() {
        check(
            ignore,
            &["s3://bucket/a/b.toml", "[[ignore]]\ntype = \"aws_sqs_queue\"\nreason = \"because\""],
            &["s3://bucket", "s3:///key", "[[ignore]]", "{"],
        );
    }

    #[test]
    fn an_organisation_is_named_by_its_login() {
        check(login, &["acme", "Acme-2", "0"], &["-acme", "ac me", "acme/shop", "https://github.com/acme", "größe", &"a".repeat(40)]);
    }

    #[test]
    fn a_secret_is_named_and_never_given() {
        check(
            secret,
            &[
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acme/slack-AbCdEf",
                "arn:aws-cn:ssm:cn-north-1:111122223333:parameter/acme/slack",
            ],
            &[
                "https://hooks.slack.com/services/T0/B0/x",
                "xoxb-1",
                "arn:aws:ssm:eu-west-1:111122223333:document/x",
                "arn:aws:s3:::bucket",
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:",
            ],
        );
        check(channel, &["C0123456789", "#drift", "drift-größe"], &["two words", "https://acme.slack.com/archives/C0", "a\u{7}"]);
    }
}
