variable "site_id" {
  description = "Id of the site, for example alicloud_esa_site.saas.id."
  type        = string
}

variable "record_id" {
  description = "Id of a proxied record of the site, for example alicloud_esa_record.origin.id."
  type        = string
}

resource "esa_custom_hostname" "plain" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "static.customer-d.com"
  ssl_flag  = "off"
}
