//! The functions that the catalog's expressions know beyond JMESPath's own.
//!
//! | function | gives |
//! | --- | --- |
//! | `split(text, separator)` | the parts; null where there is no text |
//! | `where(list, &expression, value)` | the elements of which the expression finds that value |
//! | `where_not(list, &expression, value)` | the others |
//! | `dns_name(text)` | a name of the DNS as Terraform writes it: lower case, no last dot, escapes undone |
//!
//! JMESPath's filters cannot see beyond the element that they are at, which is what `where` is for.

use jmespath::{
    Context, JmespathError, Rcvar, Runtime, Variable,
    functions::{ArgumentType, CustomFunction, Signature},
};

use crate::normalise::dns_name;

type Answer = Result<Rcvar, JmespathError>;

pub(crate) fn register(runtime: &mut Runtime) {
    let text = || ArgumentType::Union(vec![ArgumentType::String, ArgumentType::Null]);
    let list = || ArgumentType::Union(vec![ArgumentType::Array, ArgumentType::Null]);
    let mut add = |name: &str, inputs: Vec<ArgumentType>, function: fn(&[Rcvar], &mut Context<'_>) -> Answer| {
        runtime.register_function(name, Box::new(CustomFunction::new(Signature::new(inputs, None), Box::new(function))));
    };
    add("split", vec![text(), ArgumentType::String], split);
    add("dns_name", vec![text()], |args, _| Ok(of_text(&args[0], |name| Variable::String(dns_name::plain(name)))));
    add("where", vec![list(), ArgumentType::Expref, ArgumentType::Any], |args, context| choose(args, context, true));
    add("where_not", vec![list(), ArgumentType::Expref, ArgumentType::Any], |args, context| choose(args, context, false));
}

fn of_text(argument: &Rcvar, make: impl FnOnce(&str) -> Variable) -> Rcvar {
    argument.as_string().map_or_else(|| argument.clone(), |text| Rcvar::new(make(text)))
}

fn split(args: &[Rcvar], _: &mut Context<'_>) -> Answer {
    let separator = args[1].as_string().map_or("", String::as_str);
    let parts = |text: &str| text.split(separator).map(|part| Rcvar::new(Variable::String(part.to_owned()))).collect();
    Ok(of_text(&args[0], |text| Variable::Array(parts(text))))
}

fn choose(args: &[Rcvar], context: &mut Context<'_>, wanted: bool) -> Answer {
    let (Some(items), Some(expression)) = (args[0].as_array(), args[1].as_expref()) else { return Ok(args[0].clone()) };
    let mut chosen = Vec::new();
    for item in items {
        let found = jmespath::interpret(item, expression, context)?;
        if same(&found, &args[2]) == wanted {
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
