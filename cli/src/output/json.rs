use std::io::{self, IsTerminal as _, Write};

use drift_engine::alert::is_harmful;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// Prints one JSON document and nothing else: on lines of its own for a person, compact for a program.
pub(crate) fn json(document: &impl Serialize) -> anyhow::Result<()> {
    let stdout = io::stdout();
    let mut out = io::BufWriter::new(stdout.lock());
    if stdout.is_terminal() {
        write_json(&mut out, document, PrettyFormatter::new())?;
    } else {
        write_json(&mut out, document, CompactFormatter)?;
    }
    writeln!(out)?;
    Ok(out.flush()?)
}

fn write_json(out: &mut impl Write, document: &impl Serialize, formatter: impl Formatter) -> anyhow::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Guarded(formatter));
    // `serde_json` hides a broken pipe within its own error; as an `io::Error` it is known again.
    document.serialize(&mut serializer).map_err(io::Error::from)?;
    Ok(())
}

/// Writes letters that a terminal would obey as `\u009b`: the same JSON, and harmless to look at.
struct Guarded<F>(F);

impl<F: Formatter> Formatter for Guarded<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, letter)) = rest.char_indices().find(|&(_, letter)| is_harmful(letter)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + letter.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_means_the_same() {
        let document = json!({"name": "a\u{1b}[2J\u{9b}2J\u{202e}\u{e0041}ü", "list": [1, {"b": null}]});
        for pretty in [false, true] {
            let mut out = Vec::new();
            if pretty {
                write_json(&mut out, &document, PrettyFormatter::new()).expect("memory takes it");
            } else {
                write_json(&mut out, &document, CompactFormatter).expect("memory takes it");
            }
            let text = String::from_utf8(out).expect("JSON is UTF-8");
            assert!(text.chars().all(|letter| !is_harmful(letter) || letter == '\n'), "{text:?}");
            assert_eq!(serde_json::from_str::<Value>(&text).expect("it is JSON"), document);
        }
    }
}
