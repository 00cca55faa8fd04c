# CloudTrail's records and S3's object events, from the default bus and from the central one.

locals {
  buses = merge({ default = "default" }, var.central_bus == null ? {} : { central = "${var.name}" })
  # Those whose records of CloudTrail are looked at.
  watched_buses = { for bus, name in local.buses : bus => name if var.watch_aws }
  rule_arns = {
    for bus, name in local.buses :
    bus => "arn:${local.partition}:events:${local.region}:${local.account}:rule/${name == "default" ? "" : "${name}/"}${var.name}"
  }
  change_rule_arns = [for bus in sort(keys(local.watched_buses)) : "${local.rule_arns[bus]}-changes"]
  state_rule_arns  = [for bus in sort(keys(local.buses)) : "${local.rule_arns[bus]}-states"]
}

resource "aws_cloudwatch_event_bus" "central" {
  count = var.central_bus == null ? 0 : 1

  name = var.name
  tags = local.tags
}

data "aws_iam_policy_document" "central_bus" {
  count = var.central_bus == null ? 0 : 1

  dynamic "statement" {
    for_each = length(var.central_bus.accounts) > 0 ? [1] : []

    content {
      sid       = "Accounts"
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.central[0].arn]
      principals {
        type        = "AWS"
        identifiers = [for account in var.central_bus.accounts : "arn:${local.partition}:iam::${account}:root"]
      }
    }
  }
  dynamic "statement" {
    for_each = var.central_bus.organization_id[*]

    content {
      sid       = "Organisation"
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.central[0].arn]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [statement.value]
      }
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "central" {
  count = try(length(var.central_bus.accounts) > 0 || var.central_bus.organization_id != null, false) ? 1 : 0

  event_bus_name = aws_cloudwatch_event_bus.central[0].name
  policy         = data.aws_iam_policy_document.central_bus[0].json
}

# Successful writes alone, so that what is of no use costs nothing.
resource "aws_cloudwatch_event_rule" "changes" {
  for_each = local.watched_buses

  name           = "${var.name}-changes"
  description    = "Driftwire: what CloudTrail recorded, but for reads and failed calls"
  event_bus_name = each.value
  event_pattern  = jsonencode(jsondecode(file("${path.module}/event-pattern.json")))
  tags           = local.tags

  depends_on = [aws_cloudwatch_event_bus.central]
}

resource "aws_cloudwatch_event_rule" "states" {
  for_each = local.buses

  name           = "${var.name}-states"
  description    = "Driftwire: objects in the state buckets that were written or removed"
  event_bus_name = each.value
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created", "Object Deleted"]
    detail      = { bucket = { name = sort(keys(var.state_buckets)) } }
  })
  tags = local.tags

  depends_on = [aws_cloudwatch_event_bus.central]
}

resource "aws_cloudwatch_event_target" "changes" {
  for_each = local.watched_buses

  rule           = aws_cloudwatch_event_rule.changes[each.key].name
  event_bus_name = each.value
  target_id      = "events"
  arn            = aws_sqs_queue.work["events"].arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

resource "aws_cloudwatch_event_target" "states" {
  for_each = local.buses

  rule           = aws_cloudwatch_event_rule.states[each.key].name
  event_bus_name = each.value
  target_id      = "states"
  arn            = aws_sqs_queue.work["states"].arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}
