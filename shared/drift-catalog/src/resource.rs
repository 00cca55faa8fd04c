use std::{collections::BTreeMap, fmt};

use drift_model::Attributes;
use serde::{Deserialize, Deserializer, de};

use crate::{Expression, Normaliser, Structure, Template};

/// What is known of one resource type: how records name it, how it is read, what is compared.
///
/// A type without reads is known by its events and references alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// `aws_sqs_queue`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The service that reads it, as botocore names it; the file's where nothing is said.
    #[serde(default)]
    pub service: String,
    /// The event sources whose services can write it, the file's own first: `sqs.amazonaws.com`. In a file: the others.
    #[serde(default)]
    pub services: Vec<String>,
    /// Attributes whose values name the instance, beyond what every instance carries anyway (`id`, `arn`, `name`, ...).
    #[serde(default)]
    pub identifiers: Vec<String>,
    /// Attributes whose values name other resources, a change to which can change this one.
    #[serde(default)]
    pub references: Vec<String>,
    /// Events that change every instance of the type in their place though they name none: `ec2:DisableEbsEncryptionByDefault`.
    #[serde(default)]
    pub exceptions: Vec<String>,
    /// Events that change some instance of the type by an id that no state holds (an association's): a reason to look while
    /// there are few of them, and never to blame: `ec2:DisassociateIamInstanceProfile`.
    #[serde(default)]
    pub hints: Vec<String>,
    /// The reads, in order. The first one's answer is what the attributes' paths start from.
    #[serde(default, rename = "read")]
    pub reads: Vec<Read>,
    /// What is compared, by Terraform's name of the attribute.
    #[serde(default)]
    pub attributes: BTreeMap<String, AttributeRule>,
    /// What is not compared, and why. `block.attribute` names one within a block.
    #[serde(default)]
    pub not_compared: BTreeMap<String, String>,
}

/// One read: one operation, or as many as its pages need.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The service, where it is not the type's.
    pub service: Option<String>,
    /// The model's name of the operation: `GetQueueAttributes`.
    pub operation: String,
    /// Its input by the model's member names, made from the recorded attributes.
    #[serde(default)]
    pub input: Template,
    /// Makes the read once for each of the values found here, in what was read before; the input knows it as `each`, and
    /// the answer is the list of the answers.
    pub for_each: Option<Expression>,
    /// True where the read is needed; sees the recorded attributes, as `recorded`. Otherwise its answer is null.
    pub when: Option<Expression>,
    /// How to get the rest of an answer that can be cut.
    pub pages: Option<Pages>,
    /// What of the answer is the resource; all of it where nothing is said. Finding null means that the resource is gone
    /// (in the first read) or that the setting is not set (in the others). Besides the answer's members it sees the
    /// recorded attributes, as `recorded`.
    pub select: Option<Expression>,
    /// Where the attributes' paths find it. The first read has none: its members are the root.
    pub into: Option<String>,
    /// The error codes that mean that the resource is gone.
    #[serde(default)]
    pub gone: Vec<String>,
    /// True of an answer that says that the resource is gone: `State.Name == 'terminated'`. Sees what `select` found.
    pub gone_if: Option<Expression>,
    /// The error codes that mean that the setting is not set: `NoSuchBucketPolicy`.
    #[serde(default)]
    pub unset: Vec<String>,
    /// IAM's action, where it is not `service:Operation`: `s3:GetEncryptionConfiguration`.
    pub action: Option<String>,
}

/// How an answer that can be cut goes on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// The member that holds the list, which is what the pages are joined by.
    pub items: String,
    /// Member of the next input -> where the answer holds it. The last page holds none of them.
    pub next: BTreeMap<String, Expression>,
}

/// How one attribute is compared. In a file: a path alone, or a table.
#[derive(Clone, Debug)]
pub struct AttributeRule {
    /// Where the answers hold it.
    pub from: Expression,
    /// How the two sides are brought into one form.
    pub normaliser: Normaliser,
    /// The same for attributes of its blocks, by their names at any depth: `{ policy = "iam-policy" }`.
    pub nested: BTreeMap<String, Normaliser>,
    /// What it is where the answers leave it out.
    pub default: Option<serde_json::Value>,
    /// True where it may be compared; sees what `from` sees. Some attributes are echoes only while something else holds.
    pub when: Option<Expression>,
    /// Whether its values may not be shown.
    pub sensitive: bool,
    /// Which blocks and nested attributes `from` makes.
    pub structure: Structure,
}

impl Resource {
    /// Whether the native reader can read it.
    #[must_use]
    pub fn is_read(&self) -> bool {
        !self.reads.is_empty()
    }

    /// The recorded attributes that are not compared, each with the reason where one is declared.
    #[must_use]
    pub fn not_compared<'a>(&'a self, recorded: &'a Attributes) -> BTreeMap<&'a str, Option<&'a str>> {
        let left_out = recorded.keys().filter(|name| !self.attributes.contains_key(*name));
        left_out.map(|name| (name.as_str(), self.not_compared.get(name).map(String::as_str))).collect()
    }

    /// The IAM actions that reading it takes: `sqs:GetQueueAttributes`.
    pub fn actions(&self) -> impl Iterator<Item = String> {
        self.reads.iter().map(|read| read.iam_action(&self.service))
    }

    pub(crate) fn belongs_to(&mut self, service: &str, source: &str) {
        if self.service.is_empty() {
            service.clone_into(&mut self.service);
        }
        if !self.services.iter().any(|known| known == source) {
            self.services.insert(0, source.to_owned());
        }
    }
}

impl Read {
    /// The IAM action that it takes, for a type of that service.
    #[must_use]
    pub fn iam_action(&self, service: &str) -> String {
        self.action.clone().unwrap_or_else(|| format!("{}:{}", self.service.as_deref().unwrap_or(service), self.operation))
    }
}

/// An attribute's table, as a file holds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    from: Expression,
    #[serde(default, rename = "as")]
    normaliser: Normaliser,
    #[serde(default)]
    nested: BTreeMap<String, Normaliser>,
    default: Option<serde_json::Value>,
    when: Option<Expression>,
    #[serde(default)]
    sensitive: bool,
}

impl AttributeRule {
    fn new(table: RuleTable) -> Self {
        let RuleTable { from, normaliser, nested, default, when, sensitive } = table;
        let structure = Structure::of(&from);
        Self { from, normaliser, nested, default, when, sensitive, structure }
    }
}

impl<'de> Deserialize<'de> for AttributeRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By hand, because an untagged enum's errors do not say what is wrong with the table.
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = AttributeRule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or a table with `from`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AttributeRule, E> {
                let from = Expression::parse(text).map_err(E::custom)?;
                let (normaliser, nested) = (Normaliser::default(), BTreeMap::new());
                Ok(AttributeRule::new(RuleTable { from, normaliser, nested, default: None, when: None, sensitive: false }))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<AttributeRule, A::Error> {
                RuleTable::deserialize(de::value::MapAccessDeserializer::new(map)).map(AttributeRule::new)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
