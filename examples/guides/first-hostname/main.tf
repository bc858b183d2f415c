terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

# Credentials and endpoint come from the environment.
provider "esa" {}

variable "record_name" {
  description = "The proxied record of the site that serves the hostname."
  type        = string
  default     = "origin.example.com"
}

data "esa_site" "saas" {
  site_name = "example.com"
}

data "esa_record" "origin" {
  site_id     = data.esa_site.saas.id
  record_name = var.record_name
}

resource "esa_custom_hostname" "shop" {
  site_id   = data.esa_site.saas.id
  record_id = data.esa_record.origin.id
  hostname  = "shop.customer-a.com"
  ssl_flag  = "on"
  cert_type = "free"
}

# The record that the customer publishes to verify ownership.
output "ownership_record" {
  value = {
    name  = esa_custom_hostname.shop.verify_host
    value = esa_custom_hostname.shop.verify_code
  }
}
