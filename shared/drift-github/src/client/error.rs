use drift_model::Timestamp;

/// Why GitHub brought no answer. `what` is the operation as its description writes it, so that no message holds a thing's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the credential may not see it: GitHub does not tell the two apart.
    #[error("{what}: not found")]
    NotFound {
        /// The operation.
        what: String,
    },
    /// The organisation that everything is about does not show itself.
    #[error("{owner} is no organisation that {api} shows to this credential: is it spelt so, and not a user's own account?")]
    NoOrganization {
        /// Its login, as the settings have it.
        owner: String,
        /// Where it was asked for.
        api: String,
    },
    /// GitHub refused for another reason than a missing right (409, 410, 422, 451, ...).
    #[error("{what}: {status} {message}")]
    Refused {
        /// The operation.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What GitHub said.
        message: String,
    },
    /// The credential may not do this.
    #[error("{what}: {message}")]
    Denied {
        /// The operation.
        what: String,
        /// What would have to be granted, as GitHub writes it: `administration=read`, `admin:org`. None where it does not say.
        permission: Option<String>,
        /// What was denied, and what to grant.
        message: String,
    },
    /// GitHub takes the credential for nobody's.
    #[error("{what}: GitHub does not take the credential: {message}")]
    Unauthorized {
        /// The operation.
        what: String,
        /// What may be the matter with it.
        message: String,
    },
    /// A limit is reached, and lasts longer than there is patience for.
    #[error("GitHub's {} is reached until {until}", if *secondary { "limit of requests a minute" } else { "limit of requests an hour" })]
    Limited {
        /// From when on asking makes sense.
        until: Timestamp,
        /// Whether it is one of the secondary limits (points a minute, requests at once) and not the hour's.
        secondary: bool,
    },
    /// GitHub failed, and did so again when asked again. Where [`Error::asks_for_less`], the query was too much for it.
    #[error("{what}: GitHub failed ({})", if *status == 0 { "it took too long".to_owned() } else { status.to_string() })]
    Server {
        /// The operation.
        what: String,
        /// The HTTP status; 0 where no answer came in time, or one that says so itself.
        status: u16,
        /// Whether it was a query of GraphQL.
        graphql: bool,
    },
    /// No answer came: the network, TLS, a connection that broke.
    #[error("{what}: no answer came: {why}")]
    Transport {
        /// The operation.
        what: String,
        /// What broke.
        why: String,
    },
    /// An answer came that is not what the API's description says.
    #[error("{what}: the answer is not what was expected: {why}")]
    Undecodable {
        /// The operation.
        what: String,
        /// What is odd about it.
        why: String,
    },
    /// This cannot be asked.
    #[error("{what}: cannot be asked: {why}")]
    Input {
        /// The operation.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Error {
    /// Whether a query failed because it asks for too much at once: half of its page may succeed.
    ///
    /// GitHub ends a query after ten seconds, with 502, 504 or a text (docs.github.com, "Rate limits and query limits for the
    /// GraphQL API").
    #[must_use]
    pub fn asks_for_less(&self) -> bool {
        matches!(self, Self::Server { graphql: true, status: 0 | 502 | 504, .. })
    }

    /// Whether the same may succeed a little later, without anybody's doing.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self, Self::Limited { .. } | Self::Server { .. } | Self::Transport { .. })
    }
}
