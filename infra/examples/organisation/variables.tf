variable "organization_id" {
  description = "The organisation whose accounts may forward: o-..."
  type        = string
}

variable "shop_account" {
  description = "The id of the member account."
  type        = string
}

variable "external_id" {
  description = "What the members' roles ask for."
  type        = string
}
