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

/// Whether a letter does more than show itself: controls (C0, DEL, C1), line and paragraph separators, and what is invisible
/// or turns the direction (Unicode's `Bidi_Control`, zero-width letters, tags, interlinear annotation, byte order mark).
#[must_use]
pub fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_and_overrides_are_shown_and_not_obeyed() {
        assert_eq!(neutral("a\u{1b}[31mb\u{9b}2J\u{202e}c\nd\u{7f}"), "a\\u{1b}[31mb\\u{9b}2J\\u{202e}c\\u{a}d\\u{7f}");
        assert_eq!(neutral("Größe 大小 🙂"), "Größe 大小 🙂");
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!neutral(&text).chars().any(is_harmful));
        }
    }
}
