variable "site_id" {
  type = string
}

data "esa_custom_hostname" "shop" {
  site_id  = var.site_id
  hostname = "shop.customer.com"
}

output "status" {
  value = data.esa_custom_hostname.shop.status
}
