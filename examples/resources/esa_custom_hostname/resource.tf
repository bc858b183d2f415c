variable "site_id" {
  description = "Id of the site, for example alicloud_esa_site.saas.id."
  type        = string
}

variable "record_id" {
  description = "Id of a proxied record of the site, for example alicloud_esa_record.origin.id."
  type        = string
}

resource "esa_custom_hostname" "free" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "shop.customer-a.com"
  ssl_flag  = "on"
  cert_type = "free"
}

# The TXT record with which the customer verifies ownership.
output "ownership_record" {
  value = { name = esa_custom_hostname.free.verify_host, type = "TXT", value = esa_custom_hostname.free.verify_code }
}
