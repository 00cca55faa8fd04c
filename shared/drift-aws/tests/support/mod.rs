//! What the tests against a served AWS share.

pub mod moto;
