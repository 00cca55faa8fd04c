use std::fmt::Write as _;

/// A text in which nothing can move a cursor, colour a terminal, end a line or turn the reading direction: whatever
/// could is shown as `\u{1b}`.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_printable(letter) {
            safe.push(letter);
        } else {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(letter));
        }
    }
    safe
}

/// Whether a letter only shows itself. Controls (C0, DEL, C1), line and paragraph separators, and what is invisible or
/// turns the direction (Unicode's `Bidi_Control`, zero-width letters, tags, interlinear annotation, byte order mark) do more.
pub(super) fn is_printable(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_and_overrides_are_shown_and_not_obeyed() {
        assert_eq!(printable("a\u{1b}[31mb\u{9b}2J\u{202e}c\nd\u{7f}"), "a\\u{1b}[31mb\\u{9b}2J\\u{202e}c\\u{a}d\\u{7f}");
        assert_eq!(printable("Größe 大小 🙂"), "Größe 大小 🙂");
    }

    proptest! {
        #[test]
        fn nothing_printed_is_a_control(text in any::<String>()) {
            prop_assert!(printable(&text).chars().all(is_printable));
        }
    }
}
