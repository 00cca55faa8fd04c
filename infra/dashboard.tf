# What a person asks, from above: does it see anything, does it tell, is it late, is it broken?

locals {
  own = "Driftwire"
  # One without metrics is left out.
  widgets = [
    {
      title = "Drift told", width = 8, view = "timeSeries", stacked = false, stat = "Sum", period = 300
      metrics = [
        for function in sort(tolist(local.judging)) : [local.own, "told", "Function", function, { label = "told by ${function}" }]
      ]
    },
    {
      title = "What became of CloudTrail's records", width = 16, view = "timeSeries", stacked = true, stat = "Sum", period = 300
      metrics = [
        for outcome in ["judged", "deferred", "not_managed", "unsupported", "internal", "read_only", "failed_call", "malformed"] :
        [local.own, outcome, "Function", "event-detector", { label = replace(outcome, "_", " ") }] if var.watch_aws
      ]
    },
    {
      title = "Scans of GitHub", width = 8, view = "timeSeries", stacked = false, stat = "Maximum", period = 3600
      metrics = [for one in [
        [local.own, "unmanaged", "Function", "github-scanner", { label = "that nobody manages" }],
        [local.own, "scanned", "Function", "github-scanner", { label = "instances looked at", stat = "Sum" }],
        [local.own, "scans", "Function", "github-scanner", { label = "scans that ended", stat = "Sum" }],
      ] : one if var.github != null]
    },
    {
      title = "GitHub's limits", width = 8, view = "timeSeries", stacked = false, stat = "Sum", period = 300
      metrics = [for one in [
        [local.own, "github_requests", "Function", "github-scanner", { label = "requests" }],
        [local.own, "github_points_left", "Function", "github-scanner", { label = "points left", stat = "Minimum" }],
        [local.own, "scan_parts_later", "Function", "github-scanner", { label = "parts put off" }],
      ] : one if var.github != null]
    },
    {
      title = "How long messages wait (s)", width = 8, view = "timeSeries", stacked = false, stat = "Maximum", period = 60
      metrics = [
        for queue in sort(keys(local.queues)) : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "${var.name}-${queue}", { label = queue }]
      ]
    },
    {
      title = "Dead letters, and alerts that are owed", width = 8, view = "timeSeries", stacked = false, stat = "Maximum", period = 60
      metrics = [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${var.name}-dead-letters", { label = "dead letters" }],
        [local.own, "owed_alerts", "Function", "event-detector", { label = "owed alerts" }],
      ]
    },
    {
      title = "How far the index is behind the states (s)", width = 8, view = "timeSeries", stacked = false, stat = "Maximum", period = 300
      metrics = [
        [local.own, "index_lag_seconds", "Function", "state-indexer", { label = "lag" }],
        [local.own, "states_behind", "Function", "state-indexer", { label = "states found behind", stat = "Sum" }],
      ]
    },
    {
      title = "Errors and throttles", width = 8, view = "timeSeries", stacked = false, stat = "Sum", period = 300
      metrics = concat([for function in sort(keys(local.functions)) : [
        ["AWS/Lambda", "Errors", "FunctionName", "${var.name}-${function}", { label = "${function} errors" }],
        ["AWS/Lambda", "Throttles", "FunctionName", "${var.name}-${function}", { label = "${function} throttles" }],
      ]]...)
    },
    {
      title   = "Duration, 95th percentile (ms)", width = 8, view = "timeSeries", stacked = false, stat = "p95", period = 300
      metrics = [for function in sort(keys(local.functions)) : ["AWS/Lambda", "Duration", "FunctionName", "${var.name}-${function}", { label = function }]]
    },
    {
      title = "Events from CloudTrail", width = 8, view = "timeSeries", stacked = false, stat = "Sum", period = 3600
      metrics = [for bus in sort(keys(local.watched_buses)) : concat(
        ["AWS/Events", "TriggeredRules"],
        bus == "default" ? [] : ["EventBusName", local.buses[bus]],
        ["RuleName", "${var.name}-changes", { label = "${bus} bus" }],
      )]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type = "text", width = 24, height = 2
        properties = {
          markdown = "## Driftwire (${var.name})\nWhat drifted: `driftwire drift list`. What is wrong with Driftwire itself: `driftwire doctor`. What was given up: `driftwire dead-letters list`."
        }
      }],
      [for widget in local.widgets : {
        type = "metric", width = widget.width, height = 6
        properties = {
          title  = widget.title, region = local.region, view = widget.view, stacked = widget.stacked, stat = widget.stat
          period = widget.period, metrics = widget.metrics
        }
      } if length(widget.metrics) > 0],
      [{
        type = "alarm", width = 24, height = 4
        properties = {
          title = "Alarms"
          alarms = [for alarm in concat(sort(keys(local.alarms)), var.watch_aws ? ["no-events"] : [], [for alarm in aws_cloudwatch_metric_alarm.no_scan : "no-scan"]) :
            "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-${alarm}"
          ]
        }
      }],
    )
  })
}
