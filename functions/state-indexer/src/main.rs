//! Keeps the index up with the Terraform states.

fn main() {}
