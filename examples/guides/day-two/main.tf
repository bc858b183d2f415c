terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

variable "site_id" {
  type = string
}

variable "record_id" {
  type = string
}

variable "apply_again" {
  description = "A new value, for example the date, applies for the free certificates again."
  type        = string
  default     = "2026-11-24"
}

resource "esa_custom_hostname" "shop" {
  site_id                   = var.site_id
  record_id                 = var.record_id
  hostname                  = "shop.customer-a.com"
  ssl_flag                  = "on"
  cert_type                 = "free"
  certificate_apply_trigger = var.apply_again
}

# Waits again after each new application.
resource "esa_custom_hostname_validation" "shop" {
  hostname_id = esa_custom_hostname.shop.id
  triggers    = { certificate_apply_trigger = esa_custom_hostname.shop.certificate_apply_trigger }
}

# The state contains only the hostnames with a problem. Inside a check block, these would be read by every apply, so every plan
# would have changes.
data "esa_custom_hostnames" "certificate" {
  site_id     = var.site_id
  cert_status = ["ApplyFailed", "Expiring", "Expired"]
}

data "esa_custom_hostnames" "not_served" {
  for_each = toset(["conflicted", "offline"])
  site_id  = var.site_id
  status   = each.key
}

check "certificates" {
  assert {
    condition = length(data.esa_custom_hostnames.certificate.hostnames) == 0
    error_message = join("\n", [for h in data.esa_custom_hostnames.certificate.hostnames :
    "${h.hostname}: certificate ${h.cert_status}, ${try("expires ${h.cert_not_after}", "no expiry date")}: ${coalesce(h.cert_apply_message, "no reason given")}"])
  }
}

check "in_service" {
  assert {
    condition = alltrue([for list in data.esa_custom_hostnames.not_served : length(list.hostnames) == 0])
    error_message = join("\n", flatten([for list in data.esa_custom_hostnames.not_served : [for h in list.hostnames :
    "${h.hostname}: ${h.status}, ${coalesce(h.conflict_with, h.offline_reason, "no reason given")}"]]))
  }
}
