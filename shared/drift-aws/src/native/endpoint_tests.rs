use super::*;

fn resolved(name: &str, place: &Place, wanted: &Wanted, bucket: Option<&str>) -> Result<Endpoint, NoEndpoint> {
    endpoint(drift_catalog::shapes::service(name).expect("a table of shapes"), wanted, place, bucket)
}

#[test]
fn every_endpoint_is_the_one_that_the_official_rules_give() {
    let mut wrong = Vec::new();
    for line in include_str!("endpoints.txt").lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let [named, partition, region, variant, url, signed] = parts[..] else { panic!("{line}") };
        let (name, bucket) = named.split_once('/').map_or((named, None), |(name, bucket)| (name, Some(bucket)));
        let wanted = Wanted { custom: None, fips: variant.contains("fips"), dualstack: variant.contains("dualstack") };
        let found = resolved(name, &Place::new(partition, "123456789012", region), &wanted, bucket);
        let found = found.map_or_else(|_| "- -".to_owned(), |found| format!("{} {}", found.url, found.region));
        if found != format!("{url} {signed}") {
            wrong.push(format!("{line}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "run generate/shapes.py and generate/endpoints.py:\n{}", wrong.join("\n"));
}

#[test]
fn what_has_no_region_is_called_where_its_partition_has_it() {
    let place = |partition| Place::new(partition, "123456789012", Place::GLOBAL);
    let at = |partition| resolved("route53", &place(partition), &Wanted::default(), None).map(|found| (found.url, found.region));
    assert_eq!(at("aws"), Ok(("https://route53.amazonaws.com".to_owned(), "us-east-1".to_owned())));
    assert_eq!(at("aws-cn"), Ok(("https://route53.amazonaws.com.cn".to_owned(), "cn-northwest-1".to_owned())));
    assert_eq!(at("aws-us-gov"), Ok(("https://route53.us-gov.amazonaws.com".to_owned(), "us-gov-west-1".to_owned())));
}

#[test]
fn a_custom_endpoint_takes_everything_and_the_path_names_the_bucket() {
    let wanted = Wanted { custom: Some("http://127.0.0.1:5000/".to_owned()), fips: true, dualstack: false };
    let found = resolved("s3", &Place::new("aws", "123456789012", "eu-west-1"), &wanted, Some("logs"));
    assert_eq!(found, Ok(Endpoint { url: "http://127.0.0.1:5000".to_owned(), region: "eu-west-1".to_owned(), bucket_in_host: false }));
}

#[test]
fn what_is_no_region_and_no_bucket_never_becomes_part_of_a_host() {
    let aws = |region| Place::new("aws", "123456789012", region);
    for region in ["", "evil.example/", "us-east-1.evil", "a@b"] {
        assert_eq!(resolved("ec2", &aws(region), &Wanted::default(), None), Err(NoEndpoint::Region(region.to_owned())));
    }
    for bucket in ["arn:aws:s3:us-east-1:123456789012:accesspoint/a", "a--use1-az1--x-s3", "a/b"] {
        assert_eq!(resolved("s3", &aws("us-east-1"), &Wanted::default(), Some(bucket)), Err(NoEndpoint::Bucket));
    }
}
