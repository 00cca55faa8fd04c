//! Terraform state files to instances, with their identifiers and byte ranges.
