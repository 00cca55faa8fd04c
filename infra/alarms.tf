locals {
  alarms = merge(
    {
      dead-letters = {
        description = "Messages were given up. See what they are: driftwire dead-letters list"
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        dimensions  = { QueueName = "${var.name}-dead-letters" }
        statistic   = "Maximum"
        period      = 300
        periods     = 1
        of          = 1
        above       = 0
        missing     = "notBreaching"
      }
      owed-alerts = {
        description = "Alerts could not be published for five minutes: see the topic, its key, and the log of event-detector."
        namespace   = "Driftwire"
        metric      = "owed_oldest_seconds"
        dimensions  = { Function = "event-detector" }
        statistic   = "Maximum"
        period      = 60
        periods     = 3
        of          = 3
        above       = 300
        missing     = "notBreaching"
      }
      states-behind = {
        description = "States were found for hours whose events never came: do the buckets tell EventBridge of their objects? See driftwire doctor"
        namespace   = "Driftwire"
        metric      = "states_behind"
        dimensions  = { Function = "state-indexer" }
        statistic   = "Sum"
        period      = 3600
        periods     = 4
        of          = 4
        above       = 0
        missing     = "notBreaching"
      }
      undelivered = {
        description = "EventBridge could not hand events to a queue: see the queue's policy and the dead letters."
        namespace   = "AWS/Events"
        metric      = "FailedInvocations"
        dimensions  = { RuleName = "${var.name}-${var.watch_aws ? "changes" : "states"}" }
        statistic   = "Sum"
        period      = 300
        periods     = 1
        of          = 1
        above       = 0
        missing     = "notBreaching"
      }
    },
    { for function, settings in local.functions : "${function}-errors" => {
      description = "${function} ended with errors: see the log group /aws/lambda/${var.name}-${function}"
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = "${var.name}-${function}" }
      statistic   = "Sum"
      period      = 300
      periods     = 2
      of          = 3
      above       = 0
      missing     = "notBreaching"
    } },
    { for function, settings in local.functions : "${function}-throttles" => {
      description = "Lambda throttled ${function}: the account's concurrency is used up."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = "${var.name}-${function}" }
      statistic   = "Sum"
      period      = 300
      periods     = 3
      of          = 3
      above       = 0
      missing     = "notBreaching"
    } },
    { for queue, timeout in local.queues : "${queue}-age" => {
      description = "Messages wait too long in ${var.name}-${queue}."
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = "${var.name}-${queue}" }
      statistic   = "Maximum"
      period      = 300
      periods     = 3
      of          = 3
      # Work is put off by up to 15 minutes, and a message that failed comes back after six times its function's limit.
      above   = 900 + 6 * timeout
      missing = "notBreaching"
    } },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.of
  datapoints_to_alarm = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = local.tags
}

# A scan that is waiting for GitHub, or that nobody wakes, fails nowhere. How often a cron expression wakes it, nobody knows here.
locals {
  scan_rate  = try(regex("^rate\\((?P<number>[0-9]+) (?P<unit>minute|hour|day)s?\\)$", var.github.schedule), null)
  scans_each = try(tonumber(local.scan_rate.number) * { minute = 60, hour = 3600, day = 86400 }[local.scan_rate.unit], null)
}

resource "aws_cloudwatch_metric_alarm" "no_scan" {
  # Twice a day at least: what is late once is no alarm.
  count = try(local.scans_each <= 43200, false) ? 1 : 0

  alarm_name          = "${var.name}-no-scan"
  alarm_description   = "No scan of GitHub came to its end for a day: see the log of github-scanner for limits, and for what the token or the App may not."
  namespace           = "Driftwire"
  metric_name         = "scans"
  dimensions          = { Function = "github-scanner" }
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = local.tags
}

# A rule that nothing matches has no metric, so that what is missing is what is wrong.
resource "aws_cloudwatch_metric_alarm" "no_events" {
  count = var.watch_aws ? 1 : 0

  alarm_name          = "${var.name}-no-events"
  alarm_description   = "CloudTrail told of no change for a day: does a trail still log what is written in this region? See driftwire doctor"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = local.tags

  metric_query {
    id          = "events"
    label       = "events of a day"
    expression  = "SUM([${join(", ", [for bus in sort(keys(local.buses)) : "${bus}_bus"])}])"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = local.buses

    content {
      id = "${metric_query.key}_bus"
      metric {
        namespace   = "AWS/Events"
        metric_name = "TriggeredRules"
        # Metrics of the default bus are known by the rule alone.
        dimensions = merge({ RuleName = "${var.name}-changes" }, metric_query.value == "default" ? {} : { EventBusName = metric_query.value })
        stat       = "Sum"
        period     = 86400
      }
    }
  }
}
