//! Operations, inputs, paths into answers, pages and error codes against the services' models.

use drift_catalog::{Expression, Read, Resource};
use jmespath::ast::Ast;
use serde_json::Value;

use crate::models::{Model, Models};

/// Errors that services answer and their models do not name: SQS's from the time of its query protocol, and any JSON
/// service's for an operation that an endpoint does not know yet.
const UNMODELLED_ERRORS: [&str; 2] = ["AWS.SimpleQueueService.NonExistentQueue", "UnknownOperationException"];

/// Events that CloudTrail does not call by their operation's name.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>
const RENAMED_EVENTS: [&str; 2] = ["s3:DeleteAccountPublicAccessBlock", "s3:PutAccountPublicAccessBlock"];

/// What an expression finds, as far as the model tells.
#[derive(Clone)]
enum Kind<'m> {
    /// Of a shape of a model.
    Shaped(&'m Model, &'m Value),
    /// A list of it.
    List(Box<Kind<'m>>),
    /// An object of these members.
    Object(Vec<(String, Kind<'m>)>),
    /// Anything: a map's value, what is recorded, what a function makes.
    Any,
}

impl Kind<'_> {
    fn member(&self, name: &str) -> Result<Self, String> {
        match self {
            Self::Any => Ok(Self::Any),
            Self::Object(members) => {
                let found = members.iter().find(|(member, _)| member == name);
                found.map(|(_, kind)| kind.clone()).ok_or_else(|| format!("nothing reads `{name}`"))
            }
            Self::Shaped(model, shape) if shape["type"] == "structure" => match shape["members"].get(name) {
                Some(reference) => Ok(Self::Shaped(model, model.shape(reference))),
                None => Err(format!("`{name}` is no member there")),
            },
            Self::Shaped(_, shape) if shape["type"] == "map" => Ok(Self::Any),
            Self::Shaped(..) | Self::List(_) => Err(format!("`{name}` is looked for in what has no members")),
        }
    }

    fn element(&self) -> Self {
        match self {
            Self::List(element) => (**element).clone(),
            Self::Shaped(model, shape) if shape["type"] == "list" => Self::Shaped(model, model.shape(&shape["member"])),
            _ => Self::Any,
        }
    }

    fn is_list(&self) -> bool {
        matches!(self, Self::List(_)) || matches!(self, Self::Shaped(_, shape) if shape["type"] == "list")
    }
}

/// What an expression finds in `root`, or which of its paths leads nowhere.
fn find<'m>(ast: &Ast, root: &Kind<'m>) -> Result<Kind<'m>, String> {
    Ok(match ast {
        Ast::Field { name, .. } => root.member(name)?,
        Ast::Identity { .. } | Ast::Slice { .. } => root.clone(),
        Ast::Index { .. } => root.element(),
        Ast::Subexpr { lhs, rhs, .. } => {
            if matches!(**lhs, Ast::Not { .. }) {
                return Err("`!a.b` means `(!a).b`: write `!(a.b)`".to_owned());
            }
            find(rhs, &find(lhs, root)?)?
        }
        Ast::Projection { lhs, rhs, .. } => {
            let list = find(lhs, root)?;
            Kind::List(Box::new(find(rhs, &list.element())?))
        }
        Ast::Flatten { node, .. } => {
            let list = find(node, root)?;
            if list.element().is_list() { list.element() } else { list }
        }
        Ast::Or { lhs, rhs, .. } => {
            let (first, second) = (find(lhs, root)?, find(rhs, root)?);
            if matches!(first, Kind::Any) { second } else { first }
        }
        Ast::And { lhs, rhs, .. } => {
            find(lhs, root)?;
            find(rhs, root)?
        }
        Ast::Condition { predicate, then, .. } => {
            find(predicate, root)?;
            find(then, root)?
        }
        Ast::Comparison { lhs, rhs, .. } => {
            find(lhs, root)?;
            find(rhs, root)?;
            Kind::Any
        }
        Ast::Not { node, .. } => {
            find(node, root)?;
            Kind::Any
        }
        Ast::MultiHash { elements, .. } => {
            let members = elements.iter().map(|pair| Ok((pair.key.clone(), find(&pair.value, root)?)));
            Kind::Object(members.collect::<Result<_, String>>()?)
        }
        Ast::MultiList { elements, .. } => {
            let kinds = elements.iter().map(|element| find(element, root)).collect::<Result<Vec<_>, _>>()?;
            Kind::List(Box::new(kinds.into_iter().next().unwrap_or(Kind::Any)))
        }
        Ast::Function { name, args, .. } => {
            let first = args.first().map_or(Ok(Kind::Any), |argument| find(argument, root))?;
            for argument in &args[1..] {
                // An expression reference looks at the elements of the list before it.
                let seen = if matches!(argument, Ast::Expref { .. }) { Kind::Any } else { root.clone() };
                find(argument, &seen)?;
            }
            if name.starts_with("where") {
                if let Some(Ast::Expref { ast, .. }) = args.get(1) {
                    find(ast, &first.element())?;
                }
                first
            } else {
                Kind::Any
            }
        }
        Ast::Literal { .. } | Ast::Expref { .. } | Ast::ObjectValues { .. } => Kind::Any,
    })
}

fn path<'m>(findings: &mut Vec<String>, at: &str, expression: &Expression, root: &Kind<'m>) -> Kind<'m> {
    find(expression.ast(), root).unwrap_or_else(|why| {
        findings.push(format!("{at}: {expression:?}: {why}"));
        Kind::Any
    })
}

fn input(findings: &mut Vec<String>, at: &str, model: &Model, shape: &Value, given: &Value) {
    let known = |name: &str| shape["members"].get(name).is_some();
    match (shape["type"].as_str(), given) {
        (Some("structure"), Value::Object(members)) => {
            for (name, value) in members {
                match shape["members"].get(name) {
                    Some(reference) => input(findings, &format!("{at}.{name}"), model, model.shape(reference), value),
                    None => findings.push(format!("{at}: the input has no member `{name}`")),
                }
            }
            let required = shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for name in required.filter(|name| known(name) && !members.contains_key(*name)) {
                findings.push(format!("{at}: the input needs `{name}`"));
            }
        }
        (Some("list"), Value::Array(items)) => {
            for item in items {
                input(findings, at, model, model.shape(&shape["member"]), item);
            }
        }
        (Some("string"), Value::String(text)) => {
            if let Some(values) = shape["enum"].as_array().filter(|values| !values.iter().any(|value| value == text)) {
                findings.push(format!("{at}: `{text}` is none of {values:?}"));
            }
        }
        (_, Value::Null) | (Some("string" | "integer" | "boolean" | "map"), _) => {}
        (expected, given) => findings.push(format!("{at}: {given} is no {expected:?}")),
    }
}

/// The answer to a read, as the paths after it see it.
fn answer<'m>(findings: &mut Vec<String>, resource: &Resource, read: &Read, models: &'m Models) -> Kind<'m> {
    let service = read.service.as_deref().unwrap_or(&resource.service);
    let at = format!("{} {}", resource.type_name, read.operation);
    let model = models.of(service);
    let Some(operation) = model.operation(&read.operation) else {
        findings.push(format!("{at}: {service} has no such operation"));
        return Kind::Any;
    };
    input(findings, &at, model, model.shape(&operation["input"]), &read.input.outline());
    let output = model.shape(&operation["output"]);
    let whole = if output.is_null() { Kind::Object(Vec::new()) } else { Kind::Shaped(model, output) };
    if let Some(pages) = &read.pages {
        if !whole.member(&pages.items).is_ok_and(|items| items.is_list()) {
            findings.push(format!("{at}: `pages.items` names no list of the answer"));
        }
        for (member, from) in &pages.next {
            if model.shape(&operation["input"])["members"].get(member).is_none() {
                findings.push(format!("{at}: the input has no member `{member}` for the next page"));
            }
            path(findings, &at, from, &whole);
        }
    }
    // Neither EC2's nor S3's model names its errors.
    if !matches!(service, "ec2" | "s3") {
        let codes = model.error_codes();
        for code in read
            .gone
            .iter()
            .chain(&read.unset)
            .filter(|code| !codes.contains(&code.as_str()) && !UNMODELLED_ERRORS.contains(&code.as_str()))
        {
            findings.push(format!("{at}: {service} has no error `{code}`; it has {codes:?}"));
        }
    }
    let found = match &read.select {
        Some(select) => path(findings, &at, select, &with_recorded(&whole)),
        None => whole,
    };
    if let Some(gone_if) = &read.gone_if {
        path(findings, &at, gone_if, &found);
    }
    if read.for_each.is_some() { Kind::List(Box::new(found)) } else { found }
}

fn with_recorded<'m>(kind: &Kind<'m>) -> Kind<'m> {
    let mut members = match kind {
        Kind::Object(members) => members.clone(),
        Kind::Shaped(model, shape) => {
            let members = shape["members"].as_object().into_iter().flatten();
            members.map(|(name, reference)| (name.clone(), Kind::Shaped(model, model.shape(reference)))).collect()
        }
        Kind::List(_) | Kind::Any => return Kind::Any,
    };
    members.push(("recorded".to_owned(), Kind::Any));
    Kind::Object(members)
}

#[test]
fn every_read_and_every_path_is_of_the_services_own_model() {
    let Some(models) = Models::installed() else { return };
    let catalog = crate::catalog();
    let mut findings = Vec::new();
    for resource in catalog.resources().filter(|resource| resource.is_read() && !resource.is_github()) {
        let mut root = Vec::new();
        let mut first = Kind::Any;
        for (at, read) in resource.reads.iter().enumerate() {
            let found = answer(&mut findings, resource, read, models);
            match (&read.into, at) {
                (None, 0) => first = with_recorded(&found),
                (Some(into), 1..) => root.push((into.clone(), found)),
                _ => findings.push(format!("{}: the first read has no `into`, every other one has", resource.type_name)),
            }
        }
        let root = match first {
            Kind::Object(members) => Kind::Object(members.into_iter().chain(root).collect()),
            other => other,
        };
        for (name, rule) in &resource.attributes {
            let at = format!("{}.{name}", resource.type_name);
            path(&mut findings, &at, &rule.from, &root);
            if let Some(when) = &rule.when {
                path(&mut findings, &at, when, &root);
            }
        }
        for expression in resource.reads.iter().filter_map(|read| read.for_each.as_ref()) {
            path(&mut findings, &resource.type_name, expression, &root);
        }
    }
    crate::nothing_in(&findings);
}

#[test]
fn every_exception_and_every_hint_is_an_operation_of_its_service() {
    let Some(models) = Models::installed() else { return };
    let mut findings = Vec::new();
    for resource in crate::catalog().resources() {
        for event in resource.exceptions.iter().chain(&resource.hints) {
            let Some((service, operation)) = event.split_once(':') else {
                findings.push(format!("{}: `{event}` is not written `service:Operation`", resource.type_name));
                continue;
            };
            if !RENAMED_EVENTS.contains(&event.as_str()) && models.of(service).operation(operation).is_none() {
                findings.push(format!("{}: {service} has no operation `{operation}`", resource.type_name));
            }
        }
    }
    crate::nothing_in(&findings);
}
