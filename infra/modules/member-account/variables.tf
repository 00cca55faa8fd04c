variable "event_bus_arn" {
  description = "The central bus: the output `event_bus_arn` of Driftwire's module. Needed unless nothing is forwarded."
  type        = string
  default     = null

  validation {
    condition     = var.event_bus_arn == null ? true : can(regex("^arn:[^:]+:events:[^:]+:[0-9]{12}:event-bus/", var.event_bus_arn))
    error_message = "event_bus_arn is the ARN of an event bus: arn:aws:events:...:event-bus/..."
  }
}

variable "forward_changes" {
  description = "Forwards what CloudTrail records in this region."
  type        = bool
  default     = true
}

variable "state_buckets" {
  description = "The buckets of this account and region that hold states: what S3 tells of their objects is forwarded."
  type        = list(string)
  default     = []
}

variable "read_role" {
  description = "Makes the role that Driftwire reads this account with. Roles are of the account and not of a region: say it in one region. `trusted_role_arns` is Driftwire's output `reading_role_arns`; `external_id` is what Driftwire's `assume_role.external_id` says. `provider_reader` lets it read what provider-judge does, with `policy_arn`."
  type = object({
    name              = optional(string, "driftwire-read")
    trusted_role_arns = list(string)
    external_id       = string
    provider_reader   = optional(bool, false)
    policy_arn        = optional(string)
  })
  default = null

  validation {
    condition     = var.read_role == null ? true : length(var.read_role.trusted_role_arns) > 0 && alltrue([for arn in var.read_role.trusted_role_arns : can(regex("^arn:[^:]+:iam::[0-9]{12}:role/", arn))])
    error_message = "read_role.trusted_role_arns holds the ARNs of Driftwire's roles: arn:aws:iam::111122223333:role/driftwire-event-detector."
  }
}

variable "name" {
  description = "What everything is named by."
  type        = string
  default     = "driftwire"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.name))
    error_message = "A name has 2 to 24 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
  default     = {}
}
