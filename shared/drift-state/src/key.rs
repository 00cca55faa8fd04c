//! How Terraform prints the key of an instance.
//! Source: `toHCLQuotedString` in Terraform's `internal/addrs/instance_key.go`.

use std::fmt::Write;

use serde_json::Value;

/// `[0]`, `["a"]`, or nothing; `None` where the value can be no key.
pub(crate) fn instance_key(index_key: &Value) -> Option<String> {
    match index_key {
        Value::Null => Some(String::new()),
        Value::Number(number) => number
            .as_i64()
            .map(|index| format!("[{index}]"))
            // Go writes large or foreign numbers as floats; those that count instances are whole.
            .or_else(|| number.as_f64().filter(|index| index.fract() == 0.0 && index.abs() < 1e15).map(|index| format!("[{index:.0}]"))),
        Value::String(text) => Some(format!("[{}]", quoted(text))),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' | '%' => {
                out.push(letter);
                if letters.peek() == Some(&'{') {
                    out.push(letter);
                }
            }
            _ if is_print(letter) => out.push(letter),
            _ => {
                let (kind, width) = if letter < '\u{10000}' { ('u', 4) } else { ('U', 8) };
                // Writing to a string cannot fail.
                let _ = write!(out, "\\{kind}{:0width$x}", u32::from(letter));
            }
        }
    }
    out.push('"');
    out
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and of all spaces only U+0020. Rust's
/// `escape_debug` draws the same line, if the letter does not stand first (there it escapes marks as well).
fn is_print(letter: char) -> bool {
    if letter.is_ascii() {
        return !letter.is_ascii_control();
    }
    let mut pair = [b'a'; 5];
    let length = letter.encode_utf8(&mut pair[1..]).len();
    str::from_utf8(&pair[..=length]).is_ok_and(|pair| pair.escape_debug().nth(1) == Some(letter))
}

#[cfg(test)]
mod tests {
    use drift_model::Address;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(key: &Value, expected: &str) {
        assert_eq!(instance_key(key).as_deref(), Some(expected));
    }

    #[test]
    fn keys_print_as_terraform_prints_them() {
        check(&json!(null), "");
        check(&json!(0), "[0]");
        check(&json!(12.0), "[12]");
        check(&json!("a"), r#"["a"]"#);
        check(&json!(""), r#"[""]"#);
        check(&json!("0"), r#"["0"]"#);
        check(&json!(r#"a"b\c"#), r#"["a\"b\\c"]"#);
        check(&json!("${x} %{y} $x %"), r#"["$${x} %%{y} $x %"]"#);
        check(&json!("\n\r\t\u{7}\u{a0}\u{e000}\u{10ffff}"), r#"["\n\r\t\u0007\u00a0\ue000\U0010ffff"]"#);
        check(&json!("é e\u{301} 日本 🦀"), "[\"é e\u{301} 日本 🦀\"]");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for key in [json!(true), json!([]), json!({}), json!(1.5)] {
            assert_eq!(instance_key(&key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn any_text_makes_an_address_that_parses(text in ".{0,20}") {
            let key = instance_key(&json!(text)).expect("a text is a key");
            let address = Address::new(Some("module.a"), "aws_instance", "b", &key);
            prop_assert_eq!(address.to_string().parse::<Address>().expect("parses"), address);
        }
    }
}
