locals {
  # What is always set, and what is set where there is a value. Apart, since the first is known only after apply: a condition over it
  # would hide all settings from a plan.
  judges = merge(
    {
      DRIFTWIRE_INDEX_TABLE           = aws_dynamodb_table.index.name
      DRIFTWIRE_LEDGER_TABLE          = aws_dynamodb_table.ledger.name
      DRIFTWIRE_TOPIC_ARN             = aws_sns_topic.alerts.arn
      DRIFTWIRE_EVENTS_QUEUE_URL      = aws_sqs_queue.work["events"].url
      DRIFTWIRE_STATES_QUEUE_URL      = aws_sqs_queue.work["states"].url
      DRIFTWIRE_DEAD_LETTER_QUEUE_URL = aws_sqs_queue.dead_letters.url
      DRIFTWIRE_STATES                = join(",", local.states)
      DRIFTWIRE_LOG                   = var.log_level
    },
    var.provider_reader == null ? {} : { DRIFTWIRE_PROVIDER_QUEUE_URL = aws_sqs_queue.work["provider"].url },
    var.github == null ? {} : { DRIFTWIRE_GITHUB_QUEUE_URL = aws_sqs_queue.work["github"].url },
    var.ignore == null ? {} : { DRIFTWIRE_IGNORE = var.ignore },
    length(var.lock_tables) == 0 ? {} : { DRIFTWIRE_LOCK_TABLES = join(",", var.lock_tables) },
    length(var.state_bucket_regions) == 0 ? {} : {
      DRIFTWIRE_STATE_REGIONS = join(",", [for bucket, region in var.state_bucket_regions : "${bucket}=${region}"])
    },
    var.default_place == null ? {} : {
      DRIFTWIRE_DEFAULT_PLACE = join("/", [
        local.partition, coalesce(var.default_place.account, local.account), coalesce(var.default_place.region, local.region)
      ])
    },
    var.assume_role == null ? {} : {
      DRIFTWIRE_ASSUME_ROLE = "arn:{partition}:iam::{account}:role/${var.assume_role.name}"
      DRIFTWIRE_EXTERNAL_ID = var.assume_role.external_id
    },
    { for name, seconds in var.timing : "DRIFTWIRE_${upper(name)}_SECONDS" => try(join(",", seconds), tostring(seconds)) if seconds != null },
  )

  functions = merge(
    {
      event-detector = {
        description = "CloudTrail's records to judged drift"
        memory      = lookup(var.memory_mb, "event-detector", 512)
        storage     = 512
        timeout     = 60
        window      = 0
        concurrency = lookup(var.maximum_concurrency, "event-detector", 10)
        queue       = "events"
        environment = local.judges
      }
      state-indexer = {
        description = "State files to the index"
        # The whole of a state passes through it, a part at a time.
        memory      = lookup(var.memory_mb, "state-indexer", 1024)
        storage     = 512
        timeout     = 300
        window      = 0
        concurrency = lookup(var.maximum_concurrency, "state-indexer", 5)
        queue       = "states"
        environment = local.judges
      }
    },
    { for one in var.provider_reader[*] : "provider-judge" => {
      description = "What the native reader does not know, through Terraform's provider"
      memory      = one.memory_mb
      storage     = one.storage_mb
      timeout     = 300
      # Several changes to one instance are one judgement.
      window      = 5
      concurrency = lookup(var.maximum_concurrency, "provider-judge", 2)
      queue       = "provider"
      environment = merge(local.judges, { DRIFTWIRE_PLUGINS = join(",", local.plugins) })
    } },
    { for one in var.slack[*] : "slack-notifier" => {
      description = "Alerts to Slack"
      memory      = lookup(var.memory_mb, "slack-notifier", 128)
      storage     = 512
      timeout     = 60
      window      = 0
      concurrency = lookup(var.maximum_concurrency, "slack-notifier", 2)
      queue       = "slack"
      environment = merge(
        {
          DRIFTWIRE_SLACK_SECRET          = one.secret_arn
          DRIFTWIRE_SLACK_QUEUE_URL       = aws_sqs_queue.work["slack"].url
          DRIFTWIRE_TOLD_TABLE            = aws_dynamodb_table.told[0].name
          DRIFTWIRE_DEAD_LETTER_QUEUE_URL = aws_sqs_queue.dead_letters.url
          DRIFTWIRE_LOG                   = var.log_level
        },
        one.channel == null ? {} : { DRIFTWIRE_SLACK_CHANNEL = one.channel },
        one.api_url == null ? {} : { DRIFTWIRE_SLACK_API_URL = one.api_url },
      )
    } },
    { for one in var.github[*] : "github-scanner" => {
      description = "A GitHub organisation to judged drift"
      memory      = lookup(var.memory_mb, "github-scanner", 256)
      storage     = 512
      # The most that Lambda gives: most of a scan is waiting for GitHub.
      timeout = 900
      window  = 0
      # The least that SQS takes. GitHub limits an account, whoever asks for it: more executions would only wait for each other.
      concurrency = 2
      queue       = "github"
      environment = merge(
        local.judges,
        {
          DRIFTWIRE_GITHUB_OWNER       = one.owner
          DRIFTWIRE_GITHUB_SECRET      = one.secret_arn
          DRIFTWIRE_GITHUB_LOOK_AROUND = tostring(floor(one.look_around_hours * 3600))
        },
        one.base_url == null ? {} : { DRIFTWIRE_GITHUB_BASE_URL = one.base_url },
      )
    } },
  )
}

locals {
  packages = { for name in keys(local.functions) : name => "${local.packages_dir}/${var.architecture}/${name}/bootstrap.zip" }
}

resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_338:How long logs are kept is log_retention_days; what Driftwire found is in the ledger, not in its logs.
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:No reserved concurrency: it fails in accounts with a limit of 10, and the polls that it throttles feed the dead-letter queue. maximum_concurrency of the event source bounds it instead.
  #checkov:skip=CKV_AWS_116:Each function answers for its messages one by one and buries what cannot succeed itself; its queue has a redrive for crashes.
  #checkov:skip=CKV_AWS_117:It talks to AWS's public endpoints alone; in a network of yours it would need an endpoint for each service that it watches.
  #checkov:skip=CKV_AWS_173:The environment holds names and ARNs, and an external id, which is no secret.
  #checkov:skip=CKV_AWS_272:Whoever signs is not this module; packages come from your build or your bucket.
  #checkov:skip=CKV_AWS_50:X-Ray is optional: tracing.
  for_each = local.functions

  function_name = "${var.name}-${each.key}"
  description   = "Driftwire: ${each.value.description}"
  role          = aws_iam_role.function[each.key].arn
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.architecture]
  memory_size   = each.value.memory
  timeout       = each.value.timeout

  filename         = var.packages_s3 == null ? local.packages[each.key] : null
  source_code_hash = var.packages_s3 == null ? try(filebase64sha256(local.packages[each.key]), null) : null
  s3_bucket        = try(var.packages_s3.bucket, null)
  s3_key           = var.packages_s3 == null ? null : "${var.packages_s3.prefix}${var.architecture}/${each.key}/bootstrap.zip"

  ephemeral_storage {
    size = each.value.storage
  }
  environment {
    variables = each.value.environment
  }
  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }
  tags = local.tags

  lifecycle {
    precondition {
      condition     = var.packages_s3 != null || fileexists(local.packages[each.key])
      error_message = "There is no package at ${local.packages[each.key]}: run make build ARCH=${var.architecture} in Driftwire's folder, and say packages_dir where the module is not in it; or say packages_s3."
    }
    precondition {
      condition     = sum([for name, value in each.value.environment : length(name) + length(value)]) <= 4000
      error_message = "The settings of ${each.key} do not fit into the 4 KB of a function's environment: give state_buckets fewer and wider patterns, or put the ignore file into a bucket."
    }
  }

  # A function that starts before it may do anything fails, and its messages come back late; one that logs before its log group is
  # there makes one that never forgets.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function, aws_iam_role_policy.key]
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each = local.functions

  event_source_arn                   = aws_sqs_queue.work[each.value.queue].arn
  function_name                      = aws_lambda_function.this[each.key].arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = each.value.window
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = each.value.concurrency
  }
}
