# One account, one region: the states' bucket, and an address to tell.

module "driftwire" {
  source = "../.."

  state_buckets = { "acme-tfstate" = ["prod/*", "staging/*"] }
  alert_emails  = ["platform@acme.example"]
}

output "needs" {
  description = "What has to be there that the module does not make."
  value       = module.driftwire.needs
}

output "dashboard_url" {
  description = "The dashboard."
  value       = module.driftwire.dashboard_url
}

output "cli_environment" {
  description = "What the command line reads from the environment."
  value       = module.driftwire.cli_environment
}
