variable "site_id" {
  description = "Id of the site, for example alicloud_esa_site.saas.id."
  type        = string
}

variable "record_id" {
  description = "Id of a proxied record of the site, for example alicloud_esa_record.origin.id."
  type        = string
}

variable "private_key" {
  description = "Private key of app.customer-b.com, PEM."
  type        = string
  ephemeral   = true
  default     = null # a plan that sends no certificate needs no key
}

resource "esa_custom_hostname" "uploaded" {
  site_id        = var.site_id
  record_id      = var.record_id
  hostname       = "app.customer-b.com"
  ssl_flag       = "on"
  cert_type      = "upload"
  certificate    = file("${path.module}/app.customer-b.com.pem") # leaf first, then its intermediates
  private_key_wo = var.private_key
}
