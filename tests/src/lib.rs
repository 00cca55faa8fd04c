//! End to end: the real binaries against a served AWS.
