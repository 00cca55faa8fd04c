# What another account, or another region, needs: events that are forwarded to the central bus, and a role to be read with.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  # In every version of the provider; `name` is deprecated in 6, and `region` is not there in 5.
  region = data.aws_region.this.id
  tags   = merge({ "driftwire" = var.name }, var.tags)

  # By what is asked for, and not by the bus, whose ARN is not known before it is made.
  forwarded = merge(
    var.forward_changes ? { changes = {
      description = "what CloudTrail recorded, but for reads and failed calls"
      pattern     = jsonencode(jsondecode(file("${path.module}/../../event-pattern.json")))
    } } : {},
    length(var.state_buckets) == 0 ? {} : { states = {
      description = "objects in the state buckets that were written or removed"
      pattern = jsonencode({
        source      = ["aws.s3"]
        detail-type = ["Object Created", "Object Deleted"]
        detail      = { bucket = { name = sort(var.state_buckets) } }
      })
    } },
  )
  forwards = length(local.forwarded) > 0 ? [1] : []
}

resource "aws_cloudwatch_event_rule" "forward" {
  for_each = local.forwarded

  name          = "${var.name}-forward-${each.key}"
  description   = "Driftwire: forwards ${each.value.description}"
  event_pattern = each.value.pattern
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "forward" {
  for_each = local.forwarded

  rule      = aws_cloudwatch_event_rule.forward[each.key].name
  target_id = "central"
  arn       = var.event_bus_arn
  role_arn  = aws_iam_role.forward[0].arn

  lifecycle {
    precondition {
      condition     = var.event_bus_arn != null
      error_message = "event_bus_arn says where events are forwarded to: the output event_bus_arn of Driftwire's module. Where nothing is to be forwarded, say forward_changes = false."
    }
  }
}

data "aws_iam_policy_document" "forward_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}-forward-*"]
    }
  }
}

# Named by the region: a role is of the account, and each region has one of its own.
resource "aws_iam_role" "forward" {
  count = length(local.forwards)

  name               = "${var.name}-forward-${local.region}"
  description        = "Driftwire: forwards events of ${local.region}"
  assume_role_policy = data.aws_iam_policy_document.forward_trust.json
  tags               = local.tags
}

data "aws_iam_policy_document" "forward" {
  count = length(local.forwards)

  statement {
    sid       = "CentralBus"
    actions   = ["events:PutEvents"]
    resources = [var.event_bus_arn]
  }
}

resource "aws_iam_role_policy" "forward" {
  count = length(local.forwards)

  name   = "central-bus"
  role   = aws_iam_role.forward[0].id
  policy = data.aws_iam_policy_document.forward[0].json
}

data "aws_iam_policy_document" "read_trust" {
  count = var.read_role == null ? 0 : 1

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = var.read_role.trusted_role_arns
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.read_role.external_id]
    }
  }
}

resource "aws_iam_role" "read" {
  count = var.read_role == null ? 0 : 1

  name               = var.read_role.name
  description        = "Driftwire: reads what is live in this account"
  assume_role_policy = data.aws_iam_policy_document.read_trust[0].json
  tags               = local.tags
}

data "aws_iam_policy_document" "read" {
  #checkov:skip=CKV_AWS_356:What is watched is whatever states hold; these actions read configuration and no data.
  count = var.read_role == null ? 0 : 1

  statement {
    sid       = "WhatIsWatched"
    actions   = jsondecode(file("${path.module}/../../read-actions.json"))
    resources = ["*"]
  }
  dynamic "statement" {
    for_each = var.read_role.provider_reader ? [1] : []

    content {
      sid       = "NoData"
      effect    = "Deny"
      actions   = jsondecode(file("${path.module}/../../denied-data.json"))
      resources = ["*"]
    }
  }
}

resource "aws_iam_role_policy" "read" {
  count = var.read_role == null ? 0 : 1

  name   = "read"
  role   = aws_iam_role.read[0].id
  policy = data.aws_iam_policy_document.read[0].json
}

resource "aws_iam_role_policy_attachment" "provider_reader" {
  count = try(var.read_role.provider_reader, false) ? 1 : 0

  role       = aws_iam_role.read[0].name
  policy_arn = coalesce(var.read_role.policy_arn, "arn:${local.partition}:iam::aws:policy/SecurityAudit")
}
