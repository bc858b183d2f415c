import {
  to = esa_custom_hostname.free
  identity = {
    site_id  = "4042843419650112"
    hostname = "shop.customer-a.com"
  }
}
