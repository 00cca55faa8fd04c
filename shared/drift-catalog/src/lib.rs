//! What is known of each resource type, and what interprets it.
