use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

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
        each_member(text, |key, value| fields.take(key, value)).map_err(|error| error.to_string())?;
        Ok(fields)
    }

    fn take(&mut self, key: &str, value: &'a RawValue) {
        match key {
            "eventid" => self.id = text(value),
            "eventsource" => self.source = text(value),
            "eventname" => self.name = text(value),
            "eventtime" => self.time = text(value),
            "awsregion" => self.region = text(value),
            "eventtype" => self.event_type = text(value),
            "recipientaccountid" => self.recipient_account = text(value),
            "sourceipaddress" => self.source_address = text(value),
            "useragent" => self.user_agent = text(value),
            "errorcode" => self.error_code = text(value),
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
        let _ = each_member(value.get(), |key, value| match key {
            "type" => identity.kind = text(value),
            "arn" => identity.arn = text(value),
            "accountid" => identity.account = text(value),
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
        if key == wanted {
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
    let raw = value.get();
    let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(plain) if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
        Some(_) => serde_json::from_str::<String>(raw).ok().map(Cow::Owned),
        None => raw.starts_with(|first: char| first.is_ascii_digit()).then_some(Cow::Borrowed(raw)),
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

/// Calls `take` with each member of an object, its key in lower case. Fails where the text is no object.
fn each_member<'a>(text: &'a str, take: impl FnMut(&str, &'a RawValue)) -> serde_json::Result<()> {
    struct Members<F>(F);
    impl<'de, F: FnMut(&str, &'de RawValue)> Visitor<'de> for Members<F> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            let mut lower = String::new();
            while let Some(key) = map.next_key::<Key<'de>>()? {
                lower.clear();
                lower.extend(key.0.chars().map(|letter| letter.to_ascii_lowercase()));
                let value: &'de RawValue = map.next_value()?;
                self.0(&lower, value);
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Members(take))?;
    deserializer.end()
}

struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
