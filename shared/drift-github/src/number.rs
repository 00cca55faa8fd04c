//! The number in a global id, where an API tells no other.
//!
//! GitHub says that these ids are opaque, and that they hold the thing's number is observed: `DK_` and, in URL-safe base64, a `MessagePack` array
//! that ends with it; before 2021 base64 of `009:DeployKey7`. So what is made of it is believed only once it was held against REST's own
//! numbers, for one repository's keys.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};

/// The number of the thing that a global id names; nothing where it is of no known form.
pub(crate) fn number_of(id: &str) -> Option<u64> {
    if let Some((_, packed)) = id.split_once('_') {
        return last(&BASE64_URL_SAFE_NO_PAD.decode(packed.trim_end_matches('=')).ok()?);
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(id).ok()?).ok()?;
    let digits = text.split_once(':')?.1.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    digits.parse().ok()
}

/// The last of a `MessagePack` array of whole numbers. Source: <https://github.com/msgpack/msgpack/blob/master/spec.md>
fn last(packed: &[u8]) -> Option<u64> {
    let (head, mut rest) = packed.split_first()?;
    let count = usize::from(head.checked_sub(0x90).filter(|count| (1..16).contains(count))?);
    let mut number = None;
    for _ in 0..count {
        let (kind, after) = rest.split_first()?;
        let width = match kind {
            0..0x80 => 0,
            0xcc => 1,
            0xcd => 2,
            0xce => 4,
            0xcf => 8,
            _ => return None,
        };
        let (bytes, after) = after.split_at_checked(width)?;
        number = Some(if width == 0 { u64::from(*kind) } else { bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) });
        rest = after;
    }
    number.filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_global_id_ends_with_its_number() {
        // Ids of `octocat/Hello-World` and of `github`, as GitHub writes them.
        assert_eq!(number_of("R_kgDOABPHjQ"), Some(1_296_269));
        assert_eq!(number_of("MDEwOlJlcG9zaXRvcnkxMjk2MjY5"), Some(1_296_269));
        assert_eq!(number_of("O_kgDOAAACdQ"), Some(629));
    }

    #[test]
    fn what_is_of_another_form_has_no_number() {
        for id in ["", "_", "DK_", "DK_!!", "DK_gA", "DK_ks4AAAAB", "kwDO", "MDEwOlJlcG9zaXRvcnk="] {
            assert_eq!(number_of(id), None, "{id}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(id in ".{0,40}") {
            let _ = number_of(&id);
        }
    }
}
