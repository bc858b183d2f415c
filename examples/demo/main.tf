# Four customers' hostnames in front of one site: without HTTPS, with a free certificate, with an uploaded one, and
# with one from SSL Certificates Service. `make demo` applies this to a fake ESA.

terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

# Credentials and endpoint come from the environment, as for the alicloud provider.
provider "esa" {}

variable "site_id" {
  description = "Id of the site."
  type        = string
}

variable "record_id" {
  description = "Id of the proxied record that serves the hostnames."
  type        = string
}

variable "static_record_id" {
  description = "Id of the proxied record that serves static.customer-a.com."
  type        = string
}

variable "certificate_file" {
  description = "PEM file of the certificate of shop.customer-c.com and its chain."
  type        = string
}

variable "private_key_file" {
  description = "PEM file of that certificate's private key."
  type        = string
}

variable "cas_id" {
  description = "Id of the certificate of app.customer-d.com in SSL Certificates Service."
  type        = string
}

resource "esa_custom_hostname" "plain" {
  site_id   = var.site_id
  record_id = var.static_record_id
  hostname  = "static.customer-a.com"
  ssl_flag  = "off"
}

resource "esa_custom_hostname" "free" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "www.customer-b.com"
  ssl_flag  = "on"
  cert_type = "free"
}

resource "esa_custom_hostname" "uploaded" {
  site_id        = var.site_id
  record_id      = var.record_id
  hostname       = "shop.customer-c.com"
  ssl_flag       = "on"
  cert_type      = "upload"
  certificate    = file(var.certificate_file)
  private_key_wo = file(var.private_key_file)
}

resource "esa_custom_hostname" "cas" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "app.customer-d.com"
  ssl_flag  = "on"
  cert_type = "cas"
  cas_id    = var.cas_id
}

output "txt_records_to_publish" {
  description = "The TXT record that each customer publishes to verify ownership."
  value = {
    for hostname in [
      esa_custom_hostname.plain,
      esa_custom_hostname.free,
      esa_custom_hostname.uploaded,
      esa_custom_hostname.cas,
    ] : hostname.verify_host => hostname.verify_code
  }
}
