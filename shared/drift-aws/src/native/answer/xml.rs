//! XML answers, by shape. XML itself does not tell a list of one from a single value, nor an empty list from an empty string.

use drift_catalog::shapes::{Member, Shape, Type};
use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};
use serde_json::{Map, Value};

use super::{Shapes, Undecodable, scalar};

/// Deeper than any answer of AWS, shallower than any stack.
const DEEPEST: usize = 64;

/// An element: local name, attributes by their names as written, text, children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Parses a document; its root element.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Undecodable> {
        let wrong = |why: &dyn std::fmt::Display| Undecodable::new(format!("not XML: {why}"));
        let text = std::str::from_utf8(body).map_err(|error| wrong(&error))?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        // The first is a stand-in for the document, so that there always is a parent.
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().map_err(|error| wrong(&error))? {
                Event::Start(start) => {
                    if open.len() > DEEPEST {
                        return Err(wrong(&"nested too deeply"));
                    }
                    let mut element = Self { name: start.local_name().as_ref().to_owned(), ..Self::default() };
                    // Unchecked, as the check for repetition takes the square of their number; of several, the first counts.
                    for attribute in start.attributes().with_checks(false) {
                        let attribute = attribute.map_err(|error| wrong(&error))?;
                        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|error| wrong(&error))?;
                        element.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
                    }
                    open.push(element);
                }
                Event::End(_) => {
                    let (closed, parent) = (open.pop(), open.last_mut());
                    let (Some(closed), Some(parent)) = (closed, parent) else { return Err(wrong(&"an end without a start")) };
                    parent.children.push(closed);
                }
                Event::Text(text) => append(&mut open, &text.xml10_content()),
                Event::CData(text) => append(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref().map_err(|error| wrong(&error))? {
                    Some(character) => append(&mut open, character.encode_utf8(&mut [0; 4])),
                    None => append(&mut open, resolve_predefined_entity(&reference).ok_or_else(|| wrong(&"an unknown entity"))?),
                },
                Event::Eof => break,
                _ => {}
            }
        }
        let document = open.pop().filter(|_| open.is_empty()).ok_or_else(|| wrong(&"cut off"))?;
        document.children.into_iter().next().ok_or_else(|| wrong(&"no element"))
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The attribute of that name: as written, or whatever its prefix is.
    fn attribute(&self, name: &str) -> Option<&str> {
        let local = |name: &str| name.rsplit(':').next().unwrap_or_default().to_owned();
        let found = self.attributes.iter().find(|(written, _)| written == name);
        found.or_else(|| self.attributes.iter().find(|(written, _)| local(written) == local(name))).map(|(_, value)| value.as_str())
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// The members of a structure that stand in the body.
pub(super) fn structure(
    element: &Element,
    members: &std::collections::BTreeMap<String, Member>,
    shapes: Shapes<'_>,
) -> Result<Map<String, Value>, Undecodable> {
    let mut found = Map::new();
    for (name, member) in members.iter().filter(|(_, member)| super::is_of_body(member)) {
        if let Some(value) = self::member(element, name, member, shapes).map_err(|error| error.within(name))? {
            found.insert(name.clone(), value);
        }
    }
    Ok(found)
}

fn member(parent: &Element, name: &str, member: &Member, shapes: Shapes<'_>) -> Result<Option<Value>, Undecodable> {
    let wire = member.wire(name);
    if member.attribute {
        return parent.attribute(wire).map_or(Ok(None), |text| scalar::from_text(text, &member.kind));
    }
    if member.flat {
        match shapes.get(&member.kind)? {
            Shape::List(item) => {
                let mut items = Vec::new();
                for element in parent.all(wire) {
                    items.extend(value(element, &item.kind, shapes)?);
                }
                return Ok(Some(items).filter(|items| !items.is_empty()).map(Value::Array));
            }
            Shape::Map { value, key_wire, value_wire } => {
                let mut entries = Map::new();
                for entry in parent.all(wire) {
                    self::entry(entry, key_wire, value_wire, value, shapes, &mut entries)?;
                }
                return Ok(Some(entries).filter(|entries| !entries.is_empty()).map(Value::Object));
            }
            Shape::Structure(_) => {}
        }
    }
    parent.child(wire).map_or(Ok(None), |element| value(element, &member.kind, shapes))
}

/// What an element holds; nothing for an empty number, time or truth value, which some services write for "not set".
pub(super) fn value(element: &Element, kind: &Type, shapes: Shapes<'_>) -> Result<Option<Value>, Undecodable> {
    if !matches!(kind, Type::Shape(_)) {
        return scalar::from_text(&element.text, kind);
    }
    Ok(Some(match shapes.get(kind)? {
        Shape::Structure(members) => Value::Object(structure(element, members, shapes)?),
        Shape::List(item) => {
            let mut items = Vec::new();
            for child in &element.children {
                items.extend(value(child, &item.kind, shapes)?);
            }
            Value::Array(items)
        }
        Shape::Map { value, key_wire, value_wire } => {
            let mut entries = Map::new();
            for child in &element.children {
                entry(child, key_wire, value_wire, value, shapes, &mut entries)?;
            }
            Value::Object(entries)
        }
    }))
}

fn entry(
    element: &Element,
    key_wire: &str,
    value_wire: &str,
    of: &Member,
    shapes: Shapes<'_>,
    entries: &mut Map<String, Value>,
) -> Result<(), Undecodable> {
    let key = element.child(key_wire).ok_or_else(|| Undecodable::new("a map's entry without a key"))?;
    if let Some(found) = element.child(value_wire).map_or(Ok(None), |element| value(element, &of.kind, shapes))? {
        entries.insert(key.text.clone(), found);
    }
    Ok(())
}
