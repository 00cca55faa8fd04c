use std::{collections::BTreeMap, fmt};

use drift_model::Attributes;
use serde::{Deserialize, Deserializer, de};

use crate::{Expression, Normaliser, Root, Structure, Template};

/// The `service` of GitHub's types.
const GITHUB: &str = "github";

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
    /// Where the recorded attributes name the owner (GitHub's organisation) that it belongs to. One of another owner than
    /// the place's is not read: what is found there says nothing about it.
    pub owner: Option<Expression>,
    /// The permissions that a GitHub App needs to read it: `administration: read`.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The scopes that a classic token needs to read it: `read:org`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// How the names of the audit log's actions begin that can change it: `protected_branch.`.
    #[serde(default)]
    pub audit: Vec<String>,
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
    /// The model's name of the operation: `GetQueueAttributes`. GitHub's is the method and the path as its description
    /// writes it, `GET /repos/{owner}/{repo}/hooks/{hook_id}`, or a query by its name, `GRAPHQL TeamMembers`.
    pub operation: String,
    /// Its input by the model's member names, made from the recorded attributes.
    #[serde(default)]
    pub input: Template,
    /// Makes the read once for each of the values found here, in what was read before; the input knows it as `each`, and
    /// the answer is the list of the answers.
    pub for_each: Option<Expression>,
    /// True where the read is needed; sees the recorded attributes, as `recorded`. Otherwise its answer is null.
    pub when: Option<Expression>,
    /// True where the read is needed; sees all that was read before it, and the recorded attributes as `recorded`. Such a
    /// read is made after the others.
    pub only_if: Option<Expression>,
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
    /// What has to be readable for this read's "not found" to be believed, where a service says that of what it only hides.
    /// The first that can be read is enough; where none can, nothing is concluded.
    #[serde(default)]
    pub witness: Witnesses,
    /// True of an answer that leaves out what only some may see. Sees what `gone_if` sees.
    pub denied_if: Option<Expression>,
    /// True of an answer that is another owner's. Sees what `gone_if` sees.
    pub foreign_if: Option<Expression>,
    /// What to grant where `denied_if` is true: `organization_administration: read`.
    pub permission: Option<String>,
    /// IAM's action, where it is not `service:Operation`: `s3:GetEncryptionConfiguration`.
    pub action: Option<String>,
}

/// The reads that tell "gone" from "hidden". In a file: an operation alone, a table, or a list of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "OneOrMore")]
pub struct Witnesses(pub Vec<Witness>);

/// A read whose success shows that what is not found would be seen if it were there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// As a read's: `GET /repos/{owner}/{repo}/hooks`.
    pub operation: String,
    /// Its input; where nothing is said, those members of the read's own input that the operation's path names.
    pub input: Option<Template>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    Operation(String),
    One(Witness),
    More(Vec<Witness>),
}

impl From<OneOrMore> for Witnesses {
    fn from(witnesses: OneOrMore) -> Self {
        Self(match witnesses {
            OneOrMore::Operation(operation) => vec![Witness { operation, input: None }],
            OneOrMore::One(witness) => vec![witness],
            OneOrMore::More(witnesses) => witnesses,
        })
    }
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
    /// Attributes of its only block that may not be shown.
    pub secrets: Vec<String>,
    /// Whether a block says something by being there, though all that it holds is nothing: "nobody may push".
    pub bare_blocks: bool,
    /// Which blocks and nested attributes `from` makes.
    pub structure: Structure,
}

impl Resource {
    /// Whether the native reader can read it.
    #[must_use]
    pub fn is_read(&self) -> bool {
        !self.reads.is_empty()
    }

    /// Whether it is GitHub's, and neither botocore's models nor IAM know of it.
    #[must_use]
    pub fn is_github(&self) -> bool {
        self.service == GITHUB
    }

    /// The owner that the recorded attributes name, where the type's do.
    #[must_use]
    pub fn owner_of(&self, recorded: &Attributes) -> Option<String> {
        let found = self.owner.as_ref()?.evaluate(&Root::new(recorded.clone().into())).ok()?;
        found.as_str().filter(|owner| !owner.is_empty()).map(ToOwned::to_owned)
    }

    /// The recorded attributes that are not compared, each with the reason where one is declared.
    #[must_use]
    pub fn not_compared<'a>(&'a self, recorded: &'a Attributes) -> BTreeMap<&'a str, Option<&'a str>> {
        let left_out = recorded.keys().filter(|name| !self.attributes.contains_key(*name));
        left_out.map(|name| (name.as_str(), self.not_compared.get(name).map(String::as_str))).collect()
    }

    /// The IAM actions that reading it takes: `sqs:GetQueueAttributes`. None for what is not AWS's.
    pub fn actions(&self) -> impl Iterator<Item = String> {
        self.reads.iter().filter(|_| !self.is_github()).map(|read| read.iam_action(&self.service))
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
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    bare_blocks: bool,
}

impl AttributeRule {
    fn new(table: RuleTable) -> Self {
        let RuleTable { from, normaliser, nested, default, when, sensitive, secrets, bare_blocks } = table;
        let structure = Structure::of(&from);
        Self { from, normaliser, nested, default, when, sensitive, secrets, bare_blocks, structure }
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
                Ok(AttributeRule::new(RuleTable {
                    from,
                    normaliser: Normaliser::default(),
                    nested: BTreeMap::new(),
                    default: None,
                    when: None,
                    sensitive: false,
                    secrets: Vec::new(),
                    bare_blocks: false,
                }))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<AttributeRule, A::Error> {
                RuleTable::deserialize(de::value::MapAccessDeserializer::new(map)).map(AttributeRule::new)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
