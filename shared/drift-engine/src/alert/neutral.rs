/// Text from the cloud as one line that is safe to print: control characters, line and paragraph separators, terminal
/// escapes and characters that change the direction of what follows, or cannot be seen, are written as `\u{1b}`.
#[must_use]
pub fn neutral(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_harmful(letter) { safe.extend(letter.escape_unicode()) } else { safe.push(letter) }
    }
    safe
}

fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
