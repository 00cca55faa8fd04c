/// Whether `text` fits `pattern`, in which `*` stands for any characters, none included. Everything else stands for
/// itself: an address such as `aws_instance.app["a"]` can be taken as it is printed.
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The leftmost place leaves the most for the parts that follow.
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, fitting: &[&str], others: &[&str]) {
        for text in fitting {
            assert!(fits(pattern, text), "{pattern} fits {text}");
        }
        for text in others {
            assert!(!fits(pattern, text), "{pattern} does not fit {text}");
        }
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        check("", &[""], &["a"]);
        check("*", &["", "a/b.c"], &[]);
        check("a*a", &["aa", "aba"], &["a", "ab"]);
        check("*.app*", &["module.x.app", "m.app[0]"], &["app"]);
        check("a*b*b", &["abb", "axbxb"], &["ab"]);
    }

    #[test]
    fn brackets_stand_for_themselves() {
        check(r#"aws_instance.app["*"]"#, &[r#"aws_instance.app["a"]"#], &["aws_instance.app[0]", "aws_instance.appa"]);
    }

    fn plainly(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            (['*', rest @ ..], _) => (0..=text.len()).any(|at| plainly(rest, &text[at..])),
            ([letter, rest @ ..], [first, others @ ..]) => letter == first && plainly(rest, others),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_definition(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &text), plainly(&letters(&pattern), &letters(&text)));
        }
    }
}
