# One role a function. What is watched is read and nothing else; what is written is Driftwire's own.

locals {
  # Generated from the catalog: `make iam`.
  read_actions = jsondecode(file("${path.module}/read-actions.json"))

  # Who judges, and so reads states, locks, the index and what is live, and writes the ledger and alerts.
  judging = toset([for name in keys(local.functions) : name if contains(["event-detector", "provider-judge", "github-scanner"], name)])
  # Who reads AWS.
  reading_aws           = setsubtract(local.judging, ["github-scanner"])
  github_secret_service = try(split(":", var.github.secret_arn)[2], null)
  # Which queues each of them fills. Only event-detector hands over.
  work_for = {
    event-detector = [for queue in keys(local.queues) : queue if queue != "slack"]
    provider-judge = ["events", "provider", "states"]
    github-scanner = ["github", "states"]
  }

  # What a managed policy of AWS allows beyond configuration. A plugin reads whatever its type takes, so that no list of actions
  # can be made for it; what holds data is denied. Driftwire's own is taken out of the denial, and allowed by itself.
  denied_data    = jsondecode(file("${path.module}/denied-data.json"))
  denied_objects = [for action in local.denied_data : action if startswith(action, "s3:") || startswith(action, "s3-object-lambda:")]
  denied_items   = [for action in local.denied_data : action if startswith(action, "dynamodb:")]
  denied_rest    = setsubtract(local.denied_data, concat(local.denied_objects, local.denied_items, ["sqs:ReceiveMessage"]))
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name               = "${var.name}-${each.key}"
  description        = "Driftwire: ${each.value.description}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = local.tags
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "function"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.function[each.key].json
}

# What each function does with its own queue and its own log.
data "aws_iam_policy_document" "edge" {
  #checkov:skip=CKV_AWS_356:X-Ray's two actions take no resource.
  #checkov:skip=CKV_AWS_111:X-Ray's two actions take no resource.
  for_each = local.functions

  statement {
    sid       = "ItsQueue"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
    resources = ["${local.sqs_arn}:${var.name}-${each.value.queue}"]
  }
  statement {
    sid       = "DeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = ["${local.sqs_arn}:${var.name}-dead-letters"]
  }
  statement {
    sid       = "ItsLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${var.name}-${each.key}:*"]
  }
  dynamic "statement" {
    for_each = var.tracing ? [1] : []

    content {
      sid       = "Tracing"
      actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      resources = ["*"]
    }
  }
}

# What it takes to read states, of all who do.
data "aws_iam_policy_document" "states" {
  statement {
    sid       = "StatesAndTheirLocks"
    actions   = ["s3:GetObject"]
    resources = local.state_objects
  }
  statement {
    sid = "StatesThatAreGone"
    # Of the whole bucket: without it S3 says "denied" of an object that is not there, and that is asked without a prefix.
    actions   = ["s3:ListBucket"]
    resources = local.state_bucket_arns
  }
  dynamic "statement" {
    for_each = length(var.state_kms_key_arns) > 0 ? [1] : []

    content {
      sid       = "EncryptedStates"
      actions   = ["kms:Decrypt"]
      resources = var.state_kms_key_arns
      condition {
        test     = "StringLike"
        variable = "kms:ViaService"
        values   = ["s3.*.amazonaws.com", "s3.*.amazonaws.com.cn"]
      }
    }
  }
}

data "aws_iam_policy_document" "judging" {
  for_each = local.judging

  dynamic "statement" {
    for_each = length(local.ignore_objects) > 0 ? [1] : []

    content {
      sid       = "WhatToIgnore"
      actions   = ["s3:GetObject"]
      resources = local.ignore_objects
    }
  }
  dynamic "statement" {
    for_each = length(local.lock_table_arns) > 0 ? [1] : []

    content {
      sid       = "LocksInTables"
      actions   = ["dynamodb:GetItem"]
      resources = local.lock_table_arns
    }
  }
  statement {
    sid       = "Index"
    actions   = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
    resources = [local.index_arn]
  }
  statement {
    sid       = "Ledger"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"]
    resources = [local.ledger_arn, "${local.ledger_arn}/index/*"]
  }
  statement {
    sid       = "Alerts"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]
  }
  statement {
    sid       = "WorkForTheOthers"
    actions   = ["sqs:SendMessage"]
    resources = [for queue in local.work_for[each.key] : "${local.sqs_arn}:${var.name}-${queue}"]
  }
  dynamic "statement" {
    for_each = length(local.read_role_arns) > 0 && contains(local.reading_aws, each.key) ? [1] : []

    content {
      sid       = "OtherAccounts"
      actions   = ["sts:AssumeRole"]
      resources = local.read_role_arns
    }
  }
}

data "aws_iam_policy_document" "function" {
  for_each = local.functions

  source_policy_documents = concat(
    [data.aws_iam_policy_document.edge[each.key].json],
    each.key == "slack-notifier" ? [one(data.aws_iam_policy_document.slack_notifier[*].json)] : [data.aws_iam_policy_document.states.json],
    contains(local.judging, each.key) ? [data.aws_iam_policy_document.judging[each.key].json] : [],
    each.key == "event-detector" ? data.aws_iam_policy_document.event_detector[*].json : [],
    each.key == "state-indexer" ? [data.aws_iam_policy_document.state_indexer.json] : [],
    each.key == "provider-judge" ? [one(data.aws_iam_policy_document.provider_judge[*].json)] : [],
    each.key == "github-scanner" ? [one(data.aws_iam_policy_document.github_scanner[*].json)] : [],
  )
}

data "aws_iam_policy_document" "event_detector" {
  #checkov:skip=CKV_AWS_356:What is watched is whatever states hold; these actions read configuration and no data.
  count = var.watch_aws ? 1 : 0

  statement {
    sid       = "WhatIsWatched"
    actions   = local.read_actions
    resources = ["*"]
  }
  statement {
    sid       = "ThatRecordsCome"
    actions   = ["dynamodb:PutItem"]
    resources = [local.index_arn]
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["heartbeat"]
    }
    # Without it, a request without keys would pass.
    condition {
      test     = "Null"
      variable = "dynamodb:LeadingKeys"
      values   = ["false"]
    }
  }
}

data "aws_iam_policy_document" "state_indexer" {
  statement {
    sid = "Index"
    actions = [
      "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query",
      "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem", "dynamodb:BatchWriteItem",
    ]
    resources = [local.index_arn]
  }
  statement {
    sid       = "DriftsOfAState"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query"]
    resources = [local.ledger_arn, "${local.ledger_arn}/index/*"]
  }
  statement {
    sid       = "WorkForItselfAndTheJudge"
    actions   = ["sqs:SendMessage"]
    resources = ["${local.sqs_arn}:${var.name}-events", "${local.sqs_arn}:${var.name}-states"]
  }
}

data "aws_iam_policy_document" "provider_judge" {
  #checkov:skip=CKV_AWS_356:These are denials.
  count = var.provider_reader == null ? 0 : 1

  statement {
    sid           = "NoObjectsButDriftwiresOwn"
    effect        = "Deny"
    actions       = local.denied_objects
    not_resources = concat(local.state_objects, local.ignore_objects, local.plugin_objects)
  }
  statement {
    sid           = "NoItemsButDriftwiresOwn"
    effect        = "Deny"
    actions       = local.denied_items
    not_resources = concat([local.index_arn, local.ledger_arn, "${local.ledger_arn}/index/*"], local.lock_table_arns)
  }
  statement {
    sid           = "NoMessagesButDriftwiresOwn"
    effect        = "Deny"
    actions       = ["sqs:ReceiveMessage"]
    not_resources = ["${local.sqs_arn}:${var.name}-provider"]
  }
  statement {
    sid       = "NoOtherData"
    effect    = "Deny"
    actions   = local.denied_rest
    resources = ["*"]
  }
  statement {
    sid       = "Plugins"
    actions   = ["s3:GetObject"]
    resources = local.plugin_objects
  }
  dynamic "statement" {
    for_each = var.provider_reader.package_bucket_kms[*]

    content {
      sid       = "EncryptedPlugins"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy_attachment" "provider_judge" {
  count = var.provider_reader == null ? 0 : 1

  role       = aws_iam_role.function["provider-judge"].name
  policy_arn = coalesce(var.provider_reader.policy_arn, "arn:${local.partition}:iam::aws:policy/SecurityAudit")
}

data "aws_iam_policy_document" "slack_notifier" {
  count = var.slack == null ? 0 : 1

  statement {
    sid       = "WhatWasTold"
    actions   = ["dynamodb:PutItem", "dynamodb:DeleteItem"]
    resources = [local.told_arn]
  }
  statement {
    sid       = "WebhookOrToken"
    actions   = [strcontains(var.slack.secret_arn, ":secretsmanager:") ? "secretsmanager:GetSecretValue" : "ssm:GetParameter"]
    resources = [var.slack.secret_arn]
  }
  dynamic "statement" {
    for_each = var.slack.kms_key_arn[*]

    content {
      sid       = "EncryptedSecret"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

# It reads GitHub, and of AWS nothing but what every judge reads: what it may see there is the token's, or the App's.
data "aws_iam_policy_document" "github_scanner" {
  count = var.github == null ? 0 : 1

  statement {
    sid       = "TokenOrKeyOfTheApp"
    actions   = [local.github_secret_service == "secretsmanager" ? "secretsmanager:GetSecretValue" : "ssm:GetParameter"]
    resources = [var.github.secret_arn]
  }
  dynamic "statement" {
    for_each = var.github.secret_kms_key_arn[*]

    content {
      sid       = "EncryptedSecret"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringLike"
        variable = "kms:ViaService"
        values   = [for domain in ["amazonaws.com", "amazonaws.com.cn"] : "${local.github_secret_service}.*.${domain}"]
      }
    }
  }
}
