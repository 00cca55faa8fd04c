use serde_json::Value;

/// A name, or each of a list of names.
pub(super) fn normal(value: Value) -> Value {
    match value {
        Value::String(name) => Value::String(plain(&name)),
        Value::Array(names) => Value::Array(names.into_iter().map(normal).collect()),
        other => other,
    }
}

/// Lower case, without the last dot, Route 53's octal escapes undone: `\052.Example.com.` is `*.example.com`.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html>
pub(crate) fn plain(name: &str) -> String {
    let mut undone = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('\\') {
        undone.push_str(before);
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(u8::is_ascii_graphic);
        // An escaped backslash or dot stays escaped: undone twice it would be something else.
        if let Some(letter) = code.filter(|letter| !matches!(letter, b'\\' | b'.')) {
            undone.push(char::from(letter));
            rest = &after[3..];
        } else {
            undone.push('\\');
            rest = after;
        }
    }
    undone.push_str(rest);
    let mut trimmed = undone.as_str();
    while let Some(shorter) = trimmed.strip_suffix('.').filter(|shorter| !shorter.ends_with('\\')) {
        trimmed = shorter;
    }
    trimmed.to_ascii_lowercase()
}
