//! What the tests against a served AWS share.
#![allow(dead_code, unreachable_pub, reason = "each test is a crate of its own, and uses a part of this")]

pub mod moto;
