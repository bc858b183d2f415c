variable "site_id" {
  type = string
}

variable "record_id" {
  type = string
}

resource "esa_custom_hostname" "shop" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "shop.customer-a.com"
  ssl_flag  = "off"
}

# terraform apply -invoke=action.esa_verify_custom_hostname.shop
action "esa_verify_custom_hostname" "shop" {
  config {
    hostname_id = esa_custom_hostname.shop.id
    wait        = true
  }
}
