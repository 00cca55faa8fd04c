//! The trails that CloudTrail keeps of a region. Only the command line asks for them: no function links CloudTrail's SDK.

use aws_sdk_cloudtrail::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType},
};
use aws_types::SdkConfig;
use drift_engine::{
    doctor::{Trail, Writes},
    ports::PortError,
};

/// The trails that cover the configured region, those of other regions and of the organization included.
pub(crate) async fn trails(config: &SdkConfig) -> Result<Vec<Trail>, PortError> {
    let client = Client::new(config);
    let listed = client.describe_trails().send().await.map_err(|error| failed("listing the trails", "DescribeTrails", &error))?;
    let mut trails = Vec::new();
    for arn in listed.trail_list.unwrap_or_default().into_iter().filter_map(|trail| trail.trail_arn) {
        let what = format!("looking at the trail {arn}");
        // By its ARN, as a trail of another region is known by nothing else.
        let status = client.get_trail_status().name(&arn).send().await.map_err(|error| failed(&what, "GetTrailStatus", &error))?;
        let selectors = client.get_event_selectors().trail_name(&arn).send().await;
        let selectors = selectors.map_err(|error| failed(&what, "GetEventSelectors", &error))?;
        let writes = writes(selectors.event_selectors(), selectors.advanced_event_selectors());
        trails.push(Trail { arn, logging: status.is_logging.unwrap_or_default(), writes });
    }
    Ok(trails)
}

/// Which management events that write these selectors let through. A trail of which neither kind was ever set logs all of
/// them: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html>.
fn writes(basic: &[EventSelector], advanced: &[AdvancedEventSelector]) -> Writes {
    if basic.is_empty() && advanced.is_empty() {
        return Writes::All;
    }
    let basic = basic.iter().map(|selector| {
        let writes = selector.read_write_type() != Some(&ReadWriteType::ReadOnly);
        if writes && selector.include_management_events().unwrap_or(true) { Writes::All } else { Writes::None }
    });
    let of_all: Vec<Writes> = basic.chain(advanced.iter().map(|selector| of_fields(selector.field_selectors()))).collect();
    if of_all.contains(&Writes::All) {
        Writes::All
    } else if of_all.contains(&Writes::Some) {
        Writes::Some
    } else {
        Writes::None
    }
}

/// What one advanced selector lets through: an event passes if it fits each of the fields.
fn of_fields(fields: &[AdvancedFieldSelector]) -> Writes {
    let is_management = |field: &AdvancedFieldSelector| field.field() == "eventCategory" && field.equals() == ["Management"];
    if !fields.iter().any(is_management) {
        return Writes::None;
    }
    let mut writes = Writes::All;
    for field in fields {
        match field.field() {
            "eventCategory" => {}
            "readOnly" if field.equals().iter().any(|value| value == "false") => {}
            "readOnly" => return Writes::None,
            // Leaves out whole services, which a trail may do for KMS and RDS's Data API.
            "eventSource" if field.equals().is_empty() => {}
            _ => writes = Writes::Some,
        }
    }
    writes
}

fn failed<E: ProvideErrorMetadata + std::error::Error + 'static>(what: &str, action: &str, error: &SdkError<E>) -> PortError {
    let what = what.to_owned();
    match (error.as_service_error().and_then(ProvideErrorMetadata::code), error.message()) {
        (Some(code), said) => {
            let said = said.unwrap_or("the service said no more");
            PortError::Permanent { what, why: format!("{code}: {said}; cloudtrail:{action} is what has to be allowed") }
        }
        (None, _) => PortError::Retryable { what, why: DisplayErrorContext(error).to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, equals: &[&str], not_equals: &[&str]) -> AdvancedFieldSelector {
        let texts = |texts: &[&str]| (!texts.is_empty()).then(|| texts.iter().map(|&text| text.to_owned()).collect());
        let field = AdvancedFieldSelector::builder().field(name).set_equals(texts(equals)).set_not_equals(texts(not_equals));
        field.build().expect("it names a field")
    }

    fn advanced(fields: &[AdvancedFieldSelector]) -> AdvancedEventSelector {
        AdvancedEventSelector::builder().set_field_selectors(Some(fields.to_vec())).build().expect("it has fields")
    }

    #[test]
    fn a_trail_without_selectors_logs_all_management_events() {
        assert_eq!(writes(&[], &[]), Writes::All);
    }

    #[test]
    fn basic_selectors_may_leave_writes_or_management_events_out() {
        let selector = |kind: &str, management: bool| {
            EventSelector::builder().read_write_type(kind.into()).include_management_events(management).build()
        };
        assert_eq!(writes(&[selector("All", true)], &[]), Writes::All);
        assert_eq!(writes(&[selector("WriteOnly", true)], &[]), Writes::All);
        assert_eq!(writes(&[selector("ReadOnly", true), selector("All", false)], &[]), Writes::None);
    }

    #[test]
    fn advanced_selectors_are_read_field_by_field() {
        let management = || field("eventCategory", &["Management"], &[]);
        for (fields, expected) in [
            (vec![management()], Writes::All),
            (vec![management(), field("readOnly", &["false"], &[])], Writes::All),
            (vec![management(), field("readOnly", &["true"], &[])], Writes::None),
            (vec![management(), field("eventSource", &[], &["kms.amazonaws.com"])], Writes::All),
            (vec![management(), field("eventSource", &["ec2.amazonaws.com"], &[])], Writes::Some),
            (vec![field("eventCategory", &["Data"], &[])], Writes::None),
        ] {
            assert_eq!(writes(&[], &[advanced(&fields)]), expected, "{fields:?}");
        }
    }
}
