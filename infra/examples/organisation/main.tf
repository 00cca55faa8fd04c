# Driftwire in one account of an organisation; each member forwards its events, and has a role to be read with. A module block a
# member and region; or the member module in a stack set of yours, or in the account's own configuration.

module "driftwire" {
  source = "../.."

  state_buckets = { "acme-tfstate" = ["*"] }
  alert_emails  = ["platform@acme.example"]

  central_bus = { organization_id = var.organization_id }
  assume_role = {
    external_id = var.external_id
    accounts    = [var.shop_account]
  }
}

module "shop" {
  source    = "../../modules/member-account"
  providers = { aws = aws.shop }

  event_bus_arn = module.driftwire.event_bus_arn
  read_role = {
    trusted_role_arns = module.driftwire.reading_role_arns
    external_id       = var.external_id
  }
}

module "shop_us_east_1" {
  source    = "../../modules/member-account"
  providers = { aws = aws.shop_us_east_1 }

  event_bus_arn = module.driftwire.event_bus_arn
}
