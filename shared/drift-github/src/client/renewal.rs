//! Whose token goes with a request: the one that there is, or an App's of this hour, which one at a time renews.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    Error, Github,
    auth::{self, Auth, Bearer},
    denial::{self, Outcome},
    github::{TRIES, broke, elsewhere},
    pace::{Api, Wait},
};

/// The operation by which an App's tokens are told and counted.
const RENEWAL: &str = "POST /app/installations/{installation_id}/access_tokens";

impl Github {
    /// The token of now.
    pub(crate) async fn bearer(&self) -> Result<Arc<Bearer>, Error> {
        self.bearer_but(None, &mut self.inner.patience.clone()).await
    }

    /// The token of now, and not the one that was refused. One at a time renews it.
    pub(super) async fn bearer_but(&self, refused: Option<&Arc<Bearer>>, patience: &mut Duration) -> Result<Arc<Bearer>, Error> {
        let app = match &self.inner.auth {
            Auth::Token(bearer) => return Ok(bearer.clone()),
            Auth::App(app) => app,
        };
        let mut token = app.token.lock().await;
        let good =
            |bearer: &&Arc<Bearer>| bearer.lasts(self.inner.transport.now()) && refused.is_none_or(|refused| refused.mark != bearer.mark);
        if let Some(bearer) = token.as_ref().filter(good) {
            return Ok(bearer.clone());
        }
        let renewed = Arc::new(self.renew(app, patience).await?);
        *token = Some(renewed.clone());
        Ok(renewed)
    }

    async fn renew(&self, app: &auth::App, patience: &mut Duration) -> Result<Bearer, Error> {
        let transport = &self.inner.transport;
        let (what, mut failures, mut corrected) = (RENEWAL, 0, false);
        loop {
            let now = transport.now();
            let ahead = transport.ahead();
            let Some((asked, signed)) = app.renewal(now) else {
                return Err(Error::Input { what: what.to_owned(), why: "the App's key cannot sign".to_owned() });
            };
            self.counters().asked(what, false);
            let failed = match transport.exchange(&asked, &signed).await {
                Err(broken) => broke(what, Api::Rest, broken),
                Ok(reply) => match denial::outcome(what, &reply, transport.now().as_second()) {
                    Outcome::Fine => {
                        let undecodable = || Error::Undecodable { what: what.to_owned(), why: "no token is in it".to_owned() };
                        return auth::given(&reply.body).ok_or_else(undecodable);
                    }
                    Outcome::Unauthorized(_) if !corrected && (transport.ahead() - ahead).abs() > 30 => {
                        // The clocks differ, and now it is known by how much.
                        corrected = true;
                        continue;
                    }
                    Outcome::Unauthorized(message) => {
                        let message = format!("{message}: is the key one of this App's, and this machine's clock right?");
                        return Err(Error::Unauthorized { what: what.to_owned(), message });
                    }
                    Outcome::Refused(Error::NotFound { .. }) => {
                        let message = "the App has no such installation: was it removed, or is the id another's?".to_owned();
                        return Err(Error::Unauthorized { what: what.to_owned(), message });
                    }
                    Outcome::Refused(error) => return Err(error),
                    Outcome::Limit { secondary, lasts } => {
                        let wait = lasts.unwrap_or(Duration::from_mins(1));
                        let too_long = Wait { until: Instant::now() + wait, secondary };
                        *patience = patience.checked_sub(wait).ok_or_else(|| Self::limited(too_long))?;
                        sleep(wait).await;
                        continue;
                    }
                    Outcome::Moved => return Err(elsewhere(what)),
                    Outcome::Failed => Error::Server { what: what.to_owned(), status: reply.status, graphql: false },
                },
            };
            failures += 1;
            if failures >= TRIES {
                return Err(failed);
            }
            self.counters().retries += 1;
            sleep(self.inner.pacer.backoff(failures)).await;
        }
    }
}
