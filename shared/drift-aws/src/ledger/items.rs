use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use drift_engine::{
    ledger::expires,
    ports::{Alert, Entry, Owed},
};
use drift_model::{Drift, InstanceRef};
use sha2::{Digest, Sha256};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The one partition of the index of owed alerts.
pub(super) const OWED: &str = "owed";

/// A hash, as addresses may be longer than a key may be.
pub(super) fn key(instance: &InstanceRef) -> AttributeValue {
    let mut hash = Sha256::new();
    for part in [&instance.state.0, instance.key.address.as_str(), instance.key.deposed.as_deref().unwrap_or_default()] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    text(&BASE64_URL_SAFE_NO_PAD.encode(hash.finalize()))
}

pub(super) fn judged(drift: &Drift) -> AttributeValue {
    AttributeValue::N(drift.last_judged.as_nanosecond().to_string())
}

/// The item of a drift; nothing where it cannot be written as JSON.
pub(super) fn item(drift: &Drift, alert: Option<&Alert>, version: u64) -> Option<Item> {
    let mut item = Item::from([
        ("pk".to_owned(), key(&drift.instance)),
        ("drift".to_owned(), text(&serde_json::to_string(drift).ok()?)),
        ("state".to_owned(), text(&drift.instance.state.0)),
        ("address".to_owned(), text(&drift.instance.key.to_string())),
        ("status".to_owned(), text(drift.status.name())),
        ("version".to_owned(), AttributeValue::N(version.to_string())),
        ("judged".to_owned(), judged(drift)),
    ]);
    let mut put = |name: &str, value: AttributeValue| drop(item.insert(name.to_owned(), value));
    if drift.status.is_open() {
        put("open_state", text(&drift.instance.state.0));
        put("open_severity", text(drift.severity.name()));
        put("rank", text(&format!("{}#{}", drift.severity as u8, drift.first_seen)));
        if let Some(place) = &drift.place {
            put("open_account", text(&place.account));
        }
    }
    // Months after the sweep, which runs every minute, has told what is owed.
    if let Some(expires) = expires(drift) {
        put("expires", AttributeValue::N(expires.as_second().to_string()));
    }
    if let Some(alert) = alert {
        put("owed", text(&serde_json::to_string(alert).ok()?));
        put("owed_id", text(&alert.transition.id));
        put("owed_in", text(OWED));
        put("owed_at", text(&alert.transition.at.to_string()));
    }
    Some(item)
}

pub(super) fn drift(item: &Item) -> Option<Drift> {
    serde_json::from_str(item.get("drift")?.as_s().ok()?).ok()
}

pub(super) fn owed(item: &Item) -> Option<Owed> {
    let alert = serde_json::from_str(item.get("owed")?.as_s().ok()?).ok()?;
    Some(Owed { alert, claimed: item.get("owed_at")?.as_s().ok()?.parse().ok()? })
}

pub(super) fn entry(item: &Item) -> Option<Entry> {
    let owed = if item.contains_key("owed") { Some(owed(item)?) } else { None };
    Some(Entry { drift: drift(item)?, version: item.get("version")?.as_n().ok()?.parse().ok()?, owed })
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
