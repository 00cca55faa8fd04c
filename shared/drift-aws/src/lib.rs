//! The ports of Driftwire on AWS, and the native reader.
