locals {
  schedules = merge({
    sweep = {
      description = "publish the alerts that are owed"
      expression  = "rate(1 minute)"
      queue       = "events"
      name        = "sweep"
    }
    reconcile = {
      description = "compare the state buckets with the index"
      expression  = "rate(1 hour)"
      queue       = "states"
      # A rate without a start begins at once when it is made. Buckets that change make a new one: what is in them is seen now, and
      # not in an hour. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
      name = "reconcile-${substr(sha256(join(",", local.states)), 0, 8)}"
    }
    }, { for one in var.github[*] : "scan_github" => {
      description = "scan a GitHub organisation"
      expression  = one.schedule
      queue       = "github"
      # Another organisation is looked at at once, too.
      name = "scan-github-${substr(sha256(join(" ", compact([one.owner, one.base_url]))), 0, 8)}"
  } })
}

resource "aws_scheduler_schedule_group" "this" {
  name = var.name
  tags = local.tags
}

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297:What it holds is one word for a queue; it is encrypted with a key of AWS's own.
  for_each = local.schedules

  name                = each.value.name
  group_name          = aws_scheduler_schedule_group.this.name
  description         = "Driftwire: ${each.value.description}"
  schedule_expression = each.value.expression

  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_sqs_queue.work[each.value.queue].arn
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode({ driftwire = each.key })

    retry_policy {
      # The next one comes anyway.
      maximum_event_age_in_seconds = each.key == "sweep" ? 60 : 3600
      maximum_retry_attempts       = 10
    }
  }

  # Whoever is woken has to be there: the first reconcile is what finds the states that existed before.
  depends_on = [aws_iam_role_policy.scheduler, aws_lambda_event_source_mapping.this]
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${var.name}"]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${var.name}-scheduler"
  description        = "Driftwire: what its schedules send"
  assume_role_policy = data.aws_iam_policy_document.scheduler_trust.json
  tags               = local.tags
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "Queues"
    actions   = ["sqs:SendMessage"]
    resources = [for queue in sort(distinct(values(local.schedules)[*].queue)) : "${local.sqs_arn}:${var.name}-${queue}"]
  }
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "queues"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}
