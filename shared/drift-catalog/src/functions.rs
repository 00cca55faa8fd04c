//! The functions that the catalog's expressions know beyond JMESPath's own.
//!
//! | function | gives |
//! | --- | --- |
//! | `split(text, separator)` | the parts; null where there is no text |
//! | `before(text, separator)` | what stands before the first separator; all of it where there is none |
//! | `after(text, separator)` | what stands behind the first separator; null where there is none |
//! | `lower(value)` | a text, or each of a list of texts, in lower case |
//! | `where(list, &expression, value)` | the elements of which the expression finds that value |
//! | `where_not(list, &expression, value)` | the others |
//! | `where_in(list, &expression, list)` | the elements of which it finds one of these values |
//! | `where_not_in(list, &expression, list)` | the elements of which it finds none of these values |
//! | `with(list, name, value)` | the elements, each with one member more |
//! | `joined(list, &expression, other, &expression)` | the elements, each with the members of the other list's that has the same key |
//! | `dns_name(text)` | a name of the DNS as Terraform writes it: lower case, no last dot, escapes undone |
//! | `alias_name(text)` | likewise the name of an alias's target, without the `dualstack.` that the console sets before it |
//! | `own_tags(tags, recorded)` | tags without those that the provider's `default_tags` made, which Terraform records in `tags_all` alone |
//! | `security_group_rules(permissions, group, owner)` | EC2's `IpPermissions` as Terraform's blocks, one a source |
//! | `rule_among(blocks, recorded)` | what a recorded `aws_security_group_rule` is among these; null where some of it is gone |
//! | `recorded_form(forms, recorded)` | of the forms in which one thing can be written, the recorded one; else the first |
//! | `actors(actors, recorded)` | GraphQL's actors of a branch protection rule, each in the form that is recorded |
//! | `repository_number(text)` | the number of the repository that a node id of GitHub's stands for; null where it is none |
//! | `team_members(edges, recorded, owners, pending)` | a team's members as Terraform's blocks |
//! | `repository_teams(teams, recorded, ignored)` | a repository's teams as Terraform's blocks |
//!
//! JMESPath's filters cannot see beyond the element that they are at, which is what `where`, `with` and `joined` are for.

mod actors;
mod node_id;
pub(crate) mod security_group;
mod teams;

use jmespath::{
    Context, JmespathError, Rcvar, Runtime, Variable,
    functions::{ArgumentType, CustomFunction, Signature},
};
use serde_json::Value;

use crate::normalise::{dns_name, lower_case, tags};

type Answer = Result<Rcvar, JmespathError>;

pub(crate) fn register(runtime: &mut Runtime) {
    let text = || ArgumentType::Union(vec![ArgumentType::String, ArgumentType::Null]);
    let list = || ArgumentType::Union(vec![ArgumentType::Array, ArgumentType::Null]);
    let mut add = |name: &str, inputs: Vec<ArgumentType>, function: fn(&[Rcvar], &mut Context<'_>) -> Answer| {
        runtime.register_function(name, Box::new(CustomFunction::new(Signature::new(inputs, None), Box::new(function))));
    };
    add("split", vec![text(), ArgumentType::String], |args, _| Ok(split(args)));
    add("before", vec![text(), ArgumentType::String], |args, _| Ok(cut(args, |before, _| Some(before))));
    add("after", vec![text(), ArgumentType::String], |args, _| Ok(cut(args, |_, after| after)));
    add("lower", vec![ArgumentType::Any], |args, _| Ok(of_values(args, |values| lower_case::lower(values[0].clone()))));
    add("dns_name", vec![text()], |args, _| Ok(of_text(&args[0], |name| Variable::String(dns_name::plain(name)))));
    add("alias_name", vec![text()], |args, _| {
        Ok(of_text(&args[0], |name| {
            let plain = dns_name::plain(name);
            Variable::String(plain.strip_prefix("dualstack.").map(ToOwned::to_owned).unwrap_or(plain))
        }))
    });
    add("own_tags", vec![ArgumentType::Any, ArgumentType::Any], |args, _| {
        Ok(of_values(args, |values| tags::without_defaults(values[0].clone(), &values[1])))
    });
    add("where", vec![list(), ArgumentType::Expref, ArgumentType::Any], |args, context| {
        choose(args, context, |found| same(found, &args[2]))
    });
    add("where_not", vec![list(), ArgumentType::Expref, ArgumentType::Any], |args, context| {
        choose(args, context, |found| !same(found, &args[2]))
    });
    add("where_in", vec![list(), ArgumentType::Expref, list()], |args, context| {
        choose(args, context, |found| args[2].as_array().is_some_and(|values| values.iter().any(|value| same(found, value))))
    });
    add("where_not_in", vec![list(), ArgumentType::Expref, list()], |args, context| {
        choose(args, context, |found| !args[2].as_array().is_some_and(|values| values.iter().any(|value| same(found, value))))
    });
    add("with", vec![list(), ArgumentType::String, ArgumentType::Any], |args, _| Ok(with(args)));
    add("joined", vec![list(), ArgumentType::Expref, list(), ArgumentType::Expref], joined);
    add("security_group_rules", vec![list(), text(), text()], |args, _| {
        Ok(of_values(args, |values| security_group::blocks(&values[0], values[1].as_str(), values[2].as_str())))
    });
    add("rule_among", vec![list(), ArgumentType::Any], |args, _| {
        Ok(of_values(args, |values| security_group::rule_among(&values[0], &values[1])))
    });
    add("recorded_form", vec![list(), ArgumentType::Any], |args, _| Ok(of_values(args, |values| recorded_form(&values[0], &values[1]))));
    add("actors", vec![list(), list()], |args, _| Ok(of_values(args, |values| actors::as_recorded(&values[0], &values[1]))));
    add("repository_number", vec![text()], |args, _| {
        let number = |text: &str| node_id::parsed(text).filter(|(kind, _)| *kind == "Repository").map(|(_, number)| number);
        Ok(of_values(args, |values| values[0].as_str().and_then(number).into()))
    });
    add("team_members", vec![list(), list(), list(), list()], |args, _| {
        Ok(of_values(args, |values| teams::members(&values[0], &values[1], &values[2], &values[3])))
    });
    add("repository_teams", vec![list(), list(), list()], |args, _| {
        Ok(of_values(args, |values| teams::of_repository(&values[0], &values[1], &values[2])))
    });
}

fn of_text(argument: &Rcvar, make: impl FnOnce(&str) -> Variable) -> Rcvar {
    argument.as_string().map_or_else(|| argument.clone(), |text| Rcvar::new(make(text)))
}

fn of_values(args: &[Rcvar], make: impl FnOnce(&[Value]) -> Value) -> Rcvar {
    let values: Vec<Value> = args.iter().map(|argument| serde_json::to_value(argument).unwrap_or_default()).collect();
    Rcvar::new(Variable::try_from(make(&values)).unwrap_or(Variable::Null))
}

fn split(args: &[Rcvar]) -> Rcvar {
    let separator = args[1].as_string().map_or("", String::as_str);
    let parts = |text: &str| text.split(separator).map(|part| Rcvar::new(Variable::String(part.to_owned()))).collect();
    of_text(&args[0], |text| Variable::Array(parts(text)))
}

fn cut<'a>(args: &'a [Rcvar], choose: impl Fn(&'a str, Option<&'a str>) -> Option<&'a str>) -> Rcvar {
    let separator = args[1].as_string().map_or("", String::as_str);
    let chosen = args[0].as_string().and_then(|text| match text.split_once(separator) {
        Some((before, after)) => choose(before, Some(after)),
        None => choose(text, None),
    });
    Rcvar::new(chosen.map_or(Variable::Null, |text| Variable::String(text.to_owned())))
}

/// One thing can be written as a number, as text of it, or by a name in any case.
fn recorded_form(forms: &Value, recorded: &Value) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let forms = forms.as_array().map_or(&[][..], Vec::as_slice);
    let is_recorded = forms.iter().filter(|form| !form.is_null()).any(|form| text(form).eq_ignore_ascii_case(&text(recorded)));
    if is_recorded { recorded.clone() } else { forms.first().cloned().unwrap_or_default() }
}

fn with(args: &[Rcvar]) -> Rcvar {
    let (Some(items), Some(name)) = (args[0].as_array(), args[1].as_string()) else { return args[0].clone() };
    let extended = items.iter().map(|item| {
        let mut members = item.as_object().cloned().unwrap_or_default();
        members.insert(name.clone(), args[2].clone());
        Rcvar::new(Variable::Object(members))
    });
    Rcvar::new(Variable::Array(extended.collect()))
}

fn joined(args: &[Rcvar], context: &mut Context<'_>) -> Answer {
    let [Some(items), Some(others)] = [args[0].as_array(), args[2].as_array()] else { return Ok(Rcvar::new(Variable::Null)) };
    let (Some(key), Some(other_key)) = (args[1].as_expref(), args[3].as_expref()) else { return Ok(args[0].clone()) };
    let mut found = Vec::new();
    for item in items {
        let wanted = jmespath::interpret(item, key, context)?;
        for other in others {
            if jmespath::interpret(other, other_key, context)? == wanted {
                let mut members = other.as_object().cloned().unwrap_or_default();
                members.extend(item.as_object().cloned().unwrap_or_default());
                found.push(Rcvar::new(Variable::Object(members)));
            }
        }
    }
    Ok(Rcvar::new(Variable::Array(found)))
}

fn choose(args: &[Rcvar], context: &mut Context<'_>, wanted: impl Fn(&Variable) -> bool) -> Answer {
    let (Some(items), Some(expression)) = (args[0].as_array(), args[1].as_expref()) else { return Ok(args[0].clone()) };
    let mut chosen = Vec::new();
    for item in items {
        if wanted(&*jmespath::interpret(item, expression, context)?) {
            chosen.push(item.clone());
        }
    }
    Ok(Rcvar::new(Variable::Array(chosen)))
}

/// Equal, or both nothing: Terraform records an empty text where the answer leaves a member out.
fn same(a: &Variable, b: &Variable) -> bool {
    let nothing = |value: &Variable| value.is_null() || value.as_string().is_some_and(String::is_empty);
    a == b || nothing(a) && nothing(b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Expression, Root};

    use super::*;

    #[track_caller]
    fn check(expression: &str, root: Value, expected: Value) {
        let expression = Expression::parse(expression).expect("it is JMESPath");
        assert_eq!(expression.evaluate(&Root::new(root)), Ok(expected));
    }

    #[test]
    fn a_text_is_split_and_nothing_stays_nothing() {
        check("split(id, ':')[1]", json!({"id": "role:policy"}), json!("policy"));
        check("split(id, ':')[1]", json!({}), Value::Null);
    }

    #[test]
    fn a_composite_id_is_cut_at_its_first_separator_alone() {
        let root = json!({"id": "shop:release: v1", "name": "shop"});
        check("[before(id, ':'), after(id, ':')]", root.clone(), json!(["shop", "release: v1"]));
        check("[before(name, ':'), after(name, ':'), before(nothing, ':')]", root, json!(["shop", null, null]));
    }

    #[test]
    fn a_thing_keeps_the_form_in_which_it_is_recorded() {
        for recorded in [json!("7"), json!(7), json!("platform"), json!("Platform")] {
            check("recorded_form([to_string(id), slug], r)", json!({"id": 7, "slug": "platform", "r": recorded}), recorded.clone());
        }
        check("recorded_form([to_string(id), slug], r)", json!({"id": 7, "slug": "platform", "r": "web"}), json!("7"));
        check("recorded_form([to_string(id), slug], r)", json!({"id": 7, "r": null}), json!("7"));
    }

    #[test]
    fn only_a_repositorys_node_id_has_a_repositorys_number() {
        let ids = ["MDEwOlJlcG9zaXRvcnkxMjk2MjY5", "R_kgDOABPHjQ", "shop", "U_kgDOAAjmPw"];
        let found: Vec<Value> = ids
            .map(|id| {
                let expression = Expression::parse("repository_number(id)").expect("it is JMESPath");
                expression.evaluate(&Root::new(json!({"id": id}))).expect("it is a text")
            })
            .into();
        assert_eq!(found, [json!(1_296_269), json!(1_296_269), Value::Null, Value::Null]);
    }

    #[test]
    fn elements_are_chosen_by_what_stands_elsewhere() {
        let root = json!({"root": "/dev/sda1", "volumes": [{"device": "/dev/sda1"}, {"device": "/dev/sdf"}]});
        check("where(volumes, &device, root)", root.clone(), json!([{"device": "/dev/sda1"}]));
        check("where_not(volumes, &device, root)", root.clone(), json!([{"device": "/dev/sdf"}]));
        check("where_in(volumes, &device, ['/dev/sdf', 'x'])", root.clone(), json!([{"device": "/dev/sdf"}]));
        check("where_not_in(volumes, &device, lower(['/DEV/SDF', 'x']))", root, json!([{"device": "/dev/sda1"}]));
    }

    #[test]
    fn elements_are_joined_with_what_another_list_says_of_them() {
        let root = json!({"volumes": [{"id": "a", "size": 8}, {"id": "b", "size": 9}], "devices": [{"name": "x", "of": {"id": "a"}}]});
        check("joined(volumes, &id, devices, &of.id)[].{n: name, s: size}", root.clone(), json!([{"n": "x", "s": 8}]));
        check("with(volumes, 'tagged', devices[0].name)[].tagged", root, json!(["x", "x"]));
    }

    #[test]
    fn an_empty_text_is_as_good_as_none() {
        check("where(records, &SetIdentifier, '')", json!({"records": [{"Name": "a"}]}), json!([{"Name": "a"}]));
    }
}
