locals {
  trail_bucket = "${var.name}-trail-${local.account}-${local.region}"
  trail_arn    = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${var.name}"
}

# The first copy of management events costs nothing but the storage.
resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_35:The bucket's own key encrypts it; where that does not do, bring a trail of your own.
  #checkov:skip=CKV_AWS_252:Its events reach EventBridge; nobody waits for its files.
  #checkov:skip=CKV2_AWS_10:Its events reach EventBridge; CloudWatch Logs would cost by the gigabyte.
  count = var.create_trail ? 1 : 0

  name                          = var.name
  s3_bucket_name                = aws_s3_bucket.trail[0].id
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  tags                          = local.tags

  event_selector {
    read_write_type           = "WriteOnly"
    include_management_events = true
  }

  depends_on = [aws_s3_bucket_policy.trail]
}

resource "aws_s3_bucket" "trail" {
  #checkov:skip=CKV_AWS_18:Who reads it is written into the trail itself, where data events are on.
  #checkov:skip=CKV_AWS_21:Files of a trail are written once, and validated by their digests.
  #checkov:skip=CKV_AWS_144:It makes CloudTrail's events reach EventBridge; it is no archive.
  #checkov:skip=CKV_AWS_145:S3's own key encrypts it; where that does not do, bring a trail of your own.
  #checkov:skip=CKV2_AWS_62:Its events reach EventBridge; nobody waits for its files.
  count = var.create_trail ? 1 : 0

  bucket = local.trail_bucket
  # A log of who did what is not deleted by the way: empty it first.
  force_destroy = false
  tags          = local.tags
}

resource "aws_s3_bucket_public_access_block" "trail" {
  count = var.create_trail ? 1 : 0

  bucket                  = aws_s3_bucket.trail[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "trail" {
  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.trail[0].id

  rule {
    id     = "short"
    status = "Enabled"
    filter {}
    expiration {
      days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "trail" {
  count = var.create_trail ? 1 : 0

  statement {
    sid       = "TrailLooks"
    actions   = ["s3:GetBucketAcl"]
    resources = ["arn:${local.partition}:s3:::${local.trail_bucket}"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
  statement {
    sid       = "TrailWrites"
    actions   = ["s3:PutObject"]
    resources = ["arn:${local.partition}:s3:::${local.trail_bucket}/AWSLogs/${local.account}/*"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
  statement {
    sid       = "OverTlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:${local.partition}:s3:::${local.trail_bucket}", "arn:${local.partition}:s3:::${local.trail_bucket}/*"]
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

resource "aws_s3_bucket_policy" "trail" {
  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.trail[0].id
  policy = data.aws_iam_policy_document.trail[0].json
}
