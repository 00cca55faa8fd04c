# Two topics: what Driftwire found, and what is wrong with Driftwire.

locals {
  alarm_emails = coalesce(var.alarm_emails, var.alert_emails)
  subscriptions = merge(
    { for address in var.alert_emails : "email-${address}" => { protocol = "email", endpoint = address, filter_policy = null, raw = false } },
    var.alert_subscriptions,
  )
}

resource "aws_sns_topic" "alerts" {
  name              = var.name
  display_name      = "Driftwire"
  kms_master_key_id = local.key_arn
  tags              = local.tags

  # Whoever is told has to be told of something.
  lifecycle {
    precondition {
      condition     = var.watch_aws || var.github != null
      error_message = "Nothing is watched: watch_aws = false is for a deployment that scans GitHub, which github says."
    }
    precondition {
      condition     = var.watch_aws || !var.create_trail && var.provider_reader == null && var.assume_role == null
      error_message = "create_trail, provider_reader and assume_role are for AWS, which watch_aws = false leaves out."
    }
  }
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  display_name      = "Driftwire itself"
  kms_master_key_id = local.key_arn
  tags              = local.tags
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "AlarmsPublish"
    actions   = ["sns:Publish"]
    resources = ["${local.topic_arn}-alarms"]
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-*"]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "alerts" {
  for_each = local.subscriptions

  topic_arn            = aws_sns_topic.alerts.arn
  protocol             = each.value.protocol
  endpoint             = each.value.endpoint
  filter_policy        = each.value.filter_policy == null ? null : jsonencode(each.value.filter_policy)
  raw_message_delivery = contains(["sqs", "https", "firehose"], each.value.protocol) && each.value.raw
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = toset(local.alarm_emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_subscription" "slack" {
  count = var.slack == null ? 0 : 1

  topic_arn      = aws_sns_topic.alerts.arn
  protocol       = "sqs"
  endpoint       = aws_sqs_queue.work["slack"].arn
  filter_policy  = var.slack.filter_policy == null ? null : jsonencode(var.slack.filter_policy)
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn })
}

resource "aws_sns_topic_subscription" "slack_alarms" {
  count = var.slack == null ? 0 : 1

  topic_arn      = aws_sns_topic.alarms.arn
  protocol       = "sqs"
  endpoint       = aws_sqs_queue.work["slack"].arn
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn })
}
