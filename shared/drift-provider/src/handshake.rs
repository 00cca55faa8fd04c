//! What a plugin says first: one line on its standard output. Source: go-plugin's `docs/internals.md` and `client.go`.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

/// By this a plugin knows that it was not started by hand. A constant of the protocol, no secret.
/// Source: `Handshake` in hashicorp/terraform's `internal/plugin/serve.go`.
pub(crate) const MAGIC_COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// Which version of the plugin protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    V5,
    V6,
}

impl Protocol {
    pub(crate) const OFFERED: &str = "5,6";

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::V5 => 5,
            Self::V6 => 6,
        }
    }
}

/// What the line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    pub(crate) protocol: Protocol,
    /// The socket on which it listens.
    pub(crate) socket: PathBuf,
    /// Its certificate for this one run, in DER.
    pub(crate) certificate: Vec<u8>,
}

/// Why a line that looks like a handshake is none that is understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("it speaks version {0} of go-plugin's own protocol, and 1 is known")]
    Core(String),
    #[error("it speaks version {0} of Terraform's plugin protocol, and 5 and 6 are known: it is made for another version of Terraform")]
    Protocol(String),
    #[error("it does not listen on a unix socket")]
    Network,
    #[error("it does not serve gRPC: it is made for a version of Terraform before 0.12")]
    Kind,
    #[error("it shows no certificate, so whoever answers could be anybody")]
    Certificate,
}

impl Handshake {
    /// `1|5|unix|/tmp/plugin123|grpc|<certificate>`; nothing where the line is something else that the plugin printed.
    pub(crate) fn read(line: &str) -> Option<Result<Self, HandshakeError>> {
        let fields: Vec<&str> = line.trim().split('|').collect();
        let [core, protocol, network, address, rest @ ..] = fields.as_slice() else { return None };
        let number = |text: &str| !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        (number(core) && number(protocol)).then(|| Self::of(core, protocol, network, address, rest))
    }

    fn of(core: &str, protocol: &str, network: &str, address: &str, rest: &[&str]) -> Result<Self, HandshakeError> {
        if core != "1" {
            return Err(HandshakeError::Core(core.to_owned()));
        }
        let protocol = match protocol {
            "5" => Protocol::V5,
            "6" => Protocol::V6,
            other => return Err(HandshakeError::Protocol(other.to_owned())),
        };
        if network != "unix" {
            return Err(HandshakeError::Network);
        }
        if rest.first() != Some(&"grpc") {
            return Err(HandshakeError::Kind);
        }
        let certificate = rest.get(1).and_then(|text| STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok());
        let certificate = certificate.filter(|der| !der.is_empty()).ok_or(HandshakeError::Certificate)?;
        Ok(Self { protocol, socket: PathBuf::from(address), certificate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_read_and_what_is_no_such_line_is_passed_over() {
        let read = Handshake::read("1|6|unix|/tmp/a/plugin1|grpc|AAEC|true\n").expect("a handshake").expect("of a known kind");
        assert_eq!(
            (read.protocol, read.socket.to_str(), read.certificate.as_slice()),
            (Protocol::V6, Some("/tmp/a/plugin1"), &[0, 1, 2][..])
        );
        for junk in ["", "hello", "a|b|c|d", "|||||", "2026-01-01|warning|x|y|z"] {
            assert_eq!(Handshake::read(junk), None, "{junk}");
        }
    }

    #[track_caller]
    fn refuses(line: &str, expected: &str) {
        let error = Handshake::read(line).expect("a handshake").expect_err("of no known kind").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_is_not_understood_is_named() {
        refuses("2|5|unix|/tmp/p|grpc|AAEC", "version 2 of go-plugin");
        refuses("1|4|unix|/tmp/p|netrpc", "version 4 of Terraform's");
        refuses("1|5|tcp|127.0.0.1:1|grpc|AAEC", "unix socket");
        refuses("1|5|unix|/tmp/p|netrpc|AAEC", "gRPC");
        refuses("1|5|unix|/tmp/p", "gRPC");
        for line in ["1|5|unix|/tmp/p|grpc", "1|5|unix|/tmp/p|grpc|", "1|5|unix|/tmp/p|grpc|%%"] {
            refuses(line, "no certificate");
        }
    }
}
