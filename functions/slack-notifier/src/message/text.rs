//! Untrusted text within Slack's markup.
//!
//! Slack's markup has no escape for its own signs but `&`, `<` and `>`
//! (<https://docs.slack.dev/messaging/formatting-message-text#escaping>): what could still mean something is therefore shown as code, where
//! nothing but a backtick does, and backticks are shown as a letter that looks like one.

use drift_engine::alert::neutral;

/// What stands where a text was cut.
const CUT: &str = "…";

/// Which end of a text is kept where it is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Its beginning.
    Start,
    /// Its end: the end of an address tells more than its modules.
    End,
}

/// The text with what Slack's markup takes for its own escaped, on one line, cut so that its [`length`] is at most `most`.
pub(super) fn escaped(text: &str, most: usize, keep: Keep) -> String {
    let letters = neutral(text);
    let shown = letters.chars().map(|letter| match letter {
        '&' => Shown::Word("&amp;"),
        '<' => Shown::Word("&lt;"),
        '>' => Shown::Word("&gt;"),
        '`' => Shown::Word("ˋ"),
        letter => Shown::Letter(letter),
    });
    fitted(shown.collect(), most, keep)
}

/// The text as code, of a [`length`] of at most `most`.
pub(super) fn code(text: &str, most: usize, keep: Keep) -> String {
    let text = if text.trim().is_empty() { "(empty)" } else { text };
    format!("`{}`", escaped(text, most.saturating_sub(2), keep))
}

/// The text where Slack knows no markup. Whether `&amp;` would be shown as `&` there is not documented: what would need it is replaced by
/// what looks like it.
pub(super) fn plain(text: &str, most: usize, keep: Keep) -> String {
    let letters = neutral(text);
    let shown = letters.chars().map(|letter| match letter {
        '&' => Shown::Letter('＆'),
        '<' => Shown::Letter('‹'),
        '>' => Shown::Letter('›'),
        letter => Shown::Letter(letter),
    });
    fitted(shown.collect(), most, keep)
}

/// How long a text is, at most, in whatever Slack counts in: UTF-16 code units, of which JSON escapes take two.
pub(super) fn length(text: &str) -> usize {
    text.chars().map(cost).sum()
}

fn cost(letter: char) -> usize {
    letter.len_utf16() + usize::from(matches!(letter, '"' | '\\' | '\n'))
}

/// A letter, or what stands for it and must not be cut in two.
#[derive(Clone, Copy)]
enum Shown {
    Letter(char),
    Word(&'static str),
}

impl Shown {
    fn cost(self) -> usize {
        match self {
            Self::Letter(letter) => cost(letter),
            Self::Word(word) => length(word),
        }
    }
}

fn fitted(mut shown: Vec<Shown>, most: usize, keep: Keep) -> String {
    let mut text = String::new();
    if shown.iter().map(|one| one.cost()).sum::<usize>() <= most {
        for one in shown {
            push(&mut text, one);
        }
        return text;
    }
    let mut room = most.saturating_sub(length(CUT));
    if keep == Keep::End {
        shown.reverse();
    }
    let mut kept = Vec::new();
    for one in shown {
        if one.cost() > room {
            break;
        }
        room -= one.cost();
        kept.push(one);
    }
    if keep == Keep::End {
        text.push_str(CUT);
        kept.reverse();
    }
    for one in kept {
        push(&mut text, one);
    }
    if keep == Keep::Start {
        text.push_str(CUT);
    }
    text
}

fn push(text: &mut String, one: Shown) {
    match one {
        Shown::Letter(letter) => text.push(letter),
        Shown::Word(word) => text.push_str(word),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_be_markup_is_text() {
        assert_eq!(
            escaped("<!channel> & <http://evil.example|x>", 99, Keep::Start),
            "&lt;!channel&gt; &amp; &lt;http://evil.example|x&gt;"
        );
        assert_eq!(code("a`b```c\n\u{202e}", 99, Keep::Start), "`aˋbˋˋˋc\\u{a}\\u{202e}`");
        assert_eq!(code("", 99, Keep::Start), "`(empty)`");
        assert_eq!(plain("<!here>&", 99, Keep::Start), "‹!here›＆");
    }

    #[test]
    fn what_is_too_long_says_that_it_was_cut_and_no_escape_is_cut_in_two() {
        assert_eq!(escaped("abcdef", 5, Keep::Start), "abcd…");
        assert_eq!(escaped("abcdef", 5, Keep::End), "…cdef");
        assert_eq!(escaped("ab<def", 6, Keep::Start), "ab…");
        assert_eq!(escaped("abc>ef", 6, Keep::End), "…ef");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn however_long_it_fits_and_nothing_of_it_is_markup(text in any::<String>(), more in ".{0,400}", most in 20usize..300) {
            let text = text + &more;
            for keep in [Keep::Start, Keep::End] {
                let shown = code(&text, most, keep);
                prop_assert!(length(&shown) <= most, "{} of {}", length(&shown), most);
                prop_assert!(!shown.contains(['<', '>', '\n']), "{}", shown);
                prop_assert_eq!(shown.matches('`').count(), 2);
                let rest = shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
                prop_assert!(!rest.contains('&'), "{}", rest);
            }
        }
    }
}
