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
  ssl_flag  = "on"
  cert_type = "free"
}

# After fixing the cause of the last failure:
# terraform apply -invoke=action.esa_apply_custom_hostname_certificate.shop
action "esa_apply_custom_hostname_certificate" "shop" {
  config {
    hostname_id = esa_custom_hostname.shop.id
    wait        = true
  }
}
