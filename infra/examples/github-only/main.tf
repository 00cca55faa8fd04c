# A GitHub organisation and nothing else: no trail, no CloudTrail. Each hour it is compared with what its states record.

module "driftwire" {
  source = "../.."

  watch_aws     = false
  state_buckets = { "acme-tfstate" = ["github/*"] }
  alert_emails  = ["platform@acme.example"]

  # A secret that holds a token, or the id, the installation and the private key of a GitHub App.
  github = {
    owner      = "acme"
    secret_arn = aws_secretsmanager_secret.github.arn
  }
}

# Its value is put in by hand, so that it is in no state (docs/github-app.md):
#   aws secretsmanager put-secret-value --secret-id driftwire/github --secret-string file://app.json
resource "aws_secretsmanager_secret" "github" {
  #checkov:skip=CKV2_AWS_57:GitHub gives out a key of an App to a person; nothing here can rotate it.
  #checkov:skip=CKV_AWS_149:A key of your own is possible: github.secret_kms_key_arn.
  name        = "driftwire/github"
  description = "What Driftwire reads the organisation with"
}

output "needs" {
  description = "What has to be there that the module does not make."
  value       = module.driftwire.needs
}

output "cli_environment" {
  description = "What the command line reads from the environment."
  value       = module.driftwire.cli_environment
}
