variable "site_id" {
  description = "Id of the site, for example alicloud_esa_site.saas.id."
  type        = string
}

variable "record_id" {
  description = "Id of a proxied record of the site, for example alicloud_esa_record.origin.id."
  type        = string
}

resource "esa_custom_hostname" "cas" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "www.customer-c.com"
  ssl_flag  = "on"
  cert_type = "cas"
  cas_id    = "30000478"
}
