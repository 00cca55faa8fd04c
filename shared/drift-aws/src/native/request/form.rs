//! Forms: `query`, and `ec2` with its own way of writing lists.

use drift_catalog::shapes::{Member, Protocol, Service, Shape};
use serde_json::Value;

use super::{BadInput, Request, Shapes, given, rest::encoded, scalar};

pub(super) fn request(service: &Service, name: &str, input: &[(&str, &Member, &Value)], shapes: Shapes<'_>) -> Result<Request, BadInput> {
    let mut form = Form { ec2: service.protocol == Protocol::Ec2, shapes, pairs: Vec::new() };
    form.pairs.push(("Action".to_owned(), name.to_owned()));
    form.pairs.push(("Version".to_owned(), service.version.clone()));
    for (name, member, value) in input {
        form.member("", name, member, value)?;
    }
    let pairs = form.pairs.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
    Ok(Request {
        method: "POST".to_owned(),
        target: "/".to_owned(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
        body: pairs.collect::<Vec<_>>().join("&"),
    })
}

struct Form<'a> {
    ec2: bool,
    shapes: Shapes<'a>,
    pairs: Vec<(String, String)>,
}

impl Form<'_> {
    fn member(&mut self, prefix: &str, name: &str, member: &Member, value: &Value) -> Result<(), BadInput> {
        let wire = member.wire(name);
        let key = if prefix.is_empty() { wire.to_owned() } else { format!("{prefix}.{wire}") };
        self.value(&key, member, value)
    }

    fn value(&mut self, key: &str, member: &Member, value: &Value) -> Result<(), BadInput> {
        let wrong = || BadInput::Type(key.to_owned());
        match self.shapes.get(&member.kind) {
            None => {
                self.pairs.push((key.to_owned(), scalar::text(key, value, &member.kind)?));
            }
            Some(Shape::Structure(members)) => {
                for (name, member, value) in given(members, value.as_object().ok_or_else(wrong)?)? {
                    self.member(key, name, member, value)?;
                }
            }
            Some(Shape::List(item)) => {
                let items = value.as_array().ok_or_else(wrong)?;
                if items.is_empty() && !self.ec2 {
                    self.pairs.push((key.to_owned(), String::new()));
                }
                let flat = self.ec2 || member.flat;
                let prefix = if flat { key.to_owned() } else { format!("{key}.{}", item.wire("member")) };
                for (number, value) in (1..).zip(items) {
                    self.value(&format!("{prefix}.{number}"), item, value)?;
                }
            }
            Some(Shape::Map { value: of, key_wire, value_wire }) => {
                let prefix = if member.flat { key.to_owned() } else { format!("{key}.entry") };
                for (number, (name, value)) in (1..).zip(value.as_object().ok_or_else(wrong)?) {
                    self.pairs.push((format!("{prefix}.{number}.{key_wire}"), name.clone()));
                    self.value(&format!("{prefix}.{number}.{value_wire}"), of, value)?;
                }
            }
        }
        Ok(())
    }
}
