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
  description = "A new value applies for the free certificates again, for example the date."
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

check "certificates" {
  data "esa_custom_hostnames" "broken" {
    site_id     = var.site_id
    cert_status = ["ApplyFailed", "Expiring", "Expired"]
  }

  assert {
    condition = length(data.esa_custom_hostnames.broken.hostnames) == 0
    error_message = join("\n", [for h in data.esa_custom_hostnames.broken.hostnames :
    "${h.hostname}: certificate ${h.cert_status} until ${coalesce(h.cert_not_after, "never")}: ${coalesce(h.cert_apply_message, "no reason given")}"])
  }
}

check "in_service" {
  data "esa_custom_hostnames" "all" {
    site_id = var.site_id
  }

  assert {
    condition = alltrue([for h in data.esa_custom_hostnames.all.hostnames : !contains(["conflicted", "offline"], h.status)])
    error_message = join("\n", [for h in data.esa_custom_hostnames.all.hostnames :
    "${h.hostname}: ${h.status}, ${coalesce(h.conflict_with, h.offline_reason, "no reason given")}" if contains(["conflicted", "offline"], h.status)])
  }
}
