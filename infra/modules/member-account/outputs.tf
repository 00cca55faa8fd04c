output "read_role_arn" {
  description = "The role that this account is read with; `null` without `read_role`."
  value       = one(aws_iam_role.read[*].arn)
}

output "forwarding_rules" {
  description = "The rules that forward events, by what they forward."
  value       = { for name, rule in aws_cloudwatch_event_rule.forward : name => rule.arn }
}
