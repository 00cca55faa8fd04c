//! The explanation, step by step, for people.

use std::fmt::Write as _;

use drift_model::Strength;

use super::{Explained, ExplainedInstance, ExplainedRecord};
use crate::output::{self, Style, printable};

/// All records, in their order, each with its steps.
pub(super) fn text(explained: &Explained) -> String {
    let mut text = String::new();
    for (at, record) in explained.records.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        write_record(&mut text, at + 1, record);
    }
    for line in explained.missing_plugins.iter().flat_map(|why| why.lines()) {
        let _ = writeln!(text, "{}", Style::Dim.paint(&printable(line)));
    }
    text
}

fn write_record(text: &mut String, number: usize, record: &ExplainedRecord) {
    let event = if record.event.is_empty() { "no CloudTrail record" } else { &record.event };
    let _ = write!(text, "{number}. {}", Style::Strong.paint(&printable(event)));
    let _ = match record.time {
        Some(time) => writeln!(text, " at {time}"),
        None => writeln!(text),
    };
    let mut step = |line: String| {
        let _ = writeln!(text, "   {line}");
    };
    if !record.actor.name.is_empty() {
        step(printable(&who(record)));
    }
    if let Some(change) = &record.change {
        step(format!("in {}, looking up {}", printable(&change.place.to_string()), output::count(change.names.len(), "name")));
    }
    for instance in &record.instances {
        write_instance(text, instance);
    }
    if record.left_out > 0 {
        let _ = writeln!(text, "   and {} more, which are not looked at for one record", record.left_out);
    }
    if record.names_left_out > 0 {
        let _ = writeln!(text, "   {} more names were not looked up", record.names_left_out);
    }
    let _ = writeln!(text, "   => {}: {}", Style::Strong.paint(record.outcome), printable(&record.why));
}

fn who(record: &ExplainedRecord) -> String {
    let mut line = format!("by {}", record.actor.name);
    if let Some(tool) = &record.actor.tool {
        let _ = write!(line, ", which says it is {tool}");
    }
    if record.actor.console {
        line.push_str(", in the console");
    }
    if let Some(address) = record.change.as_ref().and_then(|change| change.source_address.as_ref()) {
        let _ = write!(line, ", from {address}");
    }
    if let Some(id) = &record.event_id {
        let _ = write!(line, " (record {id})");
    }
    line
}

fn write_instance(text: &mut String, instance: &ExplainedInstance) {
    let name = match &instance.deposed {
        Some(deposed) => format!("{} (deposed object {deposed})", instance.address),
        None => instance.address.clone(),
    };
    let mark = instance.conclusion.as_ref().map_or_else(|| ">".to_owned(), super::Conclusion::mark);
    let words = instance.conclusion.as_ref().map_or_else(String::new, super::Conclusion::words);
    let _ = writeln!(text, "   {mark} {} in {}{words}", Style::Strong.paint(&printable(&name)), printable(&instance.state));
    let whose = match instance.matched.strength {
        Strength::Own => "its own identifier",
        Strength::Catalog => "what the catalog declares that it goes by,",
        Strength::Reference => "a name that it refers to,",
    };
    let blame = if instance.cause { "can be the cause" } else { "a reason to look, not to blame" };
    let line = format!("{whose} {} in {}: {blame}", instance.matched.identifier, instance.matched.at);
    let _ = writeln!(text, "       {}", Style::Dim.paint(&printable(&line)));
    if let Some(conclusion) = &instance.conclusion {
        text.push_str(&output::differences(&conclusion.differences, "       "));
        text.push_str(&conclusion.asides("       "));
    }
}
