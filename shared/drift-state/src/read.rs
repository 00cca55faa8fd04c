//! A whole state in one pass.

use std::{collections::BTreeMap, fmt, sync::Arc};

use drift_model::{Address, ByteRange, Identifier, Instance, InstanceKey, Place, lives_in_aws};
use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

use crate::{
    StateError,
    document::{Document, Head, Resource},
    fragment::{Object, Outside},
    key::instance_key,
    lenient::text,
    place::{Places, Told, Votes},
    provider::provider_source,
};

/// What a reader of states has to be told.
pub struct Settings<'a> {
    /// Where instances live of which neither they nor the others of their provider configuration tell.
    pub default_place: Option<Place>,
    /// The same for single provider configurations, named as the state writes them.
    pub places: BTreeMap<String, Place>,
    /// The identifiers of an instance: the catalog adds to what every instance has.
    pub identifiers: &'a (dyn Fn(&Instance) -> Vec<Identifier> + Sync),
}

/// What a state holds, as far as an index needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// What wrote it last. Untrusted text.
    pub terraform_version: Option<String>,
    /// Counts its versions.
    pub serial: u64,
    /// The same for all versions of one state.
    pub lineage: String,
    /// Its managed instances, in the order of the file.
    pub found: Vec<Found>,
    /// What is odd in it and was left out, in the order of the file.
    pub problems: Vec<Problem>,
}

/// One managed instance, without its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its address, and the deposed key where it is a deposed object.
    pub key: InstanceKey,
    /// The provider's source address: `registry.terraform.io/hashicorp/aws`.
    pub provider: Arc<str>,
    /// The provider configuration, as the state writes it.
    pub provider_config: Arc<str>,
    /// Where it lives, as far as the state and the settings tell.
    pub place: Option<Arc<Place>>,
    /// Its own object within `instances`.
    pub range: ByteRange,
    /// The strings by which it is named, and by which it names others.
    pub identifiers: Vec<Identifier>,
}

impl Found {
    /// `aws_security_group`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.key.address.type_name()
    }

    /// What [`crate::instance`] needs beside the bytes.
    #[must_use]
    pub fn outside(&self) -> Outside<'_> {
        Outside { key: &self.key, provider: &self.provider, provider_config: &self.provider_config, place: self.place.as_deref() }
    }

    /// Its bytes within those of the state that it was found in; none where they are another state's.
    #[must_use]
    pub fn bytes<'a>(&self, state: &'a [u8]) -> &'a [u8] {
        let start = usize::try_from(self.range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(self.range.start.saturating_add(self.range.length)).unwrap_or(usize::MAX);
        state.get(start..end).unwrap_or_default()
    }
}

/// The longest name of an instance, and the longest provider configuration, in bytes: what holds these names elsewhere is
/// bounded, and one that does not fit would cost the whole state.
const LONGEST_NAME: usize = 2_048;

/// A longer address is cut where it is only told, in characters.
const LONGEST_TOLD: usize = 200;

/// Something in a state that was left out because it is odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The address, as far as it can be told.
    pub address: String,
    /// What is odd. Holds no value.
    pub why: String,
}

/// Goes once over a state of version 4 and keeps of each managed instance where it is and how it is named. Attributes
/// are decoded one instance at a time and let go. What is odd in one instance costs only that one, as a [`Problem`].
///
/// # Errors
///
/// Where the bytes as a whole are no state of version 4: see [`StateError`].
pub fn read(bytes: &[u8], settings: &Settings<'_>) -> Result<State, StateError> {
    if bytes.trim_ascii().is_empty() {
        return Err(StateError::Empty);
    }
    let mut pass = Pass { origin: bytes.as_ptr() as usize, settings, votes: BTreeMap::new(), found: Vec::new(), problems: Vec::new() };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let head = Document(|resource: Result<&Resource<'_>, usize>| pass.take(resource))
        .deserialize(&mut deserializer)
        .and_then(|head| deserializer.end().map(|()| head))
        .map_err(|error| StateError::syntax(&error, bytes))?;
    head.check()?;
    Ok(pass.finish(head))
}

/// An instance as one pass leaves it: its place waits for what the others say.
struct Pending {
    found: Found,
    told: Option<Told>,
}

struct Pass<'s> {
    /// The address of the first byte: the difference of a part's is its offset.
    origin: usize,
    settings: &'s Settings<'s>,
    /// What the instances of each provider configuration say of their place.
    votes: BTreeMap<Arc<str>, Votes>,
    found: Vec<Pending>,
    problems: Vec<Problem>,
}

impl Pass<'_> {
    fn take(&mut self, resource: Result<&Resource<'_>, usize>) {
        match resource {
            Ok(resource) => self.resource(resource),
            Err(at) => self.problem(&format_args!("resources[{at}]"), "it is not an object"),
        }
    }

    fn resource(&mut self, resource: &Resource<'_>) {
        let what = |raw: Option<&RawValue>| raw.and_then(text).unwrap_or_default();
        let (mode, type_name, name) = (what(resource.mode), what(resource.type_name), what(resource.name));
        if mode == "data" {
            return;
        }
        let module = resource.module.and_then(text).filter(|module| !module.is_empty());
        let address = Address::new(module.as_deref(), &type_name, &name, "");
        let Some(instances) = &resource.instances.0 else {
            return self.problem(&address, "it has no list of `instances`");
        };
        if mode != "managed" {
            return self.problem(&address, "its `mode` is neither `managed` nor `data`");
        }
        if address.as_str().parse::<Address>().as_ref() != Ok(&address) {
            return self.problem(&address, "its module, type and name make no address");
        }
        let config: Arc<str> = what(resource.provider).into();
        for raw in instances {
            if let Err((address, why)) = self.instance(raw, &address, &config) {
                self.problem(&address, why);
            }
        }
    }

    fn problem(&mut self, address: &impl fmt::Display, why: impl Into<String>) {
        self.problems.push(Problem { address: told(&address.to_string()), why: why.into() });
    }

    fn instance(&mut self, raw: &RawValue, resource: &Address, config: &Arc<str>) -> Result<(), (String, String)> {
        let bytes = raw.get().as_bytes();
        let object = Object::parse(bytes).map_err(|why| (resource.to_string(), why))?;
        let suffix = instance_key(&object.index_key)
            .ok_or_else(|| (resource.to_string(), "its `index_key` is neither a whole number nor a text".to_owned()))?;
        let address = Address::new(resource.module(), resource.type_name(), resource.name(), &suffix);
        let key = InstanceKey { address, deposed: object.deposed.clone() };
        let config = object.provider.as_deref().filter(|config| !config.is_empty()).map_or_else(|| Arc::clone(config), Arc::from);
        let fail = |why: String| (key.to_string(), why);
        if key.to_string().len() > LONGEST_NAME {
            return Err(fail(format!("its address is longer than {LONGEST_NAME} bytes")));
        }
        if config.len() > LONGEST_NAME {
            return Err(fail(format!("its `provider` is longer than {LONGEST_NAME} bytes")));
        }
        let provider: Arc<str> = match self.found.last() {
            Some(last) if last.found.provider_config == config => Arc::clone(&last.found.provider),
            _ => provider_source(&config).ok_or_else(|| fail("its `provider` names no provider".to_owned()))?.into(),
        };
        let outside = Outside { key: &key, provider: &provider, provider_config: &config, place: None };
        let instance = object.into_instance(outside).map_err(fail)?;
        let told = lives_in_aws(&provider).then(|| Told::by(&instance.type_name, &instance.attributes, instance.identity.as_ref()));
        if let Some(told) = &told {
            self.votes.entry(Arc::clone(&config)).or_default().count(told);
        }
        let range = ByteRange { start: (bytes.as_ptr() as usize - self.origin) as u64, length: bytes.len() as u64 };
        let mut identifiers = (self.settings.identifiers)(&instance);
        identifiers.shrink_to_fit();
        self.found.push(Pending { found: Found { key, provider, provider_config: config, place: None, range, identifiers }, told });
        Ok(())
    }

    fn finish(mut self, head: Head) -> State {
        let outcomes: BTreeMap<_, _> = self.votes.iter().map(|(config, votes)| (config, votes.outcome())).collect();
        let nothing = Told::default();
        let mut places = Places::default();
        let mut found: Vec<Found> = Vec::with_capacity(self.found.len());
        for Pending { found: mut instance, told } in self.found {
            if let Some(told) = told {
                let configured = self.settings.places.get(&*instance.provider_config).or(self.settings.default_place.as_ref());
                instance.place = places.of(told, outcomes.get(&instance.provider_config).unwrap_or(&nothing), configured);
            }
            found.push(instance);
        }
        let repeated = repeated(&found);
        let mut at = 0;
        found.retain(|instance| {
            let keep = repeated.binary_search(&at).is_err();
            at += 1;
            if !keep {
                let why = "the state holds it more than once; only the first is taken".to_owned();
                self.problems.push(Problem { address: instance.key.to_string(), why });
            }
            keep
        });
        let Head { terraform_version, serial, lineage, .. } = head;
        State { terraform_version, serial, lineage, found, problems: self.problems }
    }
}

/// An address for people, who do not read a megabyte of it.
fn told(address: &str) -> String {
    match address.char_indices().nth(LONGEST_TOLD) {
        Some((end, _)) => format!("{}...", &address[..end]),
        None => address.to_owned(),
    }
}

/// The positions of instances whose key an earlier one has, in order.
fn repeated(found: &[Found]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by(|a, b| found[*a].key.cmp(&found[*b].key).then(a.cmp(b)));
    let mut repeated: Vec<usize> = order.windows(2).filter(|pair| found[pair[0]].key == found[pair[1]].key).map(|pair| pair[1]).collect();
    repeated.sort_unstable();
    repeated
}
