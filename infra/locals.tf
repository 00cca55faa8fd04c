data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  # In every version of the provider; `name` is deprecated in 6, and `region` is not there in 5.
  region = data.aws_region.this.id
  tags   = merge({ "driftwire" = var.name }, var.tags)

  # ARNs are written out and not taken from the resources, so that a plan shows every policy as it will be.
  sqs_arn      = "arn:${local.partition}:sqs:${local.region}:${local.account}"
  dynamodb_arn = "arn:${local.partition}:dynamodb:${local.region}:${local.account}"
  index_arn    = "${local.dynamodb_arn}:table/${var.name}-index"
  ledger_arn   = "${local.dynamodb_arn}:table/${var.name}-ledger"
  told_arn     = "${local.dynamodb_arn}:table/${var.name}-told"
  topic_arn    = "arn:${local.partition}:sns:${local.region}:${local.account}:${var.name}"

  # `bucket/pattern`, as DRIFTWIRE_STATES takes them.
  states = flatten([
    for bucket, patterns in var.state_buckets : length(patterns) == 0 ? [bucket] : [for pattern in patterns : "${bucket}/${pattern}"]
  ])
  # What may be read of the state buckets: the states, and the locks beside them.
  state_objects = flatten([
    for state in [for state in local.states : strcontains(state, "/") ? state : "${state}/*"] :
    endswith(state, "*") ? ["arn:${local.partition}:s3:::${state}"] : [
      "arn:${local.partition}:s3:::${state}", "arn:${local.partition}:s3:::${state}.tflock"
    ]
  ])
  state_bucket_arns = [for bucket in keys(var.state_buckets) : "arn:${local.partition}:s3:::${bucket}"]
  buckets_here      = [for bucket in keys(var.state_buckets) : bucket if lookup(var.state_bucket_regions, bucket, local.region) == local.region]

  lock_table_arns = [for table in var.lock_tables : startswith(table, "arn:") ? table : "${local.dynamodb_arn}:table/${table}"]

  # An object of S3 that holds the ignore file.
  ignore_objects = startswith(coalesce(var.ignore, " "), "s3://") ? ["arn:${local.partition}:s3:::${trimprefix(var.ignore, "s3://")}"] : []

  read_role_arns = var.assume_role == null ? [] : [
    for account in var.assume_role.accounts : "arn:${local.partition}:iam::${account}:role/${var.assume_role.name}"
  ]

  packages_dir = coalesce(var.packages_dir, "${path.module}/../dist")
}
