//! Turns CloudTrail records into judged drift.

fn main() {}
