# The plugins of provider-judge: zips in a bucket, each with its checksum in the function's settings.

locals {
  plugin_bucket = "${var.name}-plugins-${local.account}-${local.region}"
  # As Terraform's registry names them, and as `driftwire providers stage` does.
  plugin_platform = var.architecture == "arm64" ? "linux_arm64" : "linux_amd64"
  plugin_zips = { for version in try(var.provider_reader.versions, []) :
    version => "terraform-provider-aws_${version}_${local.plugin_platform}.zip"
  }
  staged = flatten([for version, zip in local.plugin_zips : [
    for host in concat([""], var.provider_reader.opentofu ? ["registry.opentofu.org/"] : []) :
    "${host}hashicorp/aws ${version} s3://${local.plugin_bucket}/${zip} sha256:${try(filesha256("${local.packages_dir}/plugins/${zip}"), "")}"
  ]])
  plugins = concat(local.staged, try(var.provider_reader.packages, []))
  plugin_objects = [for object in distinct([for entry in local.plugins : trimprefix(split(" ", entry)[2], "s3://")]) :
    "arn:${local.partition}:s3:::${object}"
  ]
}

resource "aws_s3_bucket" "plugins" {
  #checkov:skip=CKV_AWS_18:Who reads it is one function; what it holds is public.
  #checkov:skip=CKV_AWS_21:An object's name holds its version, and its checksum is in the function's settings.
  #checkov:skip=CKV_AWS_144:What it holds can be uploaded anew.
  #checkov:skip=CKV_AWS_145:What it holds is public; S3's own key encrypts it.
  #checkov:skip=CKV2_AWS_61:What it holds is needed for as long as it is there.
  #checkov:skip=CKV2_AWS_62:Nobody has to hear of a plugin.
  count = length(local.plugin_zips) > 0 ? 1 : 0

  bucket = local.plugin_bucket
  # What it holds can be staged anew.
  force_destroy = true
  tags          = local.tags
}

resource "aws_s3_bucket_public_access_block" "plugins" {
  count = length(local.plugin_zips) > 0 ? 1 : 0

  bucket                  = aws_s3_bucket.plugins[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_object" "plugin" {
  #checkov:skip=CKV_AWS_186:What it holds is public; S3's own key encrypts it.
  for_each = local.plugin_zips

  bucket      = aws_s3_bucket.plugins[0].id
  key         = each.value
  source      = "${local.packages_dir}/plugins/${each.value}"
  source_hash = try(filesha256("${local.packages_dir}/plugins/${each.value}"), null)
  tags        = local.tags

  lifecycle {
    precondition {
      condition     = fileexists("${local.packages_dir}/plugins/${each.value}")
      error_message = "There is no plugin at ${local.packages_dir}/plugins/${each.value}. Stage it: driftwire providers stage hashicorp/aws --version ${each.key} --download --platform ${local.plugin_platform} --to ${local.packages_dir}/plugins/"
    }
  }
}
