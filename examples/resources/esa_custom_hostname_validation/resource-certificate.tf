variable "site_id" {
  description = "Id of the site, for example alicloud_esa_site.saas.id."
  type        = string
}

variable "record_id" {
  description = "Id of a proxied record of the site, for example alicloud_esa_record.origin.id."
  type        = string
}

resource "esa_custom_hostname" "shop" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "shop.customer-a.com"
  ssl_flag  = "on"
  cert_type = "free"
}

resource "esa_custom_hostname_validation" "shop" {
  hostname_id = esa_custom_hostname.shop.id

  timeouts {
    create = "2h"
  }
}

output "certificate_until" {
  value = esa_custom_hostname_validation.shop.cert_not_after
}
