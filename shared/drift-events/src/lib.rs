//! CloudTrail records to changes.
