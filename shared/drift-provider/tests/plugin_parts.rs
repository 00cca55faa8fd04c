//! The test plugin's own parts: cargo runs no tests of an example that it also builds.
#![allow(dead_code, reason = "the plugin uses the rest")]

#[path = "../examples/plugin/behaviour.rs"]
mod behaviour;
#[path = "../examples/plugin/connection.rs"]
mod connection;
#[path = "../src/proto.rs"]
mod proto;
#[path = "../examples/plugin/schema.rs"]
mod schema;
#[path = "../examples/plugin/value.rs"]
mod value;
#[path = "../examples/plugin/world.rs"]
mod world;

fn say(line: &str) {
    panic!("{line}")
}
