use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::json::{each_member, string, why};

/// The longest id or name of a record, in bytes: CloudTrail ends the fields of its own there. A longer one is none.
const LONGEST: usize = 1_024;

/// The parts of a record that anything is made of, borrowed from its text. Keys are taken in any case: they vary among
/// the ways by which records reach people (`accountId`, `accountid`).
#[derive(Default)]
pub(crate) struct Fields<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) source: Option<Cow<'a, str>>,
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) time: Option<Cow<'a, str>>,
    pub(crate) region: Option<Cow<'a, str>>,
    pub(crate) event_type: Option<Cow<'a, str>>,
    pub(crate) recipient_account: Option<Cow<'a, str>>,
    pub(crate) source_address: Option<Cow<'a, str>>,
    pub(crate) user_agent: Option<Cow<'a, str>>,
    pub(crate) error_code: Option<Cow<'a, str>>,
    pub(crate) read_only: Option<bool>,
    pub(crate) from_console: bool,
    pub(crate) identity: Identity<'a>,
    pub(crate) request: Option<&'a RawValue>,
    pub(crate) response: Option<&'a RawValue>,
    pub(crate) resources: Option<&'a RawValue>,
    pub(crate) service_event: Option<&'a RawValue>,
    pub(crate) additional: Option<&'a RawValue>,
}

/// CloudTrail's `userIdentity`.
#[derive(Default)]
pub(crate) struct Identity<'a> {
    pub(crate) kind: Option<Cow<'a, str>>,
    pub(crate) arn: Option<Cow<'a, str>>,
    pub(crate) account: Option<Cow<'a, str>>,
    pub(crate) principal: Option<Cow<'a, str>>,
    pub(crate) user_name: Option<Cow<'a, str>>,
    pub(crate) invoked_by: Option<Cow<'a, str>>,
    pub(crate) provider: Option<Cow<'a, str>>,
    /// `sessionContext.sessionIssuer.userName`.
    pub(crate) issuer_name: Option<Cow<'a, str>>,
    /// `onBehalfOf.userId`, of IAM Identity Center.
    pub(crate) on_behalf_of: Option<Cow<'a, str>>,
}

impl<'a> Fields<'a> {
    /// The fields of a record's text, or what is wrong with it.
    pub(crate) fn of(record: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(record).map_err(|error| error.to_string())?;
        let mut fields = Self::default();
        each_member(text, |key, value| fields.take(&key.to_ascii_lowercase(), value)).map_err(|error| why(&error, "an object"))?;
        Ok(fields)
    }

    fn take(&mut self, key: &str, value: &'a RawValue) {
        match key {
            "eventid" => self.id = short(value),
            "eventsource" => self.source = short(value),
            "eventname" => self.name = short(value),
            "eventtime" => self.time = short(value),
            "awsregion" => self.region = short(value),
            "eventtype" => self.event_type = short(value),
            "recipientaccountid" => self.recipient_account = short(value),
            "sourceipaddress" => self.source_address = text(value).map(cut),
            "useragent" => self.user_agent = text(value).map(cut),
            "errorcode" => self.error_code = text(value).map(cut),
            "readonly" => self.read_only = flag(value),
            "sessioncredentialfromconsole" => self.from_console = flag(value) == Some(true),
            "useridentity" => self.identity = Identity::of(value),
            "requestparameters" => self.request = Some(value),
            "responseelements" => self.response = Some(value),
            "resources" => self.resources = Some(value),
            "serviceeventdetails" => self.service_event = Some(value),
            "additionaleventdata" => self.additional = Some(value),
            _ => {}
        }
    }
}

impl<'a> Identity<'a> {
    fn of(value: &'a RawValue) -> Self {
        let mut identity = Self::default();
        // What is odd about an identity costs the actor's name, never the record.
        let _ = each_member(value.get(), |key, value| match key.to_ascii_lowercase().as_str() {
            "type" => identity.kind = text(value),
            "arn" => identity.arn = text(value),
            "accountid" => identity.account = short(value),
            "principalid" => identity.principal = text(value),
            "username" => identity.user_name = text(value),
            "invokedby" => identity.invoked_by = text(value),
            "identityprovider" => identity.provider = text(value),
            "sessioncontext" => identity.issuer_name = member(value, "sessionissuer").and_then(|issuer| member_text(issuer, "username")),
            "onbehalfof" => identity.on_behalf_of = member_text(value, "userid"),
            _ => {}
        });
        identity
    }
}

fn member<'a>(object: &'a RawValue, wanted: &str) -> Option<&'a RawValue> {
    let mut found = None;
    each_member(object.get(), |key, value| {
        if key.eq_ignore_ascii_case(wanted) {
            found = Some(value);
        }
    })
    .ok()?;
    found
}

fn member_text<'a>(object: &'a RawValue, wanted: &str) -> Option<Cow<'a, str>> {
    member(object, wanted).and_then(text)
}

/// A string, a number as its digits; nothing where it is anything else.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let digits = || value.get().starts_with(|first: char| first.is_ascii_digit()).then_some(Cow::Borrowed(value.get()));
    string(value).or_else(digits)
}

fn short(value: &RawValue) -> Option<Cow<'_, str>> {
    text(value).filter(|text| text.len() <= LONGEST)
}

/// A text that is only told: what is too long of it is left out.
fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    let end = text.floor_char_boundary(LONGEST);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    }
}

/// A boolean, in quotes or not.
fn flag(value: &RawValue) -> Option<bool> {
    match value.get().trim_matches('"') {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
