variable "site_id" {
  description = "Id of the site, for example alicloud_esa_site.saas.id."
  type        = string
}

variable "record_id" {
  description = "Id of a proxied record of the site, for example alicloud_esa_record.origin.id."
  type        = string
}

resource "esa_custom_hostname" "any" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "*.customer-e.com"
  ssl_flag  = "on"
  cert_type = "free"
}

# A wildcard does not match the domain itself, the apex.
resource "esa_custom_hostname" "apex" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "customer-e.com"
  ssl_flag  = "on"
  cert_type = "free"
}
