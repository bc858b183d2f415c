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

resource "esa_custom_hostname" "shop" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "app.customer-b.com"
  ssl_flag  = "on"
  cert_type = "free"
}
