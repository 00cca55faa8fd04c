//! What a look takes from its reader beside what differs: when that was read, and where its page is.

use std::{collections::BTreeMap, sync::Arc};

use drift_engine::{
    judge::{is_link, judge},
    memory::ScriptedReader,
    ports::{LiveReader, LiveReading},
};
use drift_model::{Attributes, Instance, Judgement, Place, Reader, StateId, Timestamp};
use futures::FutureExt;
use serde_json::json;

/// Says what was read at some time, and knows a page.
struct Kept {
    live: ScriptedReader,
    as_of: Option<Timestamp>,
    link: Option<&'static str>,
}

impl LiveReader for Kept {
    fn reader(&self) -> Reader {
        Reader::Native
    }

    fn reads(&self, provider: &str, type_name: &str) -> bool {
        self.live.reads(provider, type_name)
    }

    fn as_of(&self, _: &Instance) -> Option<Timestamp> {
        self.as_of
    }

    fn link(&self, _: &Instance) -> Option<String> {
        self.link.map(str::to_owned)
    }

    async fn read(&self, place: Option<&Place>, instance: &Instance) -> LiveReading {
        self.live.read(place, instance).await
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// A look that begins at second 100.
fn look(as_of: Option<i64>, link: Option<&'static str>) -> Judgement {
    let place = Place::new("aws", "123456789012", "eu-west-1");
    let key = "github_repository.shop".parse::<drift_model::Address>().expect("an address").into();
    let attributes = Attributes::from_iter([("id".to_owned(), json!("shop")), ("visibility".to_owned(), json!("private"))]);
    let mut instance = Instance::new(key, "registry.terraform.io/integrations/github", attributes);
    instance.place = Some(place.clone());
    // Behind an `Arc`, as the functions hold it.
    let reader = Arc::new(Kept { live: ScriptedReader::default(), as_of: as_of.map(at), link });
    reader.live.put(&place, "github_repository", "shop", BTreeMap::from([("visibility".to_owned(), json!("public"))]));
    judge(&reader, &StateId::s3("states", "github.tfstate"), &instance, at(100)).now_or_never().expect("nothing waits")
}

#[test]
fn a_look_at_what_was_read_before_counts_as_of_then_and_never_as_newer_than_it_is() {
    for (as_of, began) in [(None, 100), (Some(40), 40), (Some(100), 100), (Some(130), 100)] {
        let judgement = look(as_of, None);
        assert_eq!((judgement.read_began, judgement.verdict.name()), (at(began), "drifted"), "{as_of:?}");
    }
}

#[test]
fn a_judgement_has_the_page_that_its_reader_knows_unless_it_could_lead_astray() {
    assert_eq!(look(None, Some("https://github.com/acme/shop")).url.as_deref(), Some("https://github.com/acme/shop"));
    assert_eq!(look(None, Some("javascript:alert(1)")).url, None);
    assert_eq!(look(None, None).url, None);
}

#[test]
fn a_link_leads_to_a_page_by_tls_or_on_this_machine() {
    let long = format!("https://github.com/{}", "a".repeat(700));
    for (url, expected) in [
        ("https://github.com/acme/shop/settings/hooks/1?a=b#c", true),
        ("https://github.acme.example:8443/acme", true),
        ("http://127.0.0.1:8080/acme/shop", true),
        ("http://localhost/acme", true),
        ("http://[::1]:1/acme", true),
        ("http://github.com/acme", false),
        ("http://127.0.0.1.evil.example/", false),
        ("http://localhost@evil.example/", false),
        ("http://127.0.0.1:80@evil.example/", false),
        ("https://github.com@evil.example/", false),
        ("https:///acme", false),
        ("https://github.com/a b", false),
        ("https://github.com/a\nWho: bob", false),
        ("https://github.com/a|b>", false),
        ("https://g\u{456}thub.com/", false),
        ("file:///etc/passwd", false),
        (long.as_str(), false),
        ("", false),
    ] {
        assert_eq!(is_link(url), expected, "{url}");
    }
}
