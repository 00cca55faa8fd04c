//! Plugins as a user meets them: on a disk with everything in its usual place, and from a registry on this machine.

mod checking;
mod downloading;
mod finding;
mod packing;
mod server;
mod world;
