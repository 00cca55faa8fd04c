//! Lists, page by page.

use serde_json::Value;

use super::{Answer, Error, Get, Github};

/// More pages than any list has: one that never ends is not believed.
const MOST_PAGES: usize = 2_000;

/// How much a page holds, if GitHub is asked for the most; it gives less where a list allows less.
const PAGE: &str = "100";

/// Of variables, no page has more than 30 (docs.github.com, "REST API endpoints for GitHub Actions variables").
const PAGE_OF_VARIABLES: &str = "30";

impl Github {
    /// Gets every page of a list and joins them: an array, or an object with the one array in it joined.
    ///
    /// What is not a list comes as it is. Pages are numbered: what is removed meanwhile moves what follows to the page before, so
    /// that a thing which is there may be left out. Absence from a list of several pages is a reason to look, and proves nothing.
    ///
    /// A validator is given, and heeded, only for a list that one page holds with room to spare: of a longer one, its first page
    /// says nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Undecodable`] where the pages do not fit together or do not end.
    pub async fn list(&self, get: &Get) -> Result<Answer, Error> {
        let mut get = get.clone();
        if !get.query.iter().any(|(name, _)| name == "per_page") {
            get.query.push(("per_page".to_owned(), page_of(&get.path).to_owned()));
        }
        self.pages(&get).await
    }

    /// The same, by pages of whatever size GitHub gives.
    pub(crate) async fn pages(&self, get: &Get) -> Result<Answer, Error> {
        let (answer, changed) = self.whole(get).await?;
        if changed { self.whole(get).await.map(|(answer, _)| answer) } else { Ok(answer) }
    }

    /// All pages, and whether the number of things changed while they were listed: one may have been missed then.
    async fn whole(&self, get: &Get) -> Result<(Answer, bool), Error> {
        let url = self.url_of(get)?;
        let (mut joined, mut next) = self.get_url(get, url.clone(), get.validator.as_ref()).await?;
        if joined.not_modified && next.is_some() {
            // The first page is as it was, and others have come.
            (joined, next) = self.get_url(get, url, None).await?;
        }
        let size = get.query.iter().find(|(name, _)| name == "per_page").and_then(|(_, size)| size.parse().ok()).unwrap_or(1);
        let one_page = next.is_none() && (joined.not_modified || array_of(&mut joined.body).is_none_or(|items| items.len() < size));
        if !one_page {
            joined.validator = None;
        }
        let mut changed = false;
        for _ in 1..MOST_PAGES {
            let Some(url) = next.take() else { return Ok((joined, changed)) };
            let (mut page, after) = self.get_url(get, url, None).await?;
            next = after;
            match (array_of(&mut joined.body), array_of(&mut page.body)) {
                (Some(items), Some(more)) => items.append(more),
                _ => return Err(odd(get, "its pages do not hold one list each")),
            }
            changed |= joined.body.get("total_count") != page.body.get("total_count");
        }
        Err(odd(get, &format!("it does not end after {MOST_PAGES} pages")))
    }
}

/// The one list in an answer.
fn array_of(body: &mut Value) -> Option<&mut Vec<Value>> {
    match body {
        Value::Array(items) => Some(items),
        Value::Object(members) => {
            let mut arrays = members.values_mut().filter_map(Value::as_array_mut);
            let only = arrays.next();
            if arrays.next().is_some() { None } else { only }
        }
        _ => None,
    }
}

fn page_of(path: &str) -> &'static str {
    if path.ends_with("/variables") { PAGE_OF_VARIABLES } else { PAGE }
}

fn odd(get: &Get, why: &str) -> Error {
    Error::Undecodable { what: get.operation.clone(), why: why.to_owned() }
}

/// Where the next page is, by the header `Link`.
pub(crate) fn next(header: &str) -> Option<url::Url> {
    // A URL may hold commas, and nothing but a URL stands between `<` and `>`.
    header.split('<').skip(1).find_map(|link| {
        let (url, parameters) = link.split_once('>')?;
        let is_next = parameters.split(';').any(|parameter| parameter.trim().trim_end_matches(',').trim() == r#"rel="next""#);
        is_next.then(|| url::Url::parse(url).ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_next_page_stands_in_the_link() {
        let next = |header| next(header).map(|url| url.to_string());
        let both = r#"<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?a=1,2&page=3>; rel="next", <https://api.github.com/x?page=9>; rel="last""#;
        assert_eq!(next(both).as_deref(), Some("https://api.github.com/x?a=1,2&page=3"));
        assert_eq!(next(r#"<https://api.github.com/x?after=b>; rel="next""#).as_deref(), Some("https://api.github.com/x?after=b"));
        assert_eq!(next(r#"<https://api.github.com/x?page=1>; rel="first""#), None);
        assert_eq!(next(r#"<not a url>; rel="next""#), None);
    }

    #[test]
    fn a_list_is_an_array_or_the_one_array_of_an_object() {
        let items = |mut body: Value| array_of(&mut body).map(|items| items.len());
        assert_eq!(items(json!([1, 2])), Some(2));
        assert_eq!(items(json!({"total_count": 1, "secrets": [1]})), Some(1));
        assert_eq!(items(json!({"a": [1], "b": [2]})), None);
        assert_eq!(items(json!({"id": 1})), None);
        assert_eq!(items(json!(null)), None);
    }
}
