//! The database id that a node id of GitHub's GraphQL stands for.
//!
//! A thing has two node ids: the older one is base64 of `04:Team123`, the newer one `T_` and base64 of a MessagePack list
//! whose last element is the number. Which one an answer gives depends on the age of the thing and on a header.
//!
//! Source: <https://docs.github.com/en/graphql/guides/migrating-graphql-global-node-ids>

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

/// The types whose ids the catalog meets: the older id's name of it, and how the newer id begins.
const TYPES: [(&str, &str); 6] = [("App", "A"), ("Bot", "BOT"), ("Organization", "O"), ("Repository", "R"), ("Team", "T"), ("User", "U")];

/// The type and the database id of a node id in either form; nothing where it is none.
pub(super) fn parsed(text: &str) -> Option<(&'static str, u64)> {
    newer(text).or_else(|| older(text))
}

fn newer(text: &str) -> Option<(&'static str, u64)> {
    let (prefix, encoded) = text.split_once('_')?;
    let (name, _) = TYPES.into_iter().find(|(_, known)| *known == prefix)?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let (list, mut rest) = bytes.split_first()?;
    let mut own = None;
    for _ in 0..list.checked_sub(0x90).filter(|length| *length < 16)? {
        let (number, behind) = number(rest)?;
        (own, rest) = (Some(number), behind);
    }
    rest.is_empty().then_some((name, own?))
}

/// The unsigned number at the head of MessagePack.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (head, rest) = bytes.split_first()?;
    let length = match head {
        0..=0x7f => return Some((u64::from(*head), rest)),
        0xcc..=0xcf => 1 << (head - 0xcc),
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(length)?;
    Some((digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)), rest))
}

fn older(text: &str) -> Option<(&'static str, u64)> {
    let decoded = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (_, named) = decoded.split_once(':')?;
    TYPES.into_iter().find_map(|(name, _)| Some((name, named.strip_prefix(name)?.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_an_id_stand_for_one_number() {
        assert_eq!(parsed("MDQ6VXNlcjU4MzIzMQ=="), Some(("User", 583_231)));
        assert_eq!(parsed("U_kgDOAAjmPw"), Some(("User", 583_231)));
        assert_eq!(parsed("MDEwOlJlcG9zaXRvcnkxMjk2MjY5"), Some(("Repository", 1_296_269)));
        assert_eq!(parsed("T_kwDOAAAAAc4AAAAC"), Some(("Team", 2)));
    }

    #[test]
    fn a_name_is_no_node_id() {
        for name in ["acme/platform", "/octocat", "shop", "T_shirts", "R_", "U_kg", "", "YWJj", "T_kwDOAAAAAc4AAAA"] {
            assert_eq!(parsed(name), None, "{name}");
        }
    }
}
