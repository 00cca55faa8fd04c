//! Driftwire on a laptop or in CI.

fn main() {}
