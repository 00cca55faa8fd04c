# Everything to Slack, what is high or critical also by mail.

module "driftwire" {
  source = "../.."

  state_buckets = { "acme-tfstate" = ["prod/*"] }

  # A secret that holds https://hooks.slack.com/services/..., or a bot's token and then a channel beside it.
  slack = {
    secret_arn = aws_secretsmanager_secret.slack.arn
  }
  alert_subscriptions = {
    on-call = {
      protocol      = "email"
      endpoint      = "on-call@acme.example"
      filter_policy = { severity = ["high", "critical"] }
    }
  }
  alarm_emails = ["platform@acme.example"]
}

# Its value is put in by hand, so that it is in no state:
#   aws secretsmanager put-secret-value --secret-id driftwire/slack --secret-string https://hooks.slack.com/services/...
resource "aws_secretsmanager_secret" "slack" {
  #checkov:skip=CKV2_AWS_57:Slack gives out a webhook once; nothing can rotate it.
  #checkov:skip=CKV_AWS_149:A key of your own is possible: slack.kms_key_arn.
  name        = "driftwire/slack"
  description = "The webhook that Driftwire's alerts are sent to"
}
