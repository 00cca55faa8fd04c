use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha1::{Digest, Sha1};

/// The SHA-1 of the user data, in hexadecimal: what the provider recorded of it up to its version 5. EC2 answers it in
/// base64, later providers record it as it is; a hash stays as it is.
///
/// User data often holds secrets, and neither it nor its hash is ever shown.
pub(super) fn hashed(value: Value) -> Value {
    match value.as_str() {
        Some(text) if !text.is_empty() && !is_hash(text) => {
            let plain = STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec());
            Value::from(format!("{:x}", Sha1::digest(plain)))
        }
        _ => value,
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|letter| letter.is_ascii_hexdigit())
}
