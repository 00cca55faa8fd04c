# What the native reader does not know is read through Terraform's own provider.
#   driftwire providers stage hashicorp/aws --version 5.100.0 --download --platform linux_arm64 --to dist/plugins/
# puts the plugin where the module uploads it from; `make deploy EXAMPLE=provider-reader PROVIDER_VERSIONS=5.100.0` does it all.

module "driftwire" {
  source = "../.."

  state_buckets = { "acme-tfstate" = ["prod/*"] }
  alert_emails  = ["platform@acme.example"]

  provider_reader = { versions = ["5.100.0"] }
}
