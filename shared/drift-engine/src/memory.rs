//! The ports in memory: real enough to be what the command line uses where it needs no AWS.
