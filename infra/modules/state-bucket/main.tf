# Whether one state bucket tells EventBridge of its objects. A check looks at one thing, so that a bucket is a module.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.70, < 7.0"
    }
  }
}

variable "bucket" {
  description = "The bucket, in this account and region."
  type        = string
}

variable "manage" {
  description = "Turns the notifications on, in place of all others that the bucket has."
  type        = bool
}

resource "aws_s3_bucket_notification" "this" {
  count = var.manage ? 1 : 0

  bucket      = var.bucket
  eventbridge = true
}

check "eventbridge" {
  data "aws_cloudcontrolapi_resource" "bucket" {
    type_name  = "AWS::S3::Bucket"
    identifier = var.bucket
    depends_on = [aws_s3_bucket_notification.this]
  }

  assert {
    condition = try(jsondecode(data.aws_cloudcontrolapi_resource.bucket.properties).NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled, false)

    error_message = <<-EOT
      s3://${var.bucket} does not tell EventBridge of its objects: an apply is seen up to an hour late, when the buckets are compared with the index.
      Where the bucket is managed, add `eventbridge = true` to its aws_s3_bucket_notification, or, where it has none:

        resource "aws_s3_bucket_notification" "${replace(var.bucket, ".", "-")}" {
          bucket      = "${var.bucket}"
          eventbridge = true
        }

      This resource replaces every other notification that the bucket has. For a bucket of which nothing else is notified, manage_bucket_notifications = true does the same.
    EOT
  }
}
