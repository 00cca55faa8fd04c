# What one has to say

variable "state_buckets" {
  description = "The buckets that Terraform's states are in, each with the keys that are states: `prod/*`, `network/terraform.tfstate`. `*` stands for any characters; a pattern that ends in it takes keys that end in `.tfstate`. An empty list takes every `.tfstate` of the bucket."
  type        = map(list(string))

  validation {
    condition     = length(var.state_buckets) > 0
    error_message = "Name at least one bucket: state_buckets = { \"acme-tfstate\" = [\"prod/*\"] }."
  }
  validation {
    condition     = alltrue([for bucket in keys(var.state_buckets) : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "A key of state_buckets is the bare name of a bucket, without s3:// and without a slash."
  }
  validation {
    condition     = alltrue(flatten([for patterns in values(var.state_buckets) : [for pattern in patterns : can(regex("^[^/,?][^,?]*$", pattern))]]))
    error_message = "A pattern of keys does not begin with a slash and holds no comma and no question mark: \"prod/*\"."
  }
}

# Who is told

variable "alert_emails" {
  description = "Addresses that every alert is mailed to. Each gets one message from AWS to confirm."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "An entry of alert_emails is an e-mail address."
  }
}

variable "alert_subscriptions" {
  description = "More subscriptions to the alerts, by a name of your own, each with an optional filter by what the messages carry: `severity`, `kind`, `status`, `type`, `state`, `account`, `region`."
  type = map(object({
    protocol      = string
    endpoint      = string
    filter_policy = optional(map(list(string)))
    raw           = optional(bool, false)
  }))
  default = {}

  validation {
    condition     = alltrue([for one in values(var.alert_subscriptions) : contains(["email", "https", "sqs", "lambda", "sms", "firehose"], one.protocol)])
    error_message = "The protocol of a subscription is email, https, sqs, lambda, sms or firehose."
  }
  validation {
    condition = alltrue([for one in values(var.alert_subscriptions) : alltrue([
      for name in keys(coalesce(one.filter_policy, {})) : contains(["severity", "kind", "status", "type", "state", "account", "region"], name)
    ])])
    error_message = "A filter_policy filters by severity, kind, status, type, state, account or region."
  }
}

variable "slack" {
  description = "Alerts in Slack. `secret_arn` is of a secret of Secrets Manager or of a SecureString of SSM that holds a webhook's URL, or a bot's token; a token needs a `channel`. `kms_key_arn` is the key that the secret is encrypted with, where it is not AWS's own. `api_url` is for GovSlack."
  type = object({
    secret_arn    = string
    channel       = optional(string)
    kms_key_arn   = optional(string)
    filter_policy = optional(map(list(string)))
    api_url       = optional(string)
  })
  default = null

  validation {
    condition     = var.slack == null ? true : can(regex("^arn:[^:]+:(secretsmanager:[^:]+:[0-9]{12}:secret:|ssm:[^:]+:[0-9]{12}:parameter/)", var.slack.secret_arn))
    error_message = "slack.secret_arn is the ARN of a secret (arn:aws:secretsmanager:...:secret:...) or of a parameter (arn:aws:ssm:...:parameter/...)."
  }
}

variable "alarm_emails" {
  description = "Addresses that Driftwire's own alarms are mailed to. Without it, those of `alert_emails`."
  type        = list(string)
  default     = null
}

# Where states, accounts and regions are

variable "state_bucket_regions" {
  description = "The regions of the buckets that are not in this one. Their events have to be forwarded: see `modules/member-account`."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for region in values(var.state_bucket_regions) : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "state_bucket_regions maps a bucket to its region: { \"acme-tfstate-eu\" = \"eu-central-1\" }."
  }
}

variable "state_kms_key_arns" {
  description = "The keys of KMS that states are encrypted with."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.state_kms_key_arns : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", arn))])
    error_message = "An entry of state_kms_key_arns is the ARN of a key, and not of an alias."
  }
}

variable "lock_tables" {
  description = "The DynamoDB tables in which Terraform locks states: names of tables in this account and region, or ARNs. Locks of S3 need nothing."
  type        = list(string)
  default     = []
}

variable "default_place" {
  description = "Where instances live whose state does not tell. Without `account` and `region`, those of this deployment. `null` leaves them unjudged."
  type = object({
    account = optional(string)
    region  = optional(string)
  })
  default = {}
}

variable "central_bus" {
  description = "Makes an event bus that other regions and accounts forward to (`modules/member-account`). This account always may; `accounts` and `organization_id` say who else."
  type = object({
    accounts        = optional(list(string), [])
    organization_id = optional(string)
  })
  default = null

  validation {
    condition     = var.central_bus == null ? true : alltrue([for account in var.central_bus.accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "central_bus.accounts holds account ids of twelve digits."
  }
  validation {
    condition     = try(var.central_bus.organization_id, null) == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.central_bus.organization_id))
    error_message = "central_bus.organization_id looks like o-a1b2c3d4e5."
  }
}

variable "assume_role" {
  description = "The role that reads other accounts, as `modules/member-account` makes it: its name, the external id that its trust asks for, and the accounts that it may be assumed in (`*` for any)."
  type = object({
    name        = optional(string, "driftwire-read")
    external_id = string
    accounts    = list(string)
  })
  default = null

  validation {
    condition     = var.assume_role == null ? true : length(var.assume_role.accounts) > 0 && alltrue([for account in var.assume_role.accounts : can(regex("^([0-9]{12}|\\*)$", account))])
    error_message = "assume_role.accounts holds account ids of twelve digits, or \"*\"."
  }
  validation {
    condition     = var.assume_role == null ? true : can(regex("^[0-9A-Za-z_+=,.@:/-]+$", var.assume_role.external_id)) && length(var.assume_role.external_id) >= 2 && length(var.assume_role.external_id) <= 1224
    error_message = "assume_role.external_id has 2 to 1224 letters, digits and +=,.@:/-_."
  }
}

variable "create_trail" {
  description = "Makes a trail that logs what is written, in every region, into a bucket of its own. CloudTrail's events reach EventBridge only where a trail logs them; leave it out where you have one."
  type        = bool
  default     = false
}

variable "check_bucket_notifications" {
  description = "Looks at each plan whether the state buckets of this region tell EventBridge of their objects, and warns where they do not. The bucket has to be readable by whoever runs Terraform (`cloudformation:GetResource` and S3's Get actions)."
  type        = bool
  default     = true
}

variable "manage_bucket_notifications" {
  description = "Turns EventBridge's notifications of the state buckets of this region on. Only for buckets that nothing else listens to: the notifications that a bucket has are all replaced."
  type        = bool
  default     = false
}

variable "watch_aws" {
  description = "Watches AWS through CloudTrail. `false` is for a deployment that scans GitHub and nothing else: it has no trail and no rule for CloudTrail's records, and may read nothing of the account but the states."
  type        = bool
  default     = true
}

# GitHub

variable "github" {
  description = "Scans a GitHub organisation: `owner`, its name. `secret_arn` is of a secret of Secrets Manager or of a SecureString of SSM that holds a token, or the key of a GitHub App (docs/github-app.md). `secret_kms_key_arn` is the key that the secret is encrypted with, where it is not AWS's own. `base_url` is for GitHub Enterprise, as the provider's. `schedule` is a rate, or a cron expression. `look_around_hours` is how old an answer may be that only shows what nobody manages, or that did not change by what GitHub says."
  type = object({
    owner              = string
    secret_arn         = string
    secret_kms_key_arn = optional(string)
    base_url           = optional(string)
    schedule           = optional(string, "rate(1 hour)")
    look_around_hours  = optional(number, 24)
  })
  default = null

  validation {
    condition     = var.github == null ? true : can(regex("^[0-9A-Za-z][0-9A-Za-z-]{0,38}$", var.github.owner))
    error_message = "github.owner is the name of an organisation as in https://github.com/acme, without the rest of the URL: \"acme\"."
  }
  validation {
    condition     = var.github == null ? true : can(regex("^arn:[^:]+:(secretsmanager:[^:]+:[0-9]{12}:secret:|ssm:[^:]+:[0-9]{12}:parameter/)", var.github.secret_arn))
    error_message = "github.secret_arn is the ARN of a secret (arn:aws:secretsmanager:...:secret:...) or of a parameter (arn:aws:ssm:...:parameter/...)."
  }
  validation {
    condition     = try(var.github.secret_kms_key_arn, null) == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.github.secret_kms_key_arn))
    error_message = "github.secret_kms_key_arn is the ARN of a key, and not of an alias."
  }
  validation {
    # A token goes to it.
    condition     = try(var.github.base_url, null) == null ? true : can(regex("^(https://[^/?#@\\s]+|http://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:[0-9]+)?)(/[^?#\\s]*)?$", var.github.base_url))
    error_message = "github.base_url is a URL such as https://github.acme.example/, of https, without user, query and fragment."
  }
  validation {
    condition     = var.github == null ? true : can(regex("^(rate\\([1-9][0-9]* (minute|hour|day)s?\\)|cron\\([^()]+\\))$", var.github.schedule))
    error_message = "github.schedule is a rate or a cron expression of EventBridge Scheduler: \"rate(1 hour)\", \"cron(0 6 * * ? *)\"."
  }
  validation {
    condition     = var.github == null ? true : var.github.look_around_hours >= 0 && var.github.look_around_hours <= 336
    error_message = "github.look_around_hours is 0 to 336."
  }
}

# How it judges

variable "provider_reader" {
  description = "Reads what the native reader does not know through Terraform's own provider. `versions` of hashicorp/aws are uploaded from `<packages_dir>/plugins`, where `driftwire providers stage` puts them; `packages` are entries that it printed after staging to a bucket of yours. `opentofu` serves states of OpenTofu too. `policy_arn` is the managed policy that it reads with."
  type = object({
    versions           = optional(list(string), [])
    packages           = optional(list(string), [])
    opentofu           = optional(bool, false)
    policy_arn         = optional(string)
    memory_mb          = optional(number, 1536)
    storage_mb         = optional(number, 3072)
    package_bucket_kms = optional(string)
  })
  default = null

  validation {
    condition     = var.provider_reader == null ? true : length(var.provider_reader.versions) + length(var.provider_reader.packages) > 0
    error_message = "provider_reader needs a version of hashicorp/aws in versions, or an entry in packages."
  }
  validation {
    condition     = var.provider_reader == null ? true : alltrue([for version in var.provider_reader.versions : can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+$", version))])
    error_message = "provider_reader.versions holds versions such as \"5.100.0\"."
  }
  validation {
    condition     = var.provider_reader == null ? true : alltrue([for entry in var.provider_reader.packages : can(regex("^\\S+ \\S+ s3://[^/ ]+/\\S+ sha256:[0-9a-f]{64}$", entry))])
    error_message = "An entry of provider_reader.packages is what `driftwire providers stage` prints: \"hashicorp/aws 5.100.0 s3://bucket/key sha256:...\"."
  }
}

variable "ignore" {
  description = "What not to tell: the text of an ignore file, or `s3://bucket/key` of one."
  type        = string
  default     = null

  validation {
    condition     = length(coalesce(var.ignore, " ")) <= 2048
    error_message = "An ignore file of more than 2,048 characters does not fit into a function's environment: put it into a bucket and say s3://bucket/key."
  }
}

variable "timing" {
  description = "How patient it is, in seconds; docs/configuration.md says what each means, and its default."
  type = object({
    grace          = optional(number)
    defer          = optional(list(number))
    defer_limit    = optional(number)
    recheck_within = optional(number)
    recheck_after  = optional(number)
    index_after    = optional(number)
    give_up        = optional(number)
    moving         = optional(number)
    owed           = optional(number)
    busy_after     = optional(number)
  })
  default = {}

  validation {
    condition = alltrue([
      for seconds in concat(coalesce(var.timing.defer, []), [for one in [var.timing.recheck_after, var.timing.index_after, var.timing.moving, var.timing.busy_after] : one if one != null]) :
      seconds >= 0 && seconds <= 900
    ])
    error_message = "timing.defer, recheck_after, index_after, moving and busy_after are delays of SQS: 0 to 900 seconds."
  }
}

# How it runs

variable "name" {
  description = "What everything is named by. Two deployments in one account need two names."
  type        = string
  default     = "driftwire"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.name))
    error_message = "A name has 2 to 24 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "packages_dir" {
  description = "The folder that `make build` made. Without it, `dist` beside this module."
  type        = string
  default     = null
}

variable "packages_s3" {
  description = "The same folder in a bucket of this region, instead of `packages_dir`. A new release needs a new `prefix`."
  type = object({
    bucket = string
    prefix = optional(string, "")
  })
  default = null
}

variable "architecture" {
  description = "What the functions run on: `arm64`, or `x86_64`."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "memory_mb" {
  description = "Memory by function, where the defaults do not do: event-detector 512, state-indexer 1024, slack-notifier 128, github-scanner 256."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.memory_mb), ["event-detector", "state-indexer", "slack-notifier", "github-scanner"])) == 0
    error_message = "memory_mb is by event-detector, state-indexer, slack-notifier and github-scanner; provider-judge's is provider_reader.memory_mb."
  }
}

variable "maximum_concurrency" {
  description = "How many executions of a function its queue feeds at most, where the defaults do not do: event-detector 10, state-indexer 5, provider-judge 2, slack-notifier 2. At least 2. github-scanner's is always 2."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.maximum_concurrency), ["event-detector", "state-indexer", "provider-judge", "slack-notifier"])) == 0
    error_message = "maximum_concurrency is by event-detector, state-indexer, provider-judge and slack-notifier."
  }
  validation {
    condition     = alltrue([for number in values(var.maximum_concurrency) : number >= 2 && number <= 1000])
    error_message = "Lambda takes 2 to 1000."
  }
}

variable "log_level" {
  description = "Levels of the functions' logs, as tracing's EnvFilter takes them."
  type        = string
  default     = "info"
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "tracing" {
  description = "X-Ray for the functions."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "Your own key for topics, tables and logs. Without it, the module makes one. Its policy has to let SNS, CloudWatch's alarms and CloudWatch Logs use it: see `kms.tf`."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Keeps the ledger from being deleted, by `terraform destroy` too."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
  default     = {}
}
