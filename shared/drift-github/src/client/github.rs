use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use drift_model::{Place, Timestamp};
use jiff::{RoundMode, SignedDuration, TimestampRound, Unit};
use reqwest::header::{ETAG, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::Url;

use super::{
    Answer, Error, Get, Settings, SettingsError, Used, Validator,
    auth::{self, Auth, Bearer},
    denial::{self, Outcome},
    identity::Known,
    pace::{Api, Pacer, Wait},
    settings::Addresses,
    transport::{Asked, Broken, Reply, Transport, local_now},
};

/// How often something is asked that fails.
pub(super) const TRIES: u32 = 3;

/// How many redirects are followed for one request.
const REDIRECTS: u32 = 3;

/// A client of one organisation's GitHub. Clones share everything: connections, limits, the token, what is known.
///
/// # Guarantees
///
/// - No request is sent that GitHub has said it would refuse, or that would be more than its documentation allows.
/// - The token goes to the origin that the settings name, and nowhere else.
///
/// # Errors
///
/// Each method says which; all may fail with whatever [`Error`] lists. What passes by itself was tried three times before.
#[derive(Clone)]
pub struct Github {
    pub(super) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    owner: String,
    addresses: Addresses,
    pub(super) patience: Duration,
    pub(super) transport: Transport,
    pub(super) auth: Auth,
    pub(super) pacer: Pacer,
    used: Mutex<Used>,
    pub(crate) known: Known,
}

/// One request as it is to be made, until it is answered.
pub(crate) struct Wanted<'a> {
    pub(crate) operation: &'a str,
    pub(crate) api: Api,
    pub(crate) url: Url,
    pub(crate) accept: Option<&'a str>,
    pub(crate) validator: Option<&'a Validator>,
    pub(crate) body: Option<Vec<u8>>,
}

/// What came of it in the end.
pub(crate) struct Got {
    pub(crate) reply: Reply,
    pub(crate) body: Value,
    pub(crate) moved: bool,
    pub(crate) bearer: Arc<Bearer>,
}

impl std::fmt::Debug for Github {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Github").field("owner", &self.inner.owner).field("web", &self.inner.addresses.web).finish_non_exhaustive()
    }
}

impl Github {
    /// Makes no request.
    ///
    /// # Errors
    ///
    /// Where the settings are not such that a request could be made.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let addresses = settings.checked()?;
        let inner = Inner {
            transport: Transport::new(&settings, &addresses)?,
            auth: Auth::new(&settings.credential, &addresses)?,
            pacer: Pacer::new(settings.pace, settings.parallel),
            patience: settings.patience,
            owner: settings.owner,
            addresses,
            used: Mutex::default(),
            known: Known::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The organisation's login, as the settings write it.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.inner.owner
    }

    /// Where the organisation's instances live.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::new("github", self.owner(), Place::GLOBAL)
    }

    /// What the pages for people begin with, without a slash at the end: `https://github.com`.
    #[must_use]
    pub fn web(&self) -> &str {
        &self.inner.addresses.web
    }

    /// What the API's own URLs begin with, without a slash at the end: `https://api.github.com`.
    pub(crate) fn api(&self) -> &str {
        self.inner.addresses.rest.as_str().trim_end_matches('/')
    }

    /// What was asked so far.
    #[must_use]
    pub fn used(&self) -> Used {
        self.counters().clone()
    }

    /// How many requests of this hour are left, of whichever of the two APIs has fewer; nothing before GitHub told.
    #[must_use]
    pub fn left(&self) -> Option<usize> {
        self.inner.pacer.left()
    }

    /// The limit that requests wait for now, if any does: always [`Error::Limited`].
    #[must_use]
    pub fn waits_for(&self) -> Option<Error> {
        self.inner.pacer.wait().map(Self::limited)
    }

    /// Makes one `GET`. A redirect within GitHub is followed, and told.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] for a path that is none.
    pub async fn get(&self, get: &Get) -> Result<Answer, Error> {
        let url = self.url_of(get)?;
        self.get_url(get, url, get.validator.as_ref()).await.map(|(answer, _)| answer)
    }

    /// The answer, and where its next page is.
    pub(crate) async fn get_url(&self, get: &Get, url: Url, validator: Option<&Validator>) -> Result<(Answer, Option<Url>), Error> {
        let (operation, accept) = (get.operation.as_str(), get.accept.as_deref());
        let got = self.send(Wanted { operation, api: Api::Rest, url, accept, validator, body: None }).await?;
        let not_modified = got.reply.status == 304;
        if not_modified {
            self.counters().not_modified += 1;
        }
        let next = got.reply.header("link").and_then(super::lists::next).map(|next| self.own(operation, &next)).transpose()?;
        let validator = validator_of(&got).or_else(|| validator.filter(|_| not_modified).cloned());
        let answer = Answer { status: got.reply.status, body: got.body, validator, not_modified, moved: got.moved };
        Ok((answer, next))
    }

    pub(crate) fn url_of(&self, get: &Get) -> Result<Url, Error> {
        let wrong = |why: &str| Error::Input { what: get.operation.clone(), why: why.to_owned() };
        let rest = &self.inner.addresses.rest;
        let relative = get.path.strip_prefix('/').ok_or_else(|| wrong("a path begins with a slash"))?;
        let mut url = rest.clone();
        url.set_path(&format!("{}{relative}", rest.path()));
        // A path that a parser of URLs changes is not the one that was meant: `..` would lead elsewhere.
        if url.path() != format!("{}{relative}", rest.path()) {
            return Err(wrong("a name in the path is not percent-encoded, or no name"));
        }
        if !get.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&get.query);
        }
        Ok(url)
    }

    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        self.inner.pacer.backoff(failures)
    }

    pub(crate) fn graphql_url(&self) -> Url {
        self.inner.addresses.graphql.clone()
    }

    pub(crate) fn known(&self) -> &Known {
        &self.inner.known
    }

    pub(crate) fn counters(&self) -> MutexGuard<'_, Used> {
        self.inner.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks until there is an answer, a refusal, or no patience left.
    pub(crate) async fn send(&self, wanted: Wanted<'_>) -> Result<Got, Error> {
        let Inner { transport, pacer, .. } = &*self.inner;
        let (what, api) = (wanted.operation, wanted.api);
        let accept = HeaderValue::from_str(wanted.accept.unwrap_or(auth::JSON))
            .map_err(|_| Error::Input { what: what.to_owned(), why: "a media type that no header can hold".to_owned() })?;
        let mut asked = Asked { url: wanted.url, accept, condition: None, body: wanted.body };
        let (mut patience, mut failures, mut moves, mut refused) = (self.inner.patience, 0, 0, None::<Arc<Bearer>>);
        loop {
            let bearer = self.bearer_but(refused.as_ref(), &mut patience).await?;
            asked.condition = wanted.validator.and_then(|validator| condition(validator, &bearer));
            let before = patience;
            let turn = pacer.turn(api, &mut patience).await.map_err(Self::limited)?;
            self.counters().waited += before.saturating_sub(patience);
            self.counters().asked(what, api == Api::GraphQl);
            let exchanged = transport.exchange(&asked, &bearer.header).await;
            drop(turn);
            let failed = match exchanged {
                Ok(reply) => {
                    self.heed(api, &reply);
                    match self.outcome(what, api, &reply) {
                        (Outcome::Fine, body) => {
                            pacer.admitted();
                            return Ok(Got { body: body?, reply, moved: moves > 0, bearer });
                        }
                        (Outcome::Moved, _) if asked.body.is_none() && moves < REDIRECTS => {
                            moves += 1;
                            let location = reply.header(LOCATION.as_str()).unwrap_or_default();
                            asked.url = asked.url.join(location).map_err(|_| elsewhere(what)).and_then(|url| self.own(what, &url))?;
                            continue;
                        }
                        (Outcome::Moved, _) => return Err(elsewhere(what)),
                        (Outcome::Limit { secondary, lasts }, _) => {
                            tracing::debug!(operation = what, secondary, ?lasts, "a limit is reached");
                            pacer.reached(api, secondary, lasts);
                            continue;
                        }
                        (Outcome::Unauthorized(_), _) if refused.is_none() && matches!(self.inner.auth, Auth::App(_)) => {
                            refused = Some(bearer);
                            continue;
                        }
                        (Outcome::Unauthorized(message), _) => return Err(unauthorized(what, &message)),
                        (Outcome::Refused(error), _) => return Err(error),
                        (Outcome::Failed, _) => Error::Server { what: what.to_owned(), status: reply.status, graphql: api == Api::GraphQl },
                    }
                }
                Err(broken) => broke(what, api, broken),
            };
            failures += 1;
            // A query that is too much stays too much.
            if failures >= TRIES || failed.asks_for_less() {
                return Err(failed);
            }
            self.counters().retries += 1;
            tracing::debug!(operation = what, %failed, failures, "asking again");
            sleep(pacer.backoff(failures)).await;
        }
    }

    /// What an answer is, and what it holds if it is fine.
    fn outcome(&self, what: &str, api: Api, reply: &Reply) -> (Outcome, Result<Value, Error>) {
        let outcome = denial::outcome(what, reply, self.inner.transport.now().as_second());
        if outcome != Outcome::Fine {
            return (outcome, Ok(Value::Null));
        }
        if reply.body.is_empty() || reply.status == 304 {
            return (outcome, Ok(Value::Null));
        }
        let body = serde_json::from_slice(&reply.body).map_err(|error| {
            let why = format!("no JSON ({:?}, at line {}, column {})", error.classify(), error.line(), error.column());
            Error::Undecodable { what: what.to_owned(), why }
        });
        match body {
            Ok(body) if api == Api::GraphQl => match super::graphql::limit_of(&body) {
                Some(secondary) => (Outcome::Limit { secondary, lasts: self.resets_in(reply) }, Ok(Value::Null)),
                None => (outcome, Ok(body)),
            },
            body => (outcome, body),
        }
    }

    /// Keeps what an answer tells of the hour. GitHub Enterprise Server may tell nothing.
    fn heed(&self, api: Api, reply: &Reply) {
        let of_this = reply.header("x-ratelimit-resource").is_none_or(|resource| resource == api.resource());
        if let (true, Some(remaining), Some(lasts)) = (of_this, reply.number("x-ratelimit-remaining"), self.resets_in(reply)) {
            self.inner.pacer.told(api, usize::try_from(remaining).unwrap_or(0), lasts);
        }
    }

    fn resets_in(&self, reply: &Reply) -> Option<Duration> {
        let seconds = reply.number("x-ratelimit-reset")? - self.inner.transport.now().as_second();
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    pub(super) fn limited(Wait { until, secondary }: Wait) -> Error {
        let wait = SignedDuration::try_from(until - Instant::now()).unwrap_or_default();
        // By this machine's clock, by which whoever is told will wait.
        let until = local_now().checked_add(wait).unwrap_or(Timestamp::MAX);
        // In whole seconds, for people; never too early.
        let whole = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
        Error::Limited { until: until.round(whole).unwrap_or(until), secondary }
    }

    /// A URL that GitHub named, if it leads to its own API: nothing else is sent the token.
    fn own(&self, what: &str, url: &Url) -> Result<Url, Error> {
        let rest = &self.inner.addresses.rest;
        let own = url.origin() == rest.origin() && url.path().starts_with(rest.path()) && url.username().is_empty();
        if own { Ok(url.clone()) } else { Err(elsewhere(what)) }
    }
}

fn condition(validator: &Validator, bearer: &Bearer) -> Option<(HeaderName, HeaderValue)> {
    let name = match &validator.token {
        None => IF_MODIFIED_SINCE,
        Some(token) if *token == bearer.mark => IF_NONE_MATCH,
        Some(_) => return None,
    };
    Some((name, HeaderValue::from_str(&validator.text).ok()?))
}

fn validator_of(got: &Got) -> Option<Validator> {
    let text = |name: HeaderName| got.reply.header(name.as_str()).map(str::to_owned);
    let tag = text(ETAG).map(|text| Validator { text, token: Some(got.bearer.mark.clone()) });
    tag.or_else(|| text(LAST_MODIFIED).map(|text| Validator { text, token: None }))
}

pub(super) fn broke(what: &str, api: Api, broken: Broken) -> Error {
    match broken {
        Broken::Silence if api == Api::GraphQl => Error::Server { what: what.to_owned(), status: 0, graphql: true },
        Broken::Silence => Error::Transport { what: what.to_owned(), why: "GitHub said nothing for too long".to_owned() },
        Broken::Line(why) => Error::Transport { what: what.to_owned(), why },
    }
}

fn unauthorized(what: &str, message: &str) -> Error {
    Error::Unauthorized { what: what.to_owned(), message: format!("{message}: it was revoked, has expired, or is mistyped") }
}

pub(super) fn elsewhere(what: &str) -> Error {
    Error::Undecodable { what: what.to_owned(), why: "it leads to another place than GitHub's API, or in circles".to_owned() }
}
