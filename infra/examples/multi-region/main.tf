# One account, several regions: Driftwire runs in one, the others forward. What is global (IAM, Route 53, CloudFront) tells of
# itself in us-east-1 alone, so that this region always forwards.

module "driftwire" {
  source = "../.."

  state_buckets = {
    "acme-tfstate"    = ["prod/*"]
    "acme-tfstate-eu" = ["prod/*"]
  }
  state_bucket_regions = { "acme-tfstate-eu" = "eu-central-1" }
  alert_emails         = ["platform@acme.example"]

  central_bus = {}
}

module "us_east_1" {
  source    = "../../modules/member-account"
  providers = { aws = aws.us_east_1 }

  event_bus_arn = module.driftwire.event_bus_arn
}

module "eu_central_1" {
  source    = "../../modules/member-account"
  providers = { aws = aws.eu_central_1 }

  event_bus_arn = module.driftwire.event_bus_arn
  state_buckets = ["acme-tfstate-eu"]
}
