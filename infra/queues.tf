locals {
  # The queue of each function, with its function's time limit.
  queues = merge(
    { events = 60, states = 300 },
    var.provider_reader == null ? {} : { provider = 300 },
    var.slack == null ? {} : { slack = 60 },
    var.github == null ? {} : { github = 900 },
  )
  # Who may send to a queue beside the functions: a service, and on whose behalf.
  senders = {
    events   = var.watch_aws ? [{ service = "events.amazonaws.com", sources = local.change_rule_arns }] : []
    states   = [{ service = "events.amazonaws.com", sources = local.state_rule_arns }]
    provider = []
    github   = []
    slack    = [{ service = "sns.amazonaws.com", sources = [local.topic_arn, "${local.topic_arn}-alarms"] }]
  }
}

resource "aws_sqs_queue" "work" {
  for_each = local.queues

  name = "${var.name}-${each.key}"
  # Six times the function's limit, as AWS advises: a message that is being worked on is not handed out again.
  visibility_timeout_seconds = 6 * each.value
  message_retention_seconds  = 4 * 24 * 3600
  sqs_managed_sse_enabled    = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    # What Slack does not take comes back for hours, and what GitHub or its secret does not give for more than one, as the function
    # itself says when; what a function cannot even answer for is given up sooner.
    maxReceiveCount = lookup({ slack = 20, github = 10 }, each.key, 5)
  })
  tags = local.tags
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 14 * 24 * 3600
  sqs_managed_sse_enabled   = true
  tags                      = local.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [for name in sort(keys(local.queues)) : aws_sqs_queue.work[name].arn]
  })
}

data "aws_iam_policy_document" "queue" {
  for_each = local.queues

  dynamic "statement" {
    for_each = local.senders[each.key]

    content {
      sid       = "Deliver"
      actions   = ["sqs:SendMessage"]
      resources = ["${local.sqs_arn}:${var.name}-${each.key}"]
      principals {
        type        = "Service"
        identifiers = [statement.value.service]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value.sources
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }
  statement {
    sid       = "OverTlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["${local.sqs_arn}:${var.name}-${each.key}"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "work" {
  for_each = local.queues

  queue_url = aws_sqs_queue.work[each.key].id
  policy    = data.aws_iam_policy_document.queue[each.key].json
}

data "aws_iam_policy_document" "dead_letters" {
  statement {
    sid       = "WhatCannotBeDelivered"
    actions   = ["sqs:SendMessage"]
    resources = ["${local.sqs_arn}:${var.name}-dead-letters"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = concat(local.change_rule_arns, local.state_rule_arns, [local.topic_arn, "${local.topic_arn}-alarms"])
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
  statement {
    sid       = "OverTlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["${local.sqs_arn}:${var.name}-dead-letters"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy    = data.aws_iam_policy_document.dead_letters.json
}
