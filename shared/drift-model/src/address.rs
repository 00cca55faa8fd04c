use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What Terraform prints for an instance: `module.web["a"].aws_instance.app[0]`.
///
/// Parsed only as far as anybody asks; printing gives back what was parsed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: String,
    /// Where the type begins in `text`.
    type_start: usize,
    /// Where the resource's name begins in `text`.
    name_start: usize,
    /// Where the resource's name ends in `text`; what follows is the key in brackets, or nothing.
    name_end: usize,
}

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the address of a managed resource instance: {why}")]
pub struct AddressError {
    text: String,
    why: &'static str,
}

impl Address {
    /// The address of `type_name.name`, in a module where there is one, with the key as Terraform prints it: `[0]`, `["a"]`, or nothing.
    #[must_use]
    pub fn new(module: Option<&str>, type_name: &str, name: &str, key: &str) -> Self {
        let prefix = module.filter(|module| !module.is_empty()).map_or_else(String::new, |module| format!("{module}."));
        let type_start = prefix.len();
        let name_start = type_start + type_name.len() + 1;
        Self { type_start, name_start, name_end: name_start + name.len(), text: format!("{prefix}{type_name}.{name}{key}") }
    }

    /// The whole of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `module.web["a"]`, nothing in the root module.
    #[must_use]
    pub fn module(&self) -> Option<&str> {
        self.type_start.checked_sub(1).map(|end| &self.text[..end])
    }

    /// `aws_instance`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.text[self.type_start..self.name_start - 1]
    }

    /// `app`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.name_start..self.name_end]
    }

    /// `[0]`, `["a"]`, or nothing.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.text[self.name_end..]
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |why| AddressError { text: text.to_owned(), why };
        let steps = steps(text).ok_or_else(|| fail("unbalanced brackets or an empty part"))?;
        let [.., (type_start, type_end), (name_start, name_end)] = steps[..] else {
            return Err(fail("a type and a name are needed"));
        };
        let modules = &steps[..steps.len() - 2];
        if modules.len() % 2 != 0 || modules.chunks(2).any(|pair| &text[pair[0].0..pair[0].1] != "module") {
            return Err(fail("only modules may stand before the type"));
        }
        let name = &text[name_start..name_end];
        let bare = name.find('[').map_or(name.len(), |at| at);
        if bare == 0 || text[type_start..type_end].contains('[') {
            return Err(fail("a type and a name are needed"));
        }
        Ok(Self { text: text.to_owned(), type_start, name_start, name_end: name_start + bare })
    }
}

/// The parts between dots that stand in no bracket, as offsets. Keys are quoted as in HCL, with `\"` and `\\` inside.
fn steps(text: &str) -> Option<Vec<(usize, usize)>> {
    let (mut found, mut start, mut bracket, mut quoted, mut escaped) = (Vec::new(), 0, false, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if bracket => quoted = !quoted,
            _ if quoted => {}
            '[' if bracket => return None,
            '[' => bracket = true,
            ']' if !bracket => return None,
            ']' => bracket = false,
            '.' if !bracket => {
                found.push((start, at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push((start, text.len()));
    (!bracket && !quoted && found.iter().all(|(start, end)| start < end)).then_some(found)
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Names one instance within its state: the address, and the key of the deposed object where it is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceKey {
    /// Where Terraform's configuration has it.
    pub address: Address,
    /// The eight hexadecimal digits of a deposed object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
}

impl From<Address> for InstanceKey {
    fn from(address: Address) -> Self {
        Self { address, deposed: None }
    }
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.deposed {
            Some(deposed) => write!(f, "{} (deposed object {deposed})", self.address),
            None => self.address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_knows_its_parts() {
        let address: Address = r#"module.web["a.b"].module.x[0].aws_instance.app["c[\"d"]"#.parse().expect("an address");
        assert_eq!(address.module(), Some(r#"module.web["a.b"].module.x[0]"#));
        assert_eq!((address.type_name(), address.name(), address.key()), ("aws_instance", "app", r#"["c[\"d"]"#));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "aws_instance", "aws_instance.", "a.b.c", "aws_instance.a[", "x.aws_instance.a[0]]", "data.aws_ami.a"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_built_parses_and_prints_back(module in proptest::option::of("module\\.[a-z]{1,5}(\\[[0-9]\\])?"), name in "[a-z_]{1,8}", key in "(\\[[0-9]{1,3}\\])?") {
            let built = Address::new(module.as_deref(), "aws_sqs_queue", &name, &key);
            prop_assert_eq!(&built.to_string().parse::<Address>().expect("parses"), &built);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string(), text);
            }
        }
    }
}
