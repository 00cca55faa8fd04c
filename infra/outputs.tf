output "topic_arn" {
  description = "The topic that alerts are published to."
  value       = aws_sns_topic.alerts.arn
}

output "alarms_topic_arn" {
  description = "The topic of Driftwire's own alarms."
  value       = aws_sns_topic.alarms.arn
}

output "index_table" {
  description = "The table of the index."
  value       = aws_dynamodb_table.index.name
}

output "ledger_table" {
  description = "The table of the ledger."
  value       = aws_dynamodb_table.ledger.name
}

output "function_names" {
  description = "The functions, by what they are."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}

output "role_arns" {
  description = "The functions' roles. The policy of a state bucket, or of its key, in another account lets these in."
  value       = { for name, role in aws_iam_role.function : name => role.arn }
}

output "reading_role_arns" {
  description = "The roles that read what is live: who the role of a member account trusts."
  value       = [for name in sort(tolist(local.reading_aws)) : aws_iam_role.function[name].arn]
}

output "queue_urls" {
  description = "The queues, by what they hold."
  value       = merge({ for name, queue in aws_sqs_queue.work : name => queue.url }, { dead_letters = aws_sqs_queue.dead_letters.url })
}

output "event_bus_arn" {
  description = "The bus that other regions and accounts forward to; `null` without `central_bus`."
  value       = one(aws_cloudwatch_event_bus.central[*].arn)
}

output "dashboard_url" {
  description = "The dashboard."
  value       = "https://${local.region}.console.${local.partition == "aws-cn" ? "amazonaws.cn" : local.partition == "aws-us-gov" ? "amazonaws-us-gov.com" : "aws.amazon.com"}/cloudwatch/home?region=${local.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}

output "cli_environment" {
  description = "What `driftwire drift`, `doctor` and `dead-letters` read from the environment, for a shell: `eval \"$(terraform output -raw cli_environment)\"`, where the configuration passes it on."
  value       = join("\n", [for name, value in local.cli_environment : "export ${name}='${value}'"])
}

output "needs" {
  description = "What has to be there that the module does not make."
  value = concat(
    var.create_trail || !var.watch_aws ? [] : ["A trail that logs management events that are written, in ${local.region} and in every region that forwards: without one CloudTrail tells EventBridge nothing. create_trail = true makes one."],
    length(var.alert_emails) == 0 ? [] : ["Each address of alert_emails confirms the message that AWS sent to it."],
    length(local.buckets_here) == length(var.state_buckets) ? [] : ["The events of the state buckets in other regions, forwarded by modules/member-account."],
    var.assume_role == null ? [] : ["The role ${var.assume_role.name} in every account that is read: modules/member-account makes it."],
    var.github == null ? [] : ["In the secret of github.secret_arn a token, or the id, the installation and the private key of a GitHub App: docs/github-app.md."],
    length(local.subscriptions) == 0 && var.slack == null ? ["Somebody who is told: alert_emails, slack or alert_subscriptions."] : [],
  )
}

locals {
  cli_environment = { for name, value in {
    AWS_REGION                      = local.region
    DRIFTWIRE_INDEX_TABLE           = aws_dynamodb_table.index.name
    DRIFTWIRE_LEDGER_TABLE          = aws_dynamodb_table.ledger.name
    DRIFTWIRE_TOPIC_ARN             = aws_sns_topic.alerts.arn
    DRIFTWIRE_EVENTS_QUEUE_URL      = aws_sqs_queue.work["events"].url
    DRIFTWIRE_STATES_QUEUE_URL      = aws_sqs_queue.work["states"].url
    DRIFTWIRE_PROVIDER_QUEUE_URL    = try(aws_sqs_queue.work["provider"].url, null)
    DRIFTWIRE_GITHUB_QUEUE_URL      = try(aws_sqs_queue.work["github"].url, null)
    DRIFTWIRE_SLACK_QUEUE_URL       = try(aws_sqs_queue.work["slack"].url, null)
    DRIFTWIRE_DEAD_LETTER_QUEUE_URL = aws_sqs_queue.dead_letters.url
    DRIFTWIRE_GITHUB_ONLY           = var.watch_aws ? null : "true"
    GITHUB_OWNER                    = try(var.github.owner, null)
    DRIFTWIRE_STATES                = join(",", local.states)
    DRIFTWIRE_STATE_REGIONS         = length(var.state_bucket_regions) == 0 ? null : join(",", [for bucket, region in var.state_bucket_regions : "${bucket}=${region}"])
  } : name => value if value != null }
}
