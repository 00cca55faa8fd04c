//! A provider plugin for tests: serves Terraform's plugin protocol, versions 5 and 6, from a world that a JSON file describes.
//!
//! It knows no cloud: what is live is what the world says is live. It serves what a read needs (schemas, configuration,
//! upgrade, read, the end); whatever else is called is unimplemented. It is strict where Terraform's SDKs are strict: a
//! value that does not fit the schema is refused, and so is a client without the certificate that it announced.
//!
//! # The world
//!
//! `DRIFTWIRE_TEST_WORLD` names the file; where it names a folder, the file in it that is called like the executable
//! that was started, with `.json`: so links to one binary act as several versions of a plugin. The file is read anew at
//! each call: a test changes the live side while the plugin runs. A member that is not described here is refused.
//!
//! ```json
//! {
//!   "protocol": 6,
//!   "journal": "/tmp/x/journal",
//!   "provider": {"attributes": {"region": {"type": "string", "optional": true}}},
//!   "types": {
//!     "test_thing": {
//!       "version": 1,
//!       "renamed": {"0": {"label": "name"}},
//!       "attributes": {
//!         "id": {"type": "string", "computed": true},
//!         "tags": {"type": ["map", "string"], "optional": true},
//!         "members": {"nested": {"nesting": "set", "attributes": {"name": {"type": "string", "required": true}}}}
//!       },
//!       "blocks": {"rule": {"nesting": "set", "attributes": {"port": {"type": "number", "required": true}}}},
//!       "live": {"thing-1": {"tags": {"a": "b"}, "rule": [{"port": 443}]}},
//!       "read": {"thing-2": {"diagnostics": [{"severity": "error", "summary": "reading", "detail": "AccessDenied"}]}}
//!     }
//!   }
//! }
//! ```
//!
//! - `protocol`: the version that it speaks; without it the highest that the client offers, of 5 and 6.
//! - `journal`: a file to which each call appends a line (see `journal.rs`).
//! - `provider`: the schema of the provider's configuration.
//! - `types`: the resource types (`ResourceType` in `world.rs`). `live` holds, by `id`, the attributes that are live; those
//!   that it does not name are as the client says they are recorded. An instance that `live` does not hold is gone.
//! - `handshake`, `stderr`, `stdio`, `stubborn`, and `schema`, `configure`, `upgrade`, `read`: how it misbehaves, see
//!   `Handshake` in `world.rs` and `Behaviour` in `behaviour.rs`. A type's `upgrade` and `read` hold a behaviour by `id`, or
//!   for all of them under `*`; the most special one counts.
//! - `schema_optional`: whether it says that it need not be asked for its schemas.
//!
//! Started as `plugin parent signal` or `plugin parent pipe` it is no plugin but reads through one (`parent.rs`), to be killed.
//!
//! Values are written as a state writes them: a `dynamic` one as `{"type": .., "value": ..}`. Beyond JSON there are
//! `{"$unknown": true}` and `{"$unknown": {"prefix": "ab"}}` (a refined one) in place of any value, and for a number
//! `{"$number": "0.1"}`, sent as a decimal string, and `{"$float": 5}`, sent as a float.

mod behaviour;
mod calls;
mod certificate;
mod connection;
mod handshake;
mod journal;
mod messages;
mod parent;
#[path = "../../src/proto.rs"]
#[allow(dead_code, reason = "the crate's own description of the messages, of which each side uses a part")]
mod proto;
mod route;
mod schema;
mod value;
mod world;

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use handshake::Environment;

fn main() -> ExitCode {
    drift_provider::guard();
    if let Some(guarding) = parent::asked_for() {
        return finished(parent::run(guarding));
    }
    let environment = Environment::of_this_process();
    if !environment.has_cookie() {
        say("This binary is a plugin for the tests of drift-provider, which start it themselves. Run them with `cargo test`.");
        return ExitCode::FAILURE;
    }
    finished(handshake::serve(&environment))
}

fn finished(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("the test plugin: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard error. That nobody reads it any more is no reason to end.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
