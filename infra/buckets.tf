# Whether the state buckets tell EventBridge of their objects. Nothing of them is changed unless it is asked for.

module "state_bucket" {
  source   = "./modules/state-bucket"
  for_each = toset(var.check_bucket_notifications || var.manage_bucket_notifications ? local.buckets_here : [])

  bucket = each.value
  manage = var.manage_bucket_notifications
}
