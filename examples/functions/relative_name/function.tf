terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

# The record name for resources that expect it without the zone, such as alicloud_alidns_record.
output "rr" {
  value = provider::esa::relative_name("_esa_custom_hostname.shop.customer.com", "customer.com") # _esa_custom_hostname.shop
}
