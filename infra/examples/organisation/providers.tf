terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.70, < 7.0"
    }
  }
}

# The account that Driftwire runs in.
provider "aws" {
  region = "eu-west-1"
}

# A member, in its home region and where global services tell of themselves.
provider "aws" {
  alias  = "shop"
  region = "eu-west-1"
  assume_role {
    role_arn = "arn:aws:iam::${var.shop_account}:role/OrganizationAccountAccessRole"
  }
}

provider "aws" {
  alias  = "shop_us_east_1"
  region = "us-east-1"
  assume_role {
    role_arn = "arn:aws:iam::${var.shop_account}:role/OrganizationAccountAccessRole"
  }
}
