/// Why a state, or the part of one that holds an instance, cannot be read. No message holds a value of the state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// There are no bytes, or nothing but white space.
    #[error("the state is empty: it can be read as soon as Terraform has written it")]
    Empty,
    /// The bytes are not JSON, or end in the middle of it.
    #[error(
        "the state is not valid JSON at line {line}, column {column} (byte {offset}): {why}; was it cut off or edited by hand? `terraform state pull` shows what Terraform makes of it"
    )]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
        /// Counted from 0.
        offset: usize,
        /// What the parser found there.
        why: String,
    },
    /// JSON, but not a state.
    #[error("this is JSON, but not a Terraform state: {why}")]
    NotAState {
        /// What a state would have.
        why: String,
    },
    /// Version 1 to 3, as Terraform before 0.12 wrote them.
    #[error(
        "the state has version {version}{}, and only version 4 is read: an apply with Terraform 0.12 or later writes it anew",
        written_by(.terraform_version.as_deref())
    )]
    OldVersion {
        /// The format's version.
        version: u64,
        /// What the file says wrote it. Untrusted text.
        terraform_version: Option<String>,
    },
    /// A version that did not exist when this was written.
    #[error("the state has version {version}, and only version 4 is read: a newer Driftwire may read it")]
    NewVersion {
        /// The format's version.
        version: u64,
    },
    /// OpenTofu's state encryption.
    #[error(
        "the state is encrypted by OpenTofu (`encrypted_data`), and there is no key here: Driftwire reads states that are encrypted at rest by the bucket, not by the `encryption` block"
    )]
    Encrypted,
    /// The bytes of one instance do not hold what the index says.
    #[error("{address}: {why}")]
    Instance {
        /// Which.
        address: String,
        /// What is odd about it, and what to do.
        why: String,
    },
}

fn written_by(terraform_version: Option<&str>) -> String {
    terraform_version.map_or_else(String::new, |version| {
        format!(" (written by Terraform {})", version.chars().take(40).collect::<String>().escape_debug())
    })
}

impl StateError {
    /// Places a parser's complaint within the bytes that it read.
    pub(crate) fn syntax(error: &serde_json::Error, bytes: &[u8]) -> Self {
        let line_start = memchr::memchr_iter(b'\n', bytes).nth(error.line().saturating_sub(2)).map_or(0, |at| at + 1);
        let line_start = if error.line() <= 1 { 0 } else { line_start };
        let offset = (line_start + error.column().saturating_sub(1)).min(bytes.len());
        let text = error.to_string();
        let why = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]).to_owned();
        Self::Syntax { line: error.line(), column: error.column(), offset, why }
    }
}
